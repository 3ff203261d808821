"""aiosmtplib by its one-call `send`, with the generator of tokens that it takes for XOAUTH2."""

import asyncio
import ssl
from importlib.metadata import version

import aiosmtplib

from bench.outcomes.peers.serving import SECONDS, Task, serve


def send(task: Task) -> object:
    """Send one mail over a connection of its own."""

    async def token() -> str:
        return task.token

    return asyncio.run(
        aiosmtplib.send(
            task.message(),
            hostname=task.host,
            port=task.port,
            username=task.mailbox,
            oauth_token_generator=token,
            start_tls=True,
            tls_context=ssl.create_default_context(cafile=task.ca_file),
            timeout=SECONDS,
        )
    )


if __name__ == "__main__":
    serve(version("aiosmtplib"), send)
