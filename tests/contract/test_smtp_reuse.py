"""When a connection serves another mail, when it does not, and what the telemetry tells of it."""

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from shared.edges.smtp_offer import Limits, Timeouts
from shared.edges.smtp_session import SmtpSession
from shared.rules.outcome import AuthRefused, Retry, Sent, Unknown
from shared.telemetry import Attr, Metric
from tests.fakes.recorder import Recorder
from tests.fakes.scripted_smtp import SILENCE, ScriptedServer
from tests.fakes.smtp_client import MAILBOX, SMALL, TOKEN, Client, Watch
from tests.fakes.tls import Authority, authority

PROBE = Timeouts(probe=0.2, command=5.0)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all servers of this file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    return authority(folder)


async def connections(client: Client, server: ScriptedServer, *pauses: float, mails: int = 1, life: float = 3600.0) -> int:
    """Send mails with these pauses in between; gives how many connections that took."""
    watch = client.watch
    assert isinstance(watch, Watch)
    async with client.gateway() as gateway:
        for pause in (*pauses, *[0.0] * mails):
            session = await gateway.open(MAILBOX, client.token(life=life))
            assert isinstance(session, SmtpSession)
            assert isinstance(await client.deliver(session), Sent)
            watch.now += pause
    return len(server.dialogues)


@pytest.mark.parametrize(
    ("pauses", "life", "expected"),
    [
        ((1.0,), 3600.0, 1),
        ((30.0,), 3600.0, 1),
        ((30.1,), 3600.0, 2),  # idle for too long
        ((29.0,) * 8, 3600.0, 1),
        ((29.0,) * 9, 3600.0, 2),  # older than four minutes
        ((20.0,), 81.0, 1),
        ((20.0,), 80.0, 2),  # its token ends within the minute that a mail may take
    ],
)
async def test_a_connection_is_reused_within_its_limits(
    trusted: Authority, pauses: tuple[float, ...], life: float, expected: int
) -> None:
    """Idle at most 30 s, four minutes old, and never past the life of the token that it was opened with."""
    async with ScriptedServer(trusted.server) as server:
        assert await connections(Client(trusted, server.port), server, *pauses, life=life) == expected


async def test_a_connection_serves_so_many_mails_and_no_more(trusted: Authority) -> None:
    """Then it says QUIT."""
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port, limits=Limits(mails=3))
        assert await connections(client, server, mails=4) == 2
        assert server.dialogues[0].verbs.count("MAIL") == 3
        assert server.dialogues[0].verbs[-1] == "QUIT"


async def test_reuse_costs_no_command(trusted: Authority) -> None:
    """The second mail on a connection is MAIL, RCPT, RCPT, DATA and nothing else."""
    async with ScriptedServer(trusted.server) as server:
        assert await connections(Client(trusted, server.port), server, mails=2) == 1
        await server.left.wait()
        verbs = server.dialogues[0].verbs
        assert verbs[verbs.index("MAIL") :] == ["MAIL", "RCPT", "RCPT", "DATA"] * 2 + ["QUIT"]


async def test_mailboxes_do_not_share_a_connection(trusted: Authority) -> None:
    """A login is one mailbox's."""
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            for mailbox in (MAILBOX, "reports@contoso.test", MAILBOX):
                session = await gateway.open(mailbox, client.token())
                assert isinstance(session, SmtpSession)
                await client.deliver(session)
        assert len(server.dialogues) == 2


async def test_an_idle_connection_is_closed_in_time_without_another_mail(trusted: Authority) -> None:
    """It would count toward the mailbox's three connections for other instances."""
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port, limits=Limits(idle=0.05))
        async with client.gateway() as gateway:
            await client.send(gateway)
            await server.left.wait()
            assert server.dialogues[0].verbs[-1] == "QUIT"


@pytest.mark.parametrize(
    "reply", [b"421 4.4.2 idle for too long\r\n", SILENCE, b"\x00garbage\r\n"], ids=["421", "silence", "garbage"]
)
async def test_a_connection_that_died_in_the_pool_is_replaced_without_a_word(trusted: Authority, reply: bytes) -> None:
    """MAIL finds out; repeating it on a new connection cannot send anything twice."""
    async with ScriptedServer(trusted.server, {"MAIL": [b"250 2.1.0 OK\r\n", reply]}) as server:
        client = Client(trusted, server.port, timeouts=PROBE)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Sent)
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.dialogues) == 2
        assert len(server.mails) == 2


async def test_a_connection_that_the_server_closed_is_replaced(trusted: Authority) -> None:
    """Seen by the event loop or by MAIL, in either case without a word."""
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Sent)
            server.hang_up()
            assert isinstance(await client.send(gateway), Sent)
        assert len(server.mails) == 2


async def test_a_login_refused_while_replacing_is_tried_again_soon(trusted: Authority) -> None:
    """The next attempt opens afresh, and there the story can drop the token."""
    refused = {"MAIL": [b"250 2.1.0 OK\r\n", b"421 4.4.2 idle\r\n"], "TOKEN": [b"235 2.7.0 OK\r\n", b"535 5.7.3 no\r\n"] * 2}
    async with ScriptedServer(trusted.server, refused) as server:
        client = Client(trusted, server.port)
        async with client.gateway() as gateway:
            assert isinstance(await client.send(gateway), Sent)
            outcome = await client.send(gateway)
            assert isinstance(outcome, Retry)
            assert outcome.reason.code == "login-refused-anew"
            assert isinstance(await client.send(gateway), Sent)
            assert not isinstance(await gateway.open(MAILBOX, client.token()), AuthRefused)


async def test_the_spans_of_a_first_and_a_second_mail(trusted: Authority) -> None:
    """Connect and auth once; a transaction each, with codes, counts and whether the connection was reused."""
    recorder = Recorder()
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port, telemetry=recorder.telemetry)
        with recorder.telemetry.span("process") as outer:
            assert await connections(client, server, mails=2) == 1
    connect = recorder.attributes("smtp connect")
    assert (connect["server.address"], connect["server.port"]) == ("localhost", server.port)
    assert connect["tls.protocol.version"] == "1.3"
    assert len(recorder.spans("smtp connect")) == len(recorder.spans("smtp auth")) == 1
    first, second = recorder.spans("smtp transaction")
    assert [dict(span.attributes or {})[Attr.REUSED.value] for span in (first, second)] == [False, True]
    facts = dict(second.attributes or {})
    assert facts[Attr.REPLY_CODE.value] == 250
    assert facts[Attr.ENHANCED_CODE.value] == "2.0.0"
    assert facts[Attr.RECIPIENTS.value] == facts[Attr.RECIPIENTS_ACCEPTED.value] == 2
    assert facts[Attr.CONTENT_SIZE.value] == len(SMALL)
    for span in (first, second):
        assert span.parent is not None
        assert f"{span.parent.span_id:016x}" in outer.traceparent
    assert [dict(attributes)[Attr.PHASE] for metric, attributes in recorder.durations if metric is Metric.SMTP_DURATION] == [
        "connect",
        "auth",
        "transaction",
        "transaction",
    ]


async def test_spans_may_begin_and_end_while_a_transaction_is_open(
    trusted: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """The story writes to the ledger between offer and transmit; its spans are its own, and so is the current span after."""
    recorder = Recorder()
    async with ScriptedServer(trusted.server) as server:
        client = Client(trusted, server.port, telemetry=recorder.telemetry)
        async with client.gateway() as gateway:
            session = await gateway.open(MAILBOX, client.token())
            assert isinstance(session, SmtpSession)
            with recorder.telemetry.span("offering"):
                await session.offer(MAILBOX, [(0, "a@contoso.test")], len(SMALL))
            with recorder.telemetry.span("ledger"):
                await session.transmit(SMALL)
            await session.release()
    assert not trace.get_current_span().get_span_context().is_valid
    assert caplog.records == []  # OpenTelemetry logs a context that is left in the wrong place
    (transaction,), (ledger,), (offering,) = (recorder.spans(n) for n in ("smtp transaction", "ledger", "offering"))
    assert ledger.parent is None
    assert transaction.parent is not None
    assert offering.context is not None
    assert transaction.parent.span_id == offering.context.span_id


async def test_a_failed_transaction_says_where_and_why(trusted: Authority) -> None:
    """The phase and the reason's code, never a text of the server."""
    recorder = Recorder()
    async with ScriptedServer(trusted.server, {"DOT": b"nonsense about bob@contoso.test\r\n"}) as server:
        outcome = await Client(trusted, server.port, telemetry=recorder.telemetry).once()
    assert isinstance(outcome, Unknown)
    facts = recorder.attributes("smtp transaction")
    assert (facts[Attr.PHASE.value], facts[Attr.ERROR_TYPE.value]) == ("final-dot", "outcome-unknown")
    assert recorder.spans("smtp transaction")[0].status.status_code is StatusCode.ERROR


async def test_no_token_no_address_no_reply_text_is_told_to_anybody(
    trusted: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in spans, metrics, outcomes or logs, also where the server echoes everything."""
    recorder = Recorder()
    caplog.set_level("DEBUG")
    echo: dict[str, bytes | list[bytes]] = {
        "TOKEN": [f"535 5.7.3 {TOKEN} {MAILBOX}\r\n".encode()],
        "RCPT": b"550 5.1.10 <a@contoso.test> nobody here\r\n",
    }
    async with ScriptedServer(trusted.server, echo) as server:
        client = Client(trusted, server.port, telemetry=recorder.telemetry)
        async with client.gateway() as gateway:
            outcomes = [await client.send(gateway), await client.send(gateway)]
    assert len(recorder.spans("smtp transaction")) == 1
    told = " ".join(
        [
            repr(outcomes),
            repr(recorder.durations),
            *(span.to_json() for span in recorder.exporter.get_finished_spans()),
            caplog.text,
        ]
    )
    for secret in (TOKEN, "alerts@", "a@contoso", "nobody here", "dXNlcj1"):
        assert secret not in told
