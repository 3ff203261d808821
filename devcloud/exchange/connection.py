"""One connection: says replies, writes the transcript, asks the scenarios. What the commands mean stands in the handlers."""

from collections.abc import Mapping
from typing import Any

from devcloud.exchange import actions, names
from devcloud.exchange.actions import Fact, Stage
from devcloud.exchange.replies import Raw, Reply, Response
from devcloud.exchange.service import Service
from devcloud.exchange.session import Quirks, Session, Transcript
from devcloud.exchange.wire import Wire

MAX_NOTED = 2_048
"""Characters of a line in the transcript: a reply of 100 kB tells nobody more."""


class Connection:
    """Wire, session and transcript of one client, and the service behind them."""

    def __init__(self, wire: Wire, session: Session, service: Service) -> None:
        self.wire = wire
        self.session = session
        self.service = service
        self.transcript = Transcript()
        self.bounces: list[str] = []
        """Codes of the non-delivery reports that scenarios ask for the mail at hand."""

    async def say(self, response: Response) -> None:
        """Put a reply into the next flight."""
        if self.session.quirks.tarpit:
            await self.pause(self.session.quirks.tarpit)
        if isinstance(response, Raw):
            self.note("server", response.data.decode("latin-1"))
            self.wire.say(response.data)
            return
        self.service.stats.note(response)
        suffix = names.suffix(response.layer, self.service.clock(), self.session.ident)
        lines = response.lines(suffix)
        for line in lines:
            self.note("server", line)
        self.wire.say("".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace"))

    def note(self, speaker: str, text: str) -> None:
        """Write a line of the dialogue down; the caller keeps secrets out."""
        self.transcript.note(speaker, text[:MAX_NOTED], self.service.clock())

    def end_transaction(self) -> None:
        """Forget the envelope; the connection no longer counts as submitting."""
        self.session.envelope = None
        self.bounces.clear()
        if self.session.mailbox is not None:
            self.service.submitting.leave(self.session.mailbox, self.session.number)

    def leave(self) -> None:
        """The connection is over."""
        self.end_transaction()
        if self.session.mailbox is not None:
            self.service.logged_in.leave(self.session.mailbox, self.session.number)

    async def pause(self, seconds: float) -> None:
        """Wait, after what was said so far has left."""
        if seconds <= 0:
            return
        await self.wire.flush()
        await self.service.sleep(seconds)

    async def fault(self, stage: Stage, **facts: Fact) -> Response | None:
        """Ask the scenarios; a response stands in for the server's own, None lets it go on. Raises Severed after a cut."""
        known = self.session.facts(**facts)
        for action in self.service.faults.actions(stage, known, self.session.drawn):
            response = await self._perform(action)
            if response is not None:
                return response
        return None

    async def _perform(self, action: actions.Action) -> Response | None:
        match action:
            case actions.Answer(response):
                return response
            case actions.Challenge():
                return await self._challenge(action)
            case actions.Pause(seconds):
                await self.pause(seconds)
            case actions.Bend(changes):
                self._bend(changes)
            case actions.Dribble():
                self.wire.one_at_a_time = True
            case actions.Bounce(code):
                self.bounces.append(code)
            case _:
                await self._sever(action)
        return None

    async def _sever(self, action: actions.Cut | actions.CutAfter | actions.Hang) -> None:
        match action:
            case actions.Cut(reset):
                await self.wire.flush()
                await (self.wire.reset() if reset else self.wire.cut())
            case actions.CutAfter("client", count, relative):
                self.wire.cut_after_client(count + (self.wire.consumed if relative else 0))
            case actions.CutAfter(_, count, relative):
                self.wire.cut_after_server(count + (self.wire.said if relative else 0))
            case actions.Hang():
                await self.wire.hang()

    async def _challenge(self, action: actions.Challenge) -> Reply:
        await self.say(Reply(334, action.text))
        await self.wire.line(MAX_NOTED)
        self.note("client", "[redacted]")
        return action.refusal

    def _bend(self, changes: Mapping[str, Any]) -> None:
        hidden = self.session.quirks.hidden | changes.get("hidden", frozenset())
        self.session.quirks = Quirks(**{**vars(self.session.quirks), **changes, "hidden": hidden})
