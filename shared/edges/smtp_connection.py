"""One connection to the server: a command and its whole reply at a time, and the content with its final dot.

Drives aiosmtplib command by command. After any failure, timeout or cancellation the connection is closed and never used
again: the library pairs replies with commands by their order alone.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from shared.edges.smtp_faults import OutOfStep
from shared.edges.smtp_offer import Timeouts
from shared.rules.outcome import Reply
from shared.rules.replies import parse_accepted, parse_enhanced
from shared.rules.smtp_text import END_OF_DATA, dot_stuffed, pieces

if TYPE_CHECKING:
    from aiosmtplib import SMTP
    from aiosmtplib.protocol import SMTPProtocol

_Result = TypeVar("_Result")

PIECE = 262_144
"""Octets of content that are written before the connection is looked at again. A smaller mail leaves in one write."""


class Answer(NamedTuple):
    """A reply with its text, which may hold addresses and stays inside this edge."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """2yz, RFC 5321 4.2.1."""
        return 200 <= self.code <= 299

    @property
    def negative(self) -> bool:
        """4yz or 5yz: a refusal that can be classified."""
        return 400 <= self.code <= 599

    @property
    def reply(self) -> Reply:
        """The codes without the text, and what Exchange tells about an accepted mail."""
        exchange_id, host = parse_accepted(self.text) if self.positive else (None, None)
        return Reply(self.code, parse_enhanced(self.text), exchange_id, host)


class Connection:
    """An open connection. The login sets `mailbox`, `opened_at` (monotonic) and `over_at`: the epoch second from which on it
    serves no further mail, because its token ends soon."""

    def __init__(self, client: "SMTP", timeouts: Timeouts) -> None:
        self._client = client
        self._transport = client.transport
        self._timeouts = timeouts
        self.mailbox = ""
        self.opened_at = 0.0
        self.over_at = 0.0
        self.mails = 0
        self.dot_written = False
        self.dot_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether the connection was still open when the event loop last looked."""
        return self._client.is_connected

    @property
    def size_limit(self) -> int | None:
        """Octets that the server takes at most, 0 where it does not say; None without SIZE (RFC 1870)."""
        declared = self._client.esmtp_extensions.get("size")
        if declared is None:
            return None
        return int(declared) if declared.isascii() and declared.isdigit() else 0

    async def command(self, line: bytes, *, seconds: float | None = None) -> Answer:
        """Send one line and read its reply. Raises the library's exceptions and `OutOfStep`, and is closed then."""
        try:
            protocol = self._protocol()
            code, text = await self._client.execute_command(line, timeout=seconds or self._timeouts.command)
            check_in_step(protocol)
        except BaseException:
            self.close()
            raise
        return Answer(code, text)

    async def content(self, content: bytes) -> Answer:
        """Send canonical content and the final dot after a 354, and read the reply.

        `dot_written` tells afterwards, also after a failure, whether the server may have the whole mail, and `dot_at` since
        when (the event loop's time). A refusal may come before that; then the rest is not sent and the connection is closed.
        """
        self.dot_written = False
        try:
            protocol = self._protocol()
            body = dot_stuffed(content)
            answer = await (self._in_one(protocol, body) if len(body) <= PIECE else self._in_pieces(protocol, body))
        except BaseException:
            self.close()
            raise
        if _leftover(protocol) or not self.dot_written:
            self.close()
        return answer

    def farewell(self) -> None:
        """Say QUIT without waiting for the answer, and close."""
        protocol = self._client.protocol
        if protocol is not None and protocol.transport is not None and not protocol.transport.is_closing():
            protocol.write(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        """Close at once; nothing that was not written yet will be."""
        self._client.close()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()  # or a server that does not answer TLS's goodbye keeps the socket for half a minute

    async def _in_one(self, protocol: "SMTPProtocol", body: bytes) -> Answer:
        self._write_dot(protocol, body + END_OF_DATA)
        return Answer(*await protocol.read_response(timeout=self._timeouts.final_dot))

    async def _in_pieces(self, protocol: "SMTPProtocol", body: bytes) -> Answer:
        reading = _started(protocol.read_response())
        try:
            async with asyncio.timeout(self._timeouts.content):
                for piece in pieces(body, PIECE):
                    protocol.write(piece)
                    if await _answered(protocol, reading):
                        return _early(Answer(*reading.result()))
            self._write_dot(protocol, END_OF_DATA)
            async with asyncio.timeout(self._timeouts.final_dot):
                return Answer(*await reading)
        finally:
            reading.cancel()

    def _write_dot(self, protocol: "SMTPProtocol", octets: bytes) -> None:
        """From here on the server may have everything, unless the library says that it wrote nothing."""
        from aiosmtplib.errors import SMTPServerDisconnected

        self.dot_at = asyncio.get_running_loop().time()
        try:
            protocol.write(octets)
        except SMTPServerDisconnected:
            raise
        except BaseException:
            self.dot_written = True
            raise
        self.dot_written = True

    def _protocol(self) -> "SMTPProtocol":
        from aiosmtplib.errors import SMTPServerDisconnected

        if self._client.protocol is None:
            raise SMTPServerDisconnected("closed")
        return self._client.protocol


def check_in_step(protocol: "SMTPProtocol | None") -> None:
    """Raise `OutOfStep` where the server said more than one reply."""
    if protocol is not None and _leftover(protocol):
        raise OutOfStep


def _leftover(protocol: "SMTPProtocol") -> bool:
    return bool(protocol._buffer)  # noqa: SLF001 - the library keeps what follows a reply and would take it for the next one


def _started(coroutine: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
    """A task whose failure is nobody's surprise: where both sides fail at once, only one exception is looked at."""
    task = asyncio.get_running_loop().create_task(coroutine)
    task.add_done_callback(lambda done: None if done.cancelled() else _forget(done.exception()))
    return task


def _forget(_error: BaseException | None) -> None:
    """An exception that was retrieved is not reported by the event loop."""


async def _answered(protocol: "SMTPProtocol", reading: "asyncio.Task[Any]") -> bool:
    """Wait until more can be written; True where the server answered before the content's end."""
    draining = _started(
        protocol._drain_helper()  # noqa: SLF001 - the library writes content without flow control
    )
    try:
        await asyncio.wait({draining, reading}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            draining.result()
        return reading.done()
    finally:
        draining.cancel()


def _early(answer: Answer) -> Answer:
    if not answer.negative:
        raise OutOfStep
    return answer
