"""The peer: aiosmtplib alone, on connections that are opened once, with the same MIME from the same mail."""

import asyncio
import ssl
import time
from dataclasses import dataclass, field

import aiosmtplib

from bench.mails import CONNECTIONS, MAILBOX, Sample
from shared.rules.mime import build


@dataclass(slots=True)
class BareSender:
    """Sends as fast as three connections go; keeps no record, has no pace, traces nothing."""

    sample: Sample
    token: str
    ca_file: str
    _clients: list[aiosmtplib.SMTP] = field(default_factory=list)
    _sent: int = 0

    async def start(self) -> None:
        """Open the connections and log in."""
        context = ssl.create_default_context(cafile=self.ca_file)
        for _ in range(CONNECTIONS):
            client = aiosmtplib.SMTP(
                hostname="localhost", port=self.sample.config.cloud.smtp_port, start_tls=True, tls_context=context
            )
            await client.connect()
            await client.auth_xoauth2(MAILBOX, self.token)
            self._clients.append(client)

    async def prepare(self, count: int) -> None:
        """Nothing to prepare: the mail is there."""

    async def send(self, count: int) -> None:
        """Send `count` mails, shared out over the connections."""
        numbers = iter(range(self._sent, self._sent + count))
        self._sent += count

        async def work(client: aiosmtplib.SMTP) -> None:
            for number in numbers:
                await client.sendmail(MAILBOX, list(self.sample.mail.recipients), self._content(number))

        await asyncio.gather(*(work(client) for client in self._clients))

    async def stop(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.quit()

    def _content(self, number: int) -> bytes:
        sender = self.sample.config.senders["alerts"]
        return build(
            self.sample.mail,
            from_name=sender.from_name,
            from_address=sender.from_address,
            message_id=f"<bare-{number}@contoso.test>",
            date=time.time(),
        )
