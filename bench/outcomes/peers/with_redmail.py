"""redmail, which knows passwords only: its `cls_smtp`, the connection's class, is one that logs in by XOAUTH2."""

import smtplib
import ssl
from importlib.metadata import version

from redmail import EmailSender

from bench.outcomes.peers.serving import SECONDS, Task, serve


def send(task: Task) -> object:
    """Send one mail over a connection of its own."""

    class Connection(smtplib.SMTP):
        def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> tuple[int, bytes]:  # noqa: ARG002 - smtplib's shape
            self.starttls(context=ssl.create_default_context(cafile=task.ca_file))
            self.ehlo()
            return self.auth("XOAUTH2", task.xoauth2)

    sender = EmailSender(
        host=task.host,
        port=task.port,
        username=task.mailbox,
        password=task.token,
        cls_smtp=Connection,
        use_starttls=False,
        timeout=SECONDS,
    )
    return sender.send(sender=task.mailbox, receivers=[task.to], subject=task.subject, text=task.text)


if __name__ == "__main__":
    serve(version("redmail"), send)
