"""Whole mails, large ones, refused and cancelled ones: what the server gets, and what the connection is good for afterwards.

Against a scripted server over real TLS. `test_smtp_cut_sweep.py` breaks the connection at every octet.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import pytest

from shared.edges.smtp_connection import PIECE, Connection
from shared.edges.smtp_offer import Timeouts
from shared.rules.outcome import AuthRefused, Fate, Outcome, Rejected, Retry, Sent
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


async def attempt(trusted: Authority, content: bytes) -> Attempt:
    """One mail to a server that plays its script."""
    async with ScriptedServer(trusted.server) as server:
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
