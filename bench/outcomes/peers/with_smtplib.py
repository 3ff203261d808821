"""smtplib as the standard library's documentation shows it; XOAUTH2 by `SMTP.auth`, which takes any mechanism."""

import platform
import smtplib
import ssl

from bench.outcomes.peers.serving import SECONDS, Task, serve


def send(task: Task) -> object:
    """Connect, log in, send, leave."""
    with smtplib.SMTP(task.host, task.port, timeout=SECONDS) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=task.ca_file))
        smtp.ehlo()
        smtp.auth("XOAUTH2", task.xoauth2)
        return smtp.send_message(task.message())


if __name__ == "__main__":
    serve(f"of Python {platform.python_version()}", send)
