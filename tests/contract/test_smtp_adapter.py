"""The real gateway against servers that nobody should meet: no TLS, wrong certificates, silence, garbage, sudden ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.edges.smtp_offer import Timeouts
from shared.edges.smtp_session import SmtpSession
from shared.rules.outcome import AuthRefused, Fate, Parked, Rejected, Reply, Retry, Sent, Unknown
from tests.fakes.scripted_smtp import EHLO, EHLO_BEFORE_TLS, GOOD, SILENCE, ScriptedServer
from tests.fakes.smtp_client import MAILBOX, SMALL, TOKEN, Client
from tests.fakes.tls import Authority, authority

SHORT = Timeouts(connect=0.5, command=0.3, probe=0.3, opening=2.0, offering=0.3, content=0.3, final_dot=0.3)
"""Each silence costs a test its time; a handshake on a busy machine is no silence."""


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


def heard(server: ScriptedServer) -> bytes:
    """Every line that the server ever got."""
    return b"".join(line for dialogue in server.dialogues for line in dialogue.lines)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"EHLO": EHLO_BEFORE_TLS.replace(b"250 STARTTLS", b"250 8BITMIME")}, "starttls-not-offered"),
        ({"STARTTLS": b"502 5.5.1 no such command\r\n"}, "starttls-not-offered"),
        ({"EHLO-TLS": EHLO.replace(b" XOAUTH2", b"")}, "xoauth2-not-offered"),
        ({"EHLO-TLS": b"250-x\r\n250 8BITMIME\r\n"}, "xoauth2-not-offered"),
        # XOAUTH2 offered only before TLS is what an attacker can put there
        ({"EHLO": EHLO.replace(b"SIZE 1000000", b"STARTTLS"), "EHLO-TLS": b"250 x\r\n"}, "xoauth2-not-offered"),
        (
            {"STARTTLS": b"220 go\r\n250-x\r\n250 AUTH XOAUTH2\r\n", "EHLO-TLS": b"250 x\r\n"},
            "xoauth2-not-offered",
        ),
    ],
)
async def test_a_server_that_would_not_keep_the_token_safe_gets_none(
    trusted: Authority, replies: dict[str, bytes | list[bytes]], reason: str
) -> None:
    """No TLS, no mechanism: the mail is parked with the reason, and AUTH is not even said."""
    async with ScriptedServer(trusted.server, replies) as server:
        outcome = await Client(trusted, server.port).once()
        assert isinstance(outcome, Parked)
        assert outcome.reason.code == reason
        assert outcome.reason.fix
        assert b"AUTH" not in heard(server)
        assert TOKEN.encode() not in heard(server)


async def test_a_certificate_of_another_host_is_refused(trusted: Authority) -> None:
    """The right authority vouching for the wrong name: parked, nothing sent inside TLS."""
    async with ScriptedServer(trusted.stranger) as server:
        outcome = await Client(trusted, server.port).once()
        assert isinstance(outcome, Parked)
        assert outcome.reason.code == "certificate-of-another-host"
        assert server.dialogues[0].verbs == ["EHLO", "STARTTLS"]


async def test_a_certificate_of_an_unknown_authority_is_refused(trusted: Authority) -> None:
    """Without the CA file the same server is a stranger; no switch turns that off."""
    async with ScriptedServer(trusted.server) as server:
        outcome = await Client(replace(trusted, ca_file=None), server.port).once()
        assert isinstance(outcome, Parked)
        assert outcome.reason.code == "certificate-not-trusted"


async def test_a_server_that_is_not_there_is_tried_again(trusted: Authority) -> None:
    """A port on which nobody listens, and a name that does not exist."""
    async with ScriptedServer(trusted.server) as server:
        port = server.port
    refused = await Client(trusted, port).once()
    nowhere = await Client(trusted, port, host="no-such-host.invalid").once()
    for outcome in (refused, nowhere):
        assert isinstance(outcome, Retry)
        assert outcome.reason.code == "server-unreachable"


async def test_the_login_is_made_in_two_steps(trusted: Authority) -> None:
    """The token never stands in a command line, which may hold 512 octets only (RFC 4954 section 4)."""
    async with ScriptedServer(trusted.server) as server:
        assert isinstance(await Client(trusted, server.port).once(), Sent)
        lines = server.dialogues[0].lines
        assert lines[lines.index(b"AUTH XOAUTH2\r\n") + 1].startswith(b"dXNlcj1hbGVydHNAY29udG9zby50ZXN0AWF1dGg9QmVhcmVyI")
        assert all(len(line) <= 512 for line in lines if not line.startswith(b"dXNlcj"))


async def test_a_token_that_no_login_can_hold_is_no_exception(trusted: Authority) -> None:
    """Whatever an identity endpoint calls a token: the mail is parked, nothing of it is said, the connection is closed."""
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            outcome = await gateway.open(MAILBOX, client.token(text="a\x01b"))
        assert isinstance(outcome, Parked)
        assert server.dialogues[0].verbs == ["EHLO", "STARTTLS", "EHLO"]


async def test_a_challenge_with_an_error_is_answered_with_an_empty_line(trusted: Authority) -> None:
    """Then comes the refusal itself, and the token is not sent a second time."""
    async with ScriptedServer(trusted.server, {"TOKEN": b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n"}) as server:
        refused = await Client(trusted, server.port).once()
        assert isinstance(refused, AuthRefused)
        assert refused.reply == Reply(535, "5.7.3")
        assert server.dialogues[0].lines[-1] == b"\r\n"
        assert heard(server).count(b"dXNlcj") == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"535 5.7.3 Authentication unsuccessful\r\n", AuthRefused),
        (b"535 5.7.139 x, SmtpClientAuthentication is disabled for the Tenant.\r\n", Retry),
        (b"454 4.7.0 Temporary authentication failure\r\n", Retry),
        (b"503 5.5.1 already authenticated\r\n", Retry),
        (b"421 4.3.2 Service not available\r\n", Retry),
        (b"250 2.0.0 whatever\r\n", Retry),
        (b"501 5.5.124 Invalid XOAUTH2 auth data\r\n", Parked),
    ],
)
async def test_only_235_is_a_login(trusted: Authority, reply: bytes, expected: type) -> None:
    """In particular not 503, which another library takes for one; no MAIL follows."""
    async with ScriptedServer(trusted.server, {"TOKEN": reply}) as server:
        assert isinstance(await Client(trusted, server.port).once(), expected)
        assert "MAIL" not in server.dialogues[0].verbs


@pytest.mark.parametrize("name", ["GREETING", "EHLO", "STARTTLS", "EHLO-TLS", "AUTH", "TOKEN", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "reply",
    [
        b"421 4.3.2 closing\r\n",
        b"\x00\x1b\xffthis is not SMTP\r\n",
        b"2" * 40_000 + b"\r\n",
        SILENCE,
    ],
    ids=["421", "garbage", "endless", "silence"],
)
async def test_a_server_out_of_its_mind_gets_no_mail(trusted: Authority, name: str, reply: bytes) -> None:
    """At any place: not sent, tried again, and the connection is not used for another mail."""
    async with ScriptedServer(trusted.server, {name: [reply]}) as server:
        client = Client(trusted, server.port, timeouts=SHORT if reply is SILENCE else Timeouts())
        async with client.gateway() as gateway:
            outcome = await client.send(gateway)
            assert isinstance(outcome, Retry), outcome
            assert server.mails == []
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2


async def test_an_acceptance_before_the_content_is_not_one(trusted: Authority) -> None:
    """250 to DATA says nothing that SMTP knows: nothing was sent, and the connection is given up."""
    async with ScriptedServer(trusted.server, {"DATA": [b"250 2.0.0 OK\r\n"]}) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Retry)
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2


@pytest.mark.parametrize("name", ["GREETING", "EHLO", "EHLO-TLS", "AUTH", "TOKEN", "MAIL", "RCPT", "DATA"])
async def test_a_reply_too_many_is_not_taken_for_the_next_one(trusted: Authority, name: str) -> None:
    """One 250 more than was asked for would make each later refusal look like the acceptance before it."""
    async with ScriptedServer(trusted.server, {name: [GOOD[name] + b"250 2.0.0 and more\r\n"]}) as server:
        client = Client(trusted, server.port, timeouts=SHORT)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Retry)
            assert server.mails == []
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2


@pytest.mark.parametrize(
    ("reply", "expected", "reused"),
    [
        (b"250 2.0.0 OK\r\n", Sent, True),
        (b"251 2.0.0 OK, forwarded\r\n", Sent, True),
        (b"250-2.0.0 OK\r\n250 2.0.0 <x@contoso.test>\r\n", Sent, True),
        (b"250 2.0.0 OK\r\n250 2.0.0 again\r\n", Sent, False),
        (b"451 4.7.0 Temporary server error. Please try again later. PRX2\r\n", Retry, True),
        (b"432 4.3.2 Concurrent connections limit exceeded.\r\n", Retry, False),
        (b"421 4.4.2 closing\r\n", Retry, False),
        (b"554 5.6.0 corrupt\r\n", Rejected, True),
        (b"554 5.2.252 SendAsDenied\r\n", Retry, True),
        (b"\xff\xfe nonsense\r\n", Unknown, False),
        (b"354 go on\r\n", Unknown, False),
        (b"999 what\r\n", Unknown, False),
        (SILENCE, Unknown, False),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else None,
)
async def test_the_reply_to_the_dot_decides(trusted: Authority, reply: bytes, expected: type, *, reused: bool) -> None:
    """Accepted, refused, or not a reply at all, which leaves the outcome open; then the connection is not used again."""
    async with ScriptedServer(trusted.server, {"DOT": [reply]}) as server:
        client = Client(trusted, server.port, timeouts=SHORT)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), expected)
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == (1 if reused else 2)


async def test_a_mail_larger_than_the_server_takes_is_not_offered(trusted: Authority) -> None:
    """SIZE in EHLO is believed; not even MAIL is said."""
    async with ScriptedServer(trusted.server, {"EHLO-TLS": EHLO.replace(b"1000000", b"10")}) as server:
        outcome = await Client(trusted, server.port).once()
        assert isinstance(outcome, Rejected)
        assert outcome.reason.code == "mail-too-large"
        assert "MAIL" not in server.dialogues[0].verbs


async def test_without_size_none_is_declared(trusted: Authority) -> None:
    """RFC 1870: the parameter belongs to the extension."""
    async with ScriptedServer(trusted.server, {"EHLO-TLS": b"250-x\r\n250 AUTH XOAUTH2\r\n"}) as server:
        assert isinstance(await Client(trusted, server.port).once(), Sent)
        assert b"MAIL FROM:<alerts@contoso.test>\r\n" in server.dialogues[0].lines


async def test_content_with_bare_line_ends_is_parked_before_data(trusted: Authority) -> None:
    """It would be a bug of ours, and the door to a smuggled mail."""
    async with ScriptedServer(trusted.server) as server:
        outcome = await Client(trusted, server.port).once(b"Subject: x\r\n\r\na\n.\nb\r\n")
        assert isinstance(outcome, Parked)
        assert "DATA" not in server.dialogues[0].verbs


async def test_after_too_many_recipients_no_more_are_offered(trusted: Authority) -> None:
    """The rest waits for the next attempt; asking for each would only count as errors."""
    replies: dict[str, bytes | list[bytes]] = {"RCPT": [GOOD["RCPT"], b"452 4.5.3 Too many recipients\r\n"]}
    async with ScriptedServer(trusted.server, replies) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            session = await gateway.open(MAILBOX, client.token())
            assert isinstance(session, SmtpSession)
            offer = await session.offer(MAILBOX, [(n, f"r{n}@contoso.test") for n in range(4)], len(SMALL))
            outcome = await session.transmit(SMALL)
            await session.release()
        assert server.dialogues[0].verbs.count("RCPT") == 2
    assert offer.accepted == (0,)
    assert [outcome.recipients[n].fate for n in range(4)] == [Fate.ACCEPTED] + [Fate.PENDING] * 3
