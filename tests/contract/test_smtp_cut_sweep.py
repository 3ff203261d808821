"""The connection breaks at every octet, on either side, and the outcome is what the protocol lets anybody know there.

Against a scripted server over real TLS. What to expect is read from the dialogue of an uncut mail, never from the code
(design rule 2): no whole 354 → not sent; the dot written without a whole reply → unknown; between → either; a whole reply →
what it says. And never "not sent" where the server has the dot.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import pytest

from shared.edges.smtp_connection import PIECE
from shared.rules.outcome import AuthRefused, Fate, Outcome, Retry, Sent, Unknown
from tests.fakes.scripted_smtp import GOOD, Dialogue, ScriptedServer
from tests.fakes.smtp_client import SMALL, Client
from tests.fakes.tls import Authority, authority

LARGE = b"Subject: x\r\n\r\n" + (b"0123456789abcdef" * 62 + b"\r\n") * (3 * PIECE // 994)
"""Four pieces, the last of them short."""

AT_ONCE = 8
"""Cuts that run at the same time."""

REFUSED = b"550 5.1.10 RESOLVER.ADR.RecipientNotFound; recipient not found\r\n"


class Known(Enum):
    """What can be known at a place of the dialogue."""

    NOT_SENT = auto()
    EITHER = auto()
    UNKNOWN = auto()
    SENT = auto()
    SENT_ANEW = auto()
    """The server said nothing about this mail before it left: it goes out over another connection."""


@dataclass(frozen=True)
class Flow:
    """One way of a mail. `refused` are recipients that the server does not take, `before` mails went first."""

    name: str
    recipients: tuple[str, ...]
    content: bytes = SMALL
    refused: tuple[int, ...] = ()
    before: int = 0
    from_the_greeting: bool = False

    def replies(self) -> Mapping[str, bytes | list[bytes]]:
        """Used up by one server."""
        each = [REFUSED if number in self.refused else GOOD["RCPT"] for number in range(len(self.recipients))]
        return {"RCPT": each * (self.before + 1)}


FLOWS = (
    Flow("one recipient", ("a@contoso.test",)),
    Flow(
        "several recipients", ("a@contoso.test", "gone@contoso.test", "c@contoso.test"), refused=(1,), from_the_greeting=True
    ),
    Flow("more than one piece", ("a@contoso.test",), LARGE),
    Flow("second mail", ("a@contoso.test", "b@contoso.test"), before=1),
)


@dataclass(frozen=True)
class Place:
    """Where the server leaves: after so many octets of its own, or of the client's."""

    said: int | None = None
    heard: int | None = None


@dataclass(frozen=True)
class Attempt:
    """How the flow's mail ended, what the server saw of its connections, and how often it has the mail."""

    outcome: Outcome | AuthRefused
    dialogues: list[Dialogue]
    mails: int


@dataclass(frozen=True)
class Bench:
    """Servers and clients that trust each other."""

    trusted: Authority
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def attempt(self, flow: Flow, place: Place) -> Attempt:
        """The flow's mail, to a server that leaves there."""
        async with (
            self.places,
            ScriptedServer(
                self.trusted.server, flow.replies(), cut_after_said=place.said, cut_after_heard=place.heard
            ) as server,
        ):
            client = Client(self.trusted, server.port, recipients=flow.recipients)
            async with client.gateway() as gateway:
                for _ in range(flow.before):
                    assert isinstance(await client.send(gateway, flow.content), Sent)
                outcome = await client.send(gateway, flow.content)
            return Attempt(outcome, server.dialogues, len(server.mails) - flow.before)


@dataclass(frozen=True)
class Chart:
    """The places of the uncut dialogue that matter: octets said or heard up to there."""

    flow: Flow
    whole: Dialogue

    def on_the_servers_side(self) -> Iterator[tuple[Place, Known]]:
        """Every octet that the server says of this mail, and what is known after it."""
        ends, begins = self.whole.ends, self.whole.starts["MAIL"]
        for said in range(0 if self.flow.from_the_greeting else begins, ends["DOT"] + 1):
            if self.flow.before and said < ends["MAIL"]:
                known = Known.SENT_ANEW
            elif said < ends["DATA"]:
                known = Known.NOT_SENT
            elif said == ends["DATA"]:  # the end follows the 354 at once: seen in time, nothing is written
                known = Known.EITHER
            else:
                known = Known.UNKNOWN if said < ends["DOT"] else Known.SENT
            yield Place(said=said), known

    def on_the_clients_side(self) -> Iterator[tuple[Place, Known]]:
        """Every octet that the client says of this mail, in a large content some of them, and what is known after it."""
        heard = self.whole.heard_before
        line = next(line for line in self.whole.lines if line.startswith(b"MAIL"))
        begin = heard["MAIL"] - len(line) + 1  # before that octet it would leave the mail before without its reply
        for octets in self._octets(0 if self.flow.from_the_greeting else begin):
            if self.flow.before and octets < heard["MAIL"]:
                known = Known.SENT_ANEW
            elif octets < heard["DATA"]:
                known = Known.NOT_SENT
            elif octets == heard["DOT"]:
                known = Known.UNKNOWN
            elif octets == heard["DATA"] or len(self.flow.content) > PIECE:
                known = Known.EITHER
            else:  # it left in one write, with the dot
                known = Known.UNKNOWN
            yield Place(heard=octets), known

    def _octets(self, begin: int) -> Iterator[int]:
        content, end = self.whole.heard_before["DATA"], self.whole.heard_before["DOT"]
        edges = {content + PIECE * n + d for n in range(5) for d in range(-2, 3)} | set(range(end - 6, end + 1))
        for octets in range(begin, end + 1):
            inside = octets - content
            if len(self.flow.content) <= PIECE or inside <= 0 or octets in edges or inside % 20_011 == 0:
                yield octets


def wrong(flow: Flow, attempt: Attempt, known: Known) -> str:
    """What contradicts that; '' where nothing does."""
    allowed: dict[Known, type | tuple[type, ...]] = {
        Known.NOT_SENT: Retry,
        Known.EITHER: (Retry, Unknown),
        Known.UNKNOWN: Unknown,
        Known.SENT: Sent,
        Known.SENT_ANEW: Sent,
    }
    if not isinstance(attempt.outcome, allowed[known]):
        return f"not {known.name} but {attempt.outcome}"
    if isinstance(attempt.outcome, AuthRefused):
        return "no login"
    if attempt.mails > 1 or (attempt.mails == 1 and isinstance(attempt.outcome, Retry)):
        return f"the server has {attempt.mails} of a mail that is {type(attempt.outcome).__name__}"
    if len(attempt.dialogues) != (2 if known is Known.SENT_ANEW else 1):
        return f"{len(attempt.dialogues)} connections"
    return _wrong_recipients(flow, attempt.outcome)


def _wrong_recipients(flow: Flow, outcome: Outcome) -> str:
    fates = {number: result.fate for number, result in outcome.recipients.items()}
    if isinstance(outcome, Retry):
        return "" if set(fates.values()) <= {Fate.PENDING, Fate.REFUSED} else f"not sent, and {fates}"
    taken = Fate.ACCEPTED if isinstance(outcome, Sent) else Fate.UNKNOWN
    expected = {number: Fate.REFUSED if number in flow.refused else taken for number in range(len(flow.recipients))}
    return "" if fates == expected else f"{fates} instead of {expected}"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_cut_anywhere_the_outcome_is_what_can_be_known(trusted: Authority, flow: Flow) -> None:
    """At every octet of either side: not sent, unknown or sent, as the place in the protocol says, for every recipient."""
    bench = Bench(trusted)
    uncut = await bench.attempt(flow, Place())
    assert wrong(flow, uncut, Known.SENT) == ""
    chart = Chart(flow, uncut.dialogues[0])
    places = [*chart.on_the_servers_side(), *chart.on_the_clients_side()]

    async def one(place: Place, known: Known) -> str:
        return wrong(flow, await bench.attempt(flow, place), known)

    found = await asyncio.gather(*(one(place, known) for place, known in places))
    assert {place: fault for (place, _), fault in zip(places, found, strict=True) if fault} == {}
