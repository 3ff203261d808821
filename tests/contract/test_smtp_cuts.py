"""The connection breaks at every octet of a dialogue, and the outcome is what can be known at that place.

Against a scripted server over real TLS. Design rule 2: no octet of the content written → not sent; the dot written without a
whole reply → unknown; a whole reply → what it says.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import pytest

from shared.edges.smtp_connection import PIECE, Connection
from shared.edges.smtp_offer import Timeouts
from shared.rules.outcome import AuthRefused, Fate, Outcome, Rejected, Retry, Sent, Unknown
from shared.telemetry import Attr
from tests.fakes.recorder import Recorder
from tests.fakes.scripted_smtp import Dialogue, ScriptedServer
from tests.fakes.smtp_client import SMALL, Client
from tests.fakes.tls import Authority, authority

LARGE = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * (3 * PIECE // 18)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one mail ended, and what the server saw of it."""

    outcome: Outcome | AuthRefused
    dialogue: Dialogue
    mails: int


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


async def attempt(trusted: Authority, content: bytes, *, said: int | None = None, heard: int | None = None) -> Attempt:
    """One mail to a server that leaves after `said` octets of its own or `heard` octets of the client's."""
    async with ScriptedServer(trusted.server, cut_after_said=said, cut_after_heard=heard) as server:
        outcome = await Client(trusted, server.port).once(content)
        return Attempt(outcome, server.dialogues[0], len(server.mails))


async def test_nothing_cut_is_sent(trusted: Authority) -> None:
    """The script itself is sound: the mail arrives, with its dot doubled, and the reply's facts are kept."""
    whole = await attempt(trusted, SMALL)
    assert isinstance(whole.outcome, Sent)
    assert whole.outcome.reply.exchange_id == "<kept@contoso.test>"
    assert whole.outcome.reply.host == "server.contoso.test"
    assert {n: r.fate for n, r in whole.outcome.recipients.items()} == {0: Fate.ACCEPTED, 1: Fate.ACCEPTED}
    assert whole.dialogue.bodies == [b"Subject: x\r\n\r\n..dot\r\n.\r\n"]


async def test_the_server_leaves_after_any_octet_of_its_own(trusted: Authority) -> None:
    """Up to the last octet of the 354: not sent. From there to the last octet of the 250: unknown. Then: sent."""
    whole = (await attempt(trusted, SMALL)).dialogue
    before_content, after_reply = whole.ends["DATA"], whole.ends["DOT"]
    early = range(0, whole.ends["TOKEN"], 5)  # no mail has begun: every fifth octet will do
    for said in (*early, *range(whole.ends["TOKEN"], after_reply + 1)):
        cut = await attempt(trusted, SMALL, said=said)
        if said < before_content:
            assert isinstance(cut.outcome, Retry), said
            assert cut.mails == 0, said
        elif said == before_content:  # nothing of the content was written where its end was seen in time
            assert isinstance(cut.outcome, Retry | Unknown), said
        elif said < after_reply:
            assert isinstance(cut.outcome, Unknown), said
            assert {r.fate for r in cut.outcome.recipients.values()} == {Fate.UNKNOWN}, said
        else:
            assert isinstance(cut.outcome, Sent), said


async def test_the_server_leaves_after_any_octet_of_ours(trusted: Authority) -> None:
    """Before the content begins: not sent. Within a mail that left in one write: unknown, whatever the server has of it."""
    whole = (await attempt(trusted, SMALL)).dialogue
    content_begins, dot_ends = whole.heard_before["DATA"], whole.heard_before["DOT"]
    early = range(0, whole.heard_before["MAIL"], 7)
    for heard in (*early, *range(whole.heard_before["MAIL"], dot_ends)):
        cut = await attempt(trusted, SMALL, heard=heard)
        assert cut.mails == 0
        if heard < content_begins:
            assert isinstance(cut.outcome, Retry), heard
        elif heard == content_begins:  # it leaves as soon as it has said 354: seen in time, nothing is written
            assert isinstance(cut.outcome, Retry | Unknown), heard
        else:
            assert isinstance(cut.outcome, Unknown), heard


@pytest.mark.parametrize("part", [0.01, 0.5, 0.9])
async def test_a_large_mail_is_cut_in_its_middle(trusted: Authority, part: float) -> None:
    """Whatever was written before the cut was noticed: a server without the dot has no mail, and nobody says sent."""
    whole = (await attempt(trusted, SMALL)).dialogue
    heard = whole.heard_before["DATA"] + int(len(LARGE) * part)
    cut = await attempt(trusted, LARGE, heard=heard)
    assert cut.mails == 0
    assert isinstance(cut.outcome, Retry | Unknown)


async def test_a_large_mail_arrives_whole(trusted: Authority) -> None:
    """Written in pieces, received as one."""
    whole = await attempt(trusted, LARGE)
    assert isinstance(whole.outcome, Sent)
    assert whole.dialogue.bodies == [LARGE + b".\r\n"]


async def test_a_refusal_in_the_middle_of_a_large_mail_is_taken_as_one(trusted: Authority) -> None:
    """A server that has heard enough says so before the dot and reads no further: not sent, and why is known."""
    recorder = Recorder()
    async with ScriptedServer(trusted.server, refuse_content_after=1000) as server:
        outcome = await Client(trusted, server.port, telemetry=recorder.telemetry).once(LARGE)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.code == "mail-too-large"
    assert recorder.attributes("smtp transaction")[Attr.PHASE.value] == "content"


async def test_a_cancelled_mail_leaves_no_connection_behind(trusted: Authority) -> None:
    """After a cancellation the late reply would be taken for the next command's: the connection is closed, not pooled."""
    recorder = Recorder()
    async with ScriptedServer(trusted.server, {"DOT": [b""]}) as server:
        client = Client(trusted, server.port, telemetry=recorder.telemetry)
        async with client.gateway() as gateway:
            sending = asyncio.create_task(client.send(gateway))
            await server.content_came.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2
    assert [dict(span.attributes or {})[Attr.OUTCOME.value] for span in recorder.spans("smtp transaction")] == [
        "cancelled",
        "sent",
    ]


async def test_a_second_mail_that_breaks_before_its_content_is_not_sent(trusted: Authority) -> None:
    """Whatever the first one wrote on the same connection: this one wrote nothing."""
    async with ScriptedServer(trusted.server, {"DATA": [b"354 go\r\n", b"not SMTP\r\n"]}) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Sent)
            assert isinstance(await client.send(gateway), Retry)
        assert len(server.mails) == 1


async def test_content_for_a_connection_that_is_closing_was_not_written(trusted: Authority) -> None:
    """The end was seen after the 354 and before the content: the server has no octet of it."""
    async with ScriptedServer(trusted.server) as server:
        library = aiosmtplib.SMTP(hostname="localhost", port=server.port, start_tls=False, local_hostname="test.local")
        await library.connect()
        connection = Connection(library, Timeouts())
        assert library.transport is not None
        library.transport.close()
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await connection.content(SMALL)
        assert not connection.dot_written
