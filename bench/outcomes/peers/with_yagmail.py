"""yagmail, told to skip its own login, with XOAUTH2 after it.

Its own XOAUTH2 login takes tokens from Google only, and says AUTH after STARTTLS without a new EHLO, which Exchange refuses.
"""

import ssl
from importlib.metadata import version

import yagmail

from bench.outcomes.peers.serving import SECONDS, Task, serve


def send(task: Task) -> object:
    """Send one mail over a connection of its own."""

    class Client(yagmail.Client):  # type: ignore[misc] # a library of the benchmark only, unknown to the checks
        def login(self) -> None:
            super().login()
            self.smtp.auth("XOAUTH2", task.xoauth2)

    options = {"context": ssl.create_default_context(cafile=task.ca_file)}
    with Client(
        task.mailbox,
        host=task.host,
        port=task.port,
        smtp_ssl=False,
        smtp_starttls=options,
        smtp_skip_login=True,
        timeout=SECONDS,
    ) as client:
        return client.send(to=task.to, subject=task.subject, contents=task.text)


if __name__ == "__main__":
    serve(version("yagmail"), send)
