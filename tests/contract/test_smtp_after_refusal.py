"""A server other than Exchange: what is still open after a refusal must not meet the next mail."""

from pathlib import Path

import pytest

from shared.rules.outcome import Rejected, Retry, Sent
from tests.fakes.scripted_smtp import ScriptedServer
from tests.fakes.smtp_client import Client
from tests.fakes.tls import Authority, authority


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


@pytest.mark.parametrize(
    ("reply", "kind"), [(b"554 5.7.1 no\r\n", Rejected), (b"451 4.7.1 later\r\n", Retry)], ids=["554", "451"]
)
async def test_a_refused_mail_is_reset_before_the_next_one(
    trusted: Authority, reply: bytes, kind: type[Rejected] | type[Retry]
) -> None:
    """Postfix keeps a mail open that its end-of-data restrictions refuse: only RSET ends it."""
    async with ScriptedServer(trusted.server, {"DOT": [reply]}) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), kind)
            assert isinstance(await client.send(gateway), Sent)
        verbs = server.dialogues[0].verbs
        assert verbs[verbs.index("DATA") + 1] == "RSET"
        assert len(server.dialogues) == 1


async def test_a_connection_whose_last_mail_still_counts_as_open_is_replaced(trusted: Authority) -> None:
    """503 to MAIL on a reused connection is about the connection, not about this mail."""
    script = {"MAIL": [b"250 2.1.0 OK\r\n", b"503 5.5.1 Error: nested MAIL command\r\n"]}
    async with ScriptedServer(trusted.server, script) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Sent)
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2


async def test_the_codes_of_a_refused_greeting_are_told(trusted: Authority) -> None:
    """The ledger says which reply it was, not only that there was one."""
    async with ScriptedServer(trusted.server, {"GREETING": [b"421 4.7.0 too many connections\r\n"]}) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            refused = await client.send(gateway)
        assert isinstance(refused, Retry)
        assert refused.reply is not None
        assert (refused.reply.code, refused.reply.enhanced) == (421, "4.7.0")
