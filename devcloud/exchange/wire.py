"""The connection's bytes: lines in, replies out in one flight, TLS in the middle, cuts at any byte of either direction."""

import asyncio
import contextlib
import socket
import ssl
import struct

CHUNK = 65_536
"""Octets asked of the kernel at once."""

HANDSHAKE_SECONDS = 30.0
"""For a TLS handshake; a client that says nothing must not hold a task."""

SHUTDOWN_SECONDS = 5.0
"""For the goodbye of TLS; many clients just close."""

DRIBBLE_SECONDS = 0.001
"""Between two bytes that are sent singly: enough for each to arrive by itself."""

HANG_SECONDS = 3_600.0
"""The longest silence of a hang: longer than any client waits (RFC 5321 4.5.3.2 ends at ten minutes)."""


class Severed(Exception):
    """The connection is over, whoever ended it."""


class LineTooLong(Exception):
    """A line went over its limit and was skipped up to its end."""


class Idle(Exception):
    """The client said nothing for longer than it may."""


class Wire:
    """Both directions of one connection, counted in plain bytes: what went before TLS, and what goes inside it.

    A cut after client byte N: the server acts as if the client's bytes ended there, and leaves the command that ended with
    byte N without an answer. A cut after server byte N: exactly the first N bytes of what it says arrive.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_timeout: float) -> None:
        self._reader = reader
        self._writer = writer
        self._plain = writer  # kept: a stream writer that is collected closes the transport that TLS still rests on
        self._idle_timeout = idle_timeout
        self._in = bytearray()
        self._out = bytearray()
        self._received = 0
        self._sent = 0
        self._client_limit: int | None = None
        self._server_limit: int | None = None
        self.one_at_a_time = False

    @property
    def consumed(self) -> int:
        """Bytes of the client that have been acted upon."""
        return self._received - len(self._in)

    @property
    def said(self) -> int:
        """Bytes of the server so far, the ones that have not left included."""
        return self._sent + len(self._out)

    def cut_after_client(self, count: int) -> None:
        """Arrange for the end after this many of the client's bytes, counted from the start of the connection."""
        self._client_limit = count if self._client_limit is None else min(count, self._client_limit)
        excess = min(len(self._in), max(0, self._received - count))
        if excess:
            del self._in[-excess:]
            self._received -= excess

    def cut_after_server(self, count: int) -> None:
        """Arrange for the end after this many bytes of the server, counted from the start of the connection."""
        self._server_limit = count if self._server_limit is None else min(count, self._server_limit)

    async def line(self, limit: int) -> bytes:
        """The next line without its CRLF; a bare CR or LF is part of it, because only CRLF ends a line (RFC 5321 2.3.8)."""
        start = 0
        while (end := self._in.find(b"\r\n", start)) < 0:
            if len(self._in) > limit:
                await self._skip_line()
                raise LineTooLong
            start = max(0, len(self._in) - 1)
            await self._fill()
        taken = bytes(self._in[:end])
        del self._in[: end + 2]
        if end > limit:
            raise LineTooLong
        return taken

    async def some(self, most: int) -> bytes:
        """Between one and `most` bytes, as they come."""
        if not self._in:
            await self._fill()
        taken = bytes(self._in[:most])
        del self._in[:most]
        return taken

    def push_back(self, data: bytes) -> None:
        """Return bytes that were read too far."""
        self._in[:0] = data

    def say(self, data: bytes) -> None:
        """Add to what goes out with the next flight: answers to pipelined commands leave together (RFC 2920 3.2)."""
        if self._client_limit is not None and self.consumed >= self._client_limit:
            return
        self._out += data

    async def flush(self) -> None:
        """Send what was said, as far as a cut allows."""
        data = bytes(self._out)
        self._out.clear()
        limit = self._server_limit
        cut = limit is not None and self._sent + len(data) >= limit
        if cut and limit is not None:
            data = data[: max(0, limit - self._sent)]
        self._sent += len(data)
        await self._write(data)
        if cut:
            await self.cut()

    async def cut(self) -> None:
        """End without a word, after what was already sent: no QUIT, no TLS close."""
        await self._drain()
        self._writer.transport.abort()
        raise Severed

    async def reset(self) -> None:
        """End so that the client sees a reset connection instead of an end of file."""
        await self._drain()
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        raise Severed

    async def hang(self) -> None:
        """Say nothing more until the client gives up."""
        await self.flush()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(HANG_SECONDS):
                while await self._reader.read(CHUNK):
                    pass
        raise Severed

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Upgrade as the server; whatever the client sent in plain text behind STARTTLS is thrown away (RFC 3207 6)."""
        await self.flush()
        await self._cut_if_due()
        self._in.clear()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport = await loop.start_tls(
                self._writer.transport,
                protocol,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except OSError:  # ssl.SSLError is one: the client did not like the certificate
            self._writer.transport.abort()
            raise Severed from None
        if transport is None:
            raise Severed
        protocol.connection_made(transport)
        self._reader = reader
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)

    async def close(self) -> None:
        """Send what is left and close in good order."""
        with contextlib.suppress(OSError, Severed):
            await self.flush()
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def abort(self) -> None:
        """End at once."""
        self._writer.transport.abort()

    async def _fill(self) -> None:
        await self.flush()
        await self._cut_if_due()
        try:
            async with asyncio.timeout(self._idle_timeout):
                data = await self._reader.read(CHUNK)
        except TimeoutError:
            raise Idle from None
        except OSError:
            raise Severed from None
        if not data:
            raise Severed
        if self._client_limit is not None:
            data = data[: self._client_limit - self._received]
        self._received += len(data)
        self._in += data

    async def _cut_if_due(self) -> None:
        if self._client_limit is not None and self._received >= self._client_limit:
            await self.cut()

    async def _skip_line(self) -> None:
        while (end := self._in.find(b"\r\n")) < 0:
            del self._in[:-1]
            await self._fill()
        del self._in[: end + 2]

    async def _write(self, data: bytes) -> None:
        if not data:
            return
        pieces = [data[at : at + 1] for at in range(len(data))] if self.one_at_a_time else [data]
        for piece in pieces:
            self._writer.write(piece)
            await self._drain()
            if self.one_at_a_time:
                await asyncio.sleep(DRIBBLE_SECONDS)

    async def _drain(self) -> None:
        try:
            if not self._writer.transport.get_write_buffer_size():
                return await self._writer.drain()
            async with asyncio.timeout(self._idle_timeout):
                await self._writer.drain()
        except OSError:  # TimeoutError is one: the client does not read
            raise Severed from None
