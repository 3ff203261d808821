"""High Volume Email over the wire: its own server for its mailboxes, and tokens that outlive every session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcloud.tokens import SigningKeys
from shared.edges.smtp_offer import Limits
from shared.edges.smtp_session import SmtpSession
from shared.rules.endpoints import Endpoint
from shared.rules.outcome import Sent
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.telemetry import Attr, silent
from shared.transmission import Transmission
from tests.fakes.recorder import Recorder
from tests.fakes.scripted_smtp import ScriptedServer
from tests.fakes.smtp_client import MAILBOX, Client, Watch
from tests.fakes.smtp_rig import simulator_rig
from tests.fakes.tls import Authority, authority

BULK = "bulk@contoso.test"


@dataclass(frozen=True)
class Both:
    """A server for client submission, one for High Volume Email, and a client that knows both."""

    usual: ScriptedServer
    high_volume: ScriptedServer
    client: Client

    @property
    def dialogues(self) -> tuple[int, int]:
        """Connections that each has had so far."""
        return len(self.usual.dialogues), len(self.high_volume.dialogues)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


@asynccontextmanager
async def both(trusted: Authority, recorder: Recorder | None = None) -> AsyncIterator[Both]:
    """The two servers; no limit but the token's ends a connection."""
    async with ScriptedServer(trusted.server) as usual, ScriptedServer(trusted.server) as high_volume:
        endpoint = Endpoint("localhost", high_volume.port, login_margin=660.0, session_margin=600.0)
        telemetry = recorder.telemetry if recorder else silent()
        client = Client(trusted, usual.port, others={BULK: endpoint}, limits=Limits(idle=1e6, age=1e6), telemetry=telemetry)
        yield Both(usual, high_volume, client)


async def test_each_mailbox_is_dialled_at_its_own_endpoint(trusted: Authority) -> None:
    """However the address is written; the other server hears nothing of it, and the span names the right one."""
    recorder = Recorder()
    async with both(trusted, recorder) as servers, servers.client.gateway() as gateway:
        assert gateway.login_margin("BULK@contoso.test") == 660.0
        assert gateway.login_margin(MAILBOX) == EXPIRY_MARGIN
        for mailbox, expected in (("BULK@contoso.test", (0, 1)), (MAILBOX, (1, 1))):
            session = await gateway.open(mailbox, servers.client.token())
            assert isinstance(session, SmtpSession)
            assert isinstance(await servers.client.deliver(session), Sent)
            assert servers.dialogues == expected
    ports = [dict(span.attributes or {})[Attr.PORT.value] for span in recorder.spans("smtp connect")]
    assert ports == [servers.high_volume.port, servers.usual.port]


@pytest.mark.parametrize(
    ("mailbox", "left", "reused"),
    [(BULK, 601.0, True), (BULK, 600.0, False), (MAILBOX, 600.0, True), (MAILBOX, 61.0, True), (MAILBOX, 60.0, False)],
)
async def test_a_session_ends_before_its_token_does(trusted: Authority, mailbox: str, left: float, *, reused: bool) -> None:
    """High Volume Email: ten minutes before, so that the slowest mail is through; client submission: one minute."""
    async with both(trusted) as servers, servers.client.gateway() as gateway:
        watch = servers.client.watch
        assert isinstance(watch, Watch)
        token = servers.client.token()
        for now in (watch.now, token.expires_at - left):
            watch.now = now
            session = await gateway.open(mailbox, token)
            assert isinstance(session, SmtpSession)
            assert isinstance(await servers.client.deliver(session), Sent)
        assert sum(servers.dialogues) == (1 if reused else 2)


@dataclass
class Counted:
    """One token, and how often Exchange refused it."""

    token: Token
    dropped: int = 0

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:  # noqa: ARG002 - the port's shape
        """As the port says."""
        return self.token

    async def drop(self, token: Token) -> None:
        """As the port says."""
        self.dropped += token == self.token


@pytest.mark.parametrize(
    ("scenario", "reason", "dropped"),
    [
        ("hve-token-expires-soon", "token-expires-soon", 1),
        ("hve-token-expired", "token-expired", 1),
        ("hve-wrong-permissions", "api-permission-missing", 0),
        ("hve-app-not-allowed", "app-not-allowed", 0),
    ],
)
async def test_what_high_volume_email_refuses_is_named_and_a_bad_token_is_dropped(
    tmp_path: Path, scenario: str, reason: str, dropped: int
) -> None:
    """At the login, by the simulator; a missing right is no reason to fetch another token, and afterwards it goes on."""
    async with simulator_rig(SigningKeys(), tmp_path) as rig:
        rig.exchange.set_faults(f'{{"scenarios": [{{"name": "{scenario}", "count": 1}}]}}'.encode())
        tokens = Counted(rig.good)
        transmission = Transmission(tokens, rig.gateway)
        refused = await transmission.probe(BULK)
        assert refused is not None
        assert (refused.code, tokens.dropped) == (reason, dropped)
        assert await transmission.probe(BULK) is None
