"""An SMTP server that plays a script over real TLS, byte by byte known: for cuts at every place and replies nobody sends.

It knows nothing of tokens or mailboxes; `devcloud/` has the server that behaves like Exchange Online.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

EHLO_BEFORE_TLS = b"250-server.contoso.test\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n"
EHLO = b"250-server.contoso.test\r\n250-SIZE 1000000\r\n250 AUTH LOGIN XOAUTH2\r\n"
ACCEPTED = b"250 2.0.0 OK <kept@contoso.test> [Hostname=server.contoso.test]\r\n"

SILENCE = b""
"""A reply that never comes; the connection stays open."""

GOOD: Mapping[str, bytes] = {
    "GREETING": b"220 server.contoso.test ready\r\n",
    "EHLO": EHLO_BEFORE_TLS,
    "STARTTLS": b"220 2.0.0 ready\r\n",
    "EHLO-TLS": EHLO,
    "AUTH": b"334 \r\n",
    "TOKEN": b"235 2.7.0 Authentication successful\r\n",
    "": b"535 5.7.3 Authentication unsuccessful\r\n",
    "MAIL": b"250 2.1.0 Sender OK\r\n",
    "RCPT": b"250 2.1.5 Recipient OK\r\n",
    "DATA": b"354 go\r\n",
    "DOT": ACCEPTED,
    "RSET": b"250 2.0.0 Resetting\r\n",
    "REFUSAL": b"552 5.3.4 Message size exceeds fixed maximum message size\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}


LONGEST_CONTENT = 4_000_000  # octets, more than any test sends


class Cut(Exception):
    """The script says that the connection ends here."""


@dataclass(slots=True)
class Dialogue:
    """One connection as the server saw it: the lines that came, the content with its dot, and where each reply stood.

    `said` counts octets of replies and `heard` octets of commands and content, without TLS; `starts` and `ends` hold
    `said` before and after the last reply of each name.
    """

    lines: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    said: int = 0
    heard: int = 0
    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    heard_before: dict[str, int] = field(default_factory=dict)

    @property
    def verbs(self) -> list[str]:
        """First words of the lines that came."""
        return [line.split(b" ")[0].strip().decode("ascii", "replace") for line in self.lines]


@dataclass
class ScriptedServer:
    """`replies` replaces single replies of GOOD; a list is used up one by one. Cuts count octets from the start.

    With `refuse_content_after` the reply REFUSAL comes after so many octets of content, and the rest is left unread. After
    the reply `mute_after` the server says nothing more and reads nothing more.
    """

    tls: ssl.SSLContext
    replies: Mapping[str, bytes | list[bytes]] = field(default_factory=dict)
    cut_after_said: int | None = None
    cut_after_heard: int | None = None
    refuse_content_after: int | None = None
    mute_after: str = ""
    dialogues: list[Dialogue] = field(default_factory=list)
    port: int = 0
    content_came: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LONGEST_CONTENT)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and end all connections."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """End all connections that are open now."""
        for task in self._tasks:
            task.cancel()

    @property
    def mails(self) -> list[bytes]:
        """Contents that came with their final dot, over all connections, dots still doubled."""
        return [body for dialogue in self.dialogues for body in dialogue.bodies]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialogue = Dialogue()
        self.dialogues.append(dialogue)
        try:
            await _Player(self, dialogue, reader, writer).play()
        except (Cut, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self.left.set()


@dataclass
class _Player:
    server: ScriptedServer
    dialogue: Dialogue
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    last: bytes = b""

    async def play(self) -> None:
        """The whole dialogue, until somebody leaves."""
        await self.say("GREETING")
        while True:
            line = await self.hear()
            self.dialogue.lines.append(line)
            name = self.name(line)
            await self.say(name)
            if name == "QUIT":
                raise Cut
            if name == "STARTTLS":
                await self.writer.start_tls(self.server.tls)
                self.secure = True
            if name == "DATA" and self.last.startswith(b"354"):
                await self.take_content()
                await self.say("DOT")

    async def take_content(self) -> None:
        """Everything up to the final dot, or as far as the script goes."""
        refuse_after = self.server.refuse_content_after
        if refuse_after is not None:
            await self.reader.readexactly(refuse_after)
            await self.say("REFUSAL")
            await asyncio.Event().wait()
        body = await self.content_up_to(self.server.cut_after_heard)
        self.dialogue.heard += len(body)
        self.dialogue.bodies.append(body)
        self.server.content_came.set()
        if self.dialogue.heard == self.server.cut_after_heard:
            await self.leave()

    async def content_up_to(self, cut: int | None) -> bytes:
        """The content with its dot; it leaves where the cut lies within, as soon as that line is read."""
        if cut is None:
            return await self.reader.readuntil(b"\r\n.\r\n")
        room, body = cut - self.dialogue.heard, bytearray()
        while not body.endswith(b"\r\n.\r\n"):
            if room == len(body):
                await self.leave()
            body += await self.reader.readuntil(b"\n")
            if room < len(body):
                await self.leave()
        return bytes(body)

    def name(self, line: bytes) -> str:
        """Which reply a line gets."""
        verb = line.split(b" ")[0].strip().decode("ascii", "replace")
        if verb == "EHLO" and self.secure:
            return "EHLO-TLS"
        return verb if verb in GOOD else "TOKEN"

    async def say(self, name: str) -> None:
        """One reply, up to the place where the connection is cut."""
        given = self.server.replies.get(name, GOOD[name])
        reply = (given.pop(0) if given else GOOD[name]) if isinstance(given, list) else given
        self.last = reply
        self.dialogue.starts[name] = self.dialogue.said
        self.dialogue.heard_before[name] = self.dialogue.heard
        cut = self.server.cut_after_said
        room = len(reply) if cut is None else max(0, cut - self.dialogue.said)
        self.writer.write(reply[:room])
        await self.writer.drain()
        self.dialogue.said += min(room, len(reply))
        self.dialogue.ends[name] = self.dialogue.said
        if cut is not None and room <= len(reply):
            await self.leave()
        if name == self.server.mute_after:
            assert isinstance(self.writer.transport, asyncio.ReadTransport)
            self.writer.transport.pause_reading()
            await asyncio.Event().wait()

    async def hear(self) -> bytes:
        """One line, or as much of it as comes before the cut."""
        line = bytearray()
        while not line.endswith(b"\r\n"):
            if self.dialogue.heard == self.server.cut_after_heard:
                await self.leave()
            line += await self.reader.readexactly(1)
            self.dialogue.heard += 1
        return bytes(line)

    async def leave(self) -> None:
        """End the connection after what was said has left."""
        self.writer.close()
        raise Cut
