"""Limits and counters: connections, messages a minute, recipients a day, lockouts, duplicates; on a clock of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.exchange import ExchangeConfig
from devcloud.exchange.ledgers import DAY, MINUTE, RateLedger
from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, RECIPIENT, simulator

OTHER = "reports@contoso.test"
CONCURRENT = "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. "


async def test_fourth_submission_gets_432_after_data() -> None:
    """Three connections may submit at once; the fourth learns it at the end of DATA, and may when one has ended."""
    async with simulator() as world:
        clients = [await world.ready() for _ in range(4)]
        for client in clients:
            await client.envelope()
        for client in clients:
            assert (await client.ask("DATA")).code == 354
        await clients[3].send(MAIL + b".\r\n")
        refused = await clients[3].reply()
        assert refused.code == 432
        assert refused.text.startswith(CONCURRENT + "[Hostname=")
        await clients[0].send(MAIL + b".\r\n")
        assert (await clients[0].reply()).code == 250
        assert (await clients[3].mail()).code == 250
        assert world.stats()["peak_connections"] == {MAILBOX: 4}
        assert world.stats()["throttles"] == 1


async def test_only_submissions_of_the_same_mailbox_count() -> None:
    """Idle connections and other mailboxes do not count, nor does a transaction that was reset."""
    async with simulator(ExchangeConfig(connections=1)) as world:
        idle, reset, busy = [await world.ready() for _ in range(3)]
        other = await world.ready(OTHER)
        await other.envelope()
        await reset.envelope()
        await reset.ask("RSET")
        assert (await busy.mail()).code == 250
        assert (await idle.ask("NOOP")).code == 250
        assert world.stats()["peak_connections"] == {MAILBOX: 1, OTHER: 1}


async def test_idle_connections_count_where_configured() -> None:
    """With idle_counts every login counts, in the order of the logins, until the connection ends."""
    async with simulator(ExchangeConfig(connections=1)) as world:
        world.limit(idle_counts=True)
        first, second = await world.ready(), await world.ready()
        assert world.stats()["connections_now"] == {MAILBOX: 2}
        assert (await second.mail()).code == 432
        assert (await first.mail()).code == 250
        await first.ask("QUIT")
        await first.rest()
        assert (await second.mail()).code == 250
        assert world.stats()["connections_now"] == {MAILBOX: 1}
        assert world.stats()["peak_connections"] == {MAILBOX: 2}


async def test_message_over_the_rate_is_delayed() -> None:
    """The 31st message of a minute is taken, and its 250 comes when the window allows."""
    async with simulator() as world:
        client = await world.ready()
        for _ in range(30):
            assert (await client.mail()).code == 250
        assert world.time.slept == []
        world.time.now += 10
        assert (await client.mail()).code == 250
        assert world.time.slept == [50.0]
        stats = world.stats()
        assert (stats["peak_per_minute"], stats["throttles"], stats["delayed"]) == ({MAILBOX: 31}, 1, 1)
        assert stats["accepted"] == 31


async def test_message_over_the_rate_is_refused_where_configured() -> None:
    """With over_rate reject it gets 421 4.4.2 and the connection ends; a refused message uses up no slot."""
    async with simulator(ExchangeConfig(messages_per_minute=1, over_rate="reject")) as world:
        client = await world.ready()
        await client.mail()
        refused = await client.mail()
        assert refused.code == 421
        assert refused.text.startswith("4.4.2 Message submission rate for this client has exceeded the configured limit")
        assert await client.rest() == b""
        world.time.now += MINUTE
        assert (await (await world.ready()).mail()).code == 250
        assert world.stats()["throttles"] == 1
        assert world.stats()["accepted"] == 2


async def test_rate_is_each_mailbox_s_own() -> None:
    """Two mailboxes do not share a minute, and one mailbox shares it over its connections."""
    async with simulator(ExchangeConfig(messages_per_minute=1)) as world:
        await (await world.ready()).mail()
        await (await world.ready(OTHER)).mail(content=MAIL.replace(b"alerts@", b"reports@"))
        assert world.time.slept == []
        await (await world.ready()).mail()
        assert world.time.slept == [60.0]


@given(gaps=st.lists(st.floats(0, 40), min_size=1, max_size=60), limit=st.integers(1, 5))
def test_window_never_lets_more_pass(gaps: list[float], limit: int) -> None:
    """Whenever messages come, no 60 seconds see more than the limit pass, and nobody waits longer than that needs."""
    ledger, now, passed = RateLedger(), 0.0, list[float]()
    for gap in gaps:
        now += gap
        wait = ledger.wait("a", now, limit)
        passed.append(now + wait)
        ledger.take("a", now + wait)
        assert wait == 0 or passed[-1] == pytest.approx(passed[-1 - limit] + MINUTE)
    for place in range(limit, len(passed)):
        assert passed[place] - passed[place - limit] >= MINUTE - 1e-6


async def test_recipients_per_day() -> None:
    """Over the day's recipients the mail is refused for good; a day later they are free again."""
    async with simulator(ExchangeConfig(recipients_per_day=3)) as world:
        client = await world.ready()
        assert (await client.mail("a@contoso.test", "b@contoso.test")).code == 250
        refused = await client.mail("a@contoso.test", "b@contoso.test")
        assert refused.code == 554
        assert refused.text.startswith("5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException.")
        assert (await client.mail()).code == 250
        world.time.now += DAY
        assert (await client.mail("a@contoso.test", "b@contoso.test", "c@contoso.test")).code == 250


async def test_recipients_per_message() -> None:
    """More than the mailbox's limit are taken at RCPT and refused after DATA; beyond the largest limit RCPT says 452."""
    async with simulator() as world:
        client = await world.ready()
        refused = await client.mail(*(f"r{number}@contoso.test" for number in range(501)))
        assert refused.code == 550
        assert refused.text.startswith("5.5.3 RESOLVER.ADR.RecipLimit; too many recipients")
        assert (await client.mail(*(f"r{number}@contoso.test" for number in range(500)))).code == 250
        await client.ask(f"MAIL FROM:<{MAILBOX}>")
        await client.send(b"".join(b"RCPT TO:<r%d@contoso.test>\r\n" % number for number in range(1_001)))
        codes = [(await client.reply()).code for _ in range(1_001)]
        assert codes == [250] * 1_000 + [452]


async def test_continuous_errors_lock_the_mailbox_out() -> None:
    """After so many same refusals in a row good mail is refused too, until the time is over."""
    async with simulator(ExchangeConfig(lockout_after=2, lockout_seconds=100)) as world:
        client = await world.ready()
        bad = MAIL.replace(b"alerts@", b"eve@")
        assert (await client.mail(content=bad)).code == 554
        assert (await client.mail()).code == 250
        assert [(await client.mail(content=bad)).code for _ in range(2)] == [554, 554]
        locked = await client.mail()
        assert locked.code == 550
        assert locked.text.startswith("5.2.252 Sender throttled due to continuous send as denied errors.")
        world.time.now += 99
        assert (await client.mail()).code == 550
        world.time.now += 1
        assert (await client.mail()).code == 250


@pytest.mark.parametrize(
    ("name", "code"),
    [("mailbox-full", "5.2.251"), ("send-as-denied-old", "5.2.252"), ("too-many-recipients", "5.2.254")],
)
async def test_each_kind_has_its_lockout(name: str, code: str) -> None:
    """The lockout's code tells the kind of error, also where a scenario made it."""
    async with simulator(ExchangeConfig(lockout_after=3)) as world:
        client = await world.ready()
        world.fault(name, count=3)
        for _ in range(3):
            await client.mail()
        assert (await client.mail()).text.startswith(f"{code} Sender throttled")


async def test_invalid_recipients_lock_out() -> None:
    """Addresses that are none, again and again, count as invalid recipients."""
    async with simulator(ExchangeConfig(lockout_after=2)) as world:
        client = await world.ready()
        await client.ask(f"MAIL FROM:<{MAILBOX}>")
        for _ in range(2):
            assert (await client.ask("RCPT TO:<nobody>")).code == 501
        await client.ask(f"RCPT TO:<{RECIPIENT}>")
        await client.ask("DATA")
        await client.send(MAIL + b".\r\n")
        assert (await client.reply()).text.startswith("5.2.255 Sender throttled due to continuous invalid recipients")


async def test_duplicates_are_dropped_where_configured() -> None:
    """Same Message-ID and Date within the hour: 250 and no second mail; another date or a later hour: a mail."""
    async with simulator(ExchangeConfig(suppress_duplicates=True)) as world:
        client = await world.ready()
        for content, wait in ((MAIL, 0), (MAIL, 0), (MAIL.replace(b"10:00", b"10:01"), 0), (MAIL, 3_600)):
            world.time.now += wait
            assert (await client.mail(content=content)).code == 250
        assert world.exchange.count() == 3
        assert world.stats()["suppressed_duplicates"] == 1
    async with simulator() as world:
        client = await world.ready()
        await client.mail()
        await client.mail()
        assert world.exchange.count() == 2


async def test_counters_count_what_was_said() -> None:
    """Replies are counted by basic and enhanced code, connections as they open."""
    async with simulator() as world:
        client = await world.ready()
        await client.mail()
        await client.ask("FROBNICATE")
        stats = world.stats()
        assert stats["connections_opened"] == 1
        assert stats["auth_failures"] == 0
        assert stats["replies"] == {
            "220": 1,
            "250": 2,
            "220 2.0.0": 1,
            "334": 1,
            "235 2.7.0": 1,
            "250 2.1.0": 1,
            "250 2.1.5": 1,
            "354": 1,
            "250 2.0.0": 1,
            "500 5.3.3": 1,
        }


async def test_lost_client_frees_its_place() -> None:
    """A connection that breaks inside DATA no longer counts."""
    async with simulator(ExchangeConfig(connections=1)) as world:
        lost = await world.ready()
        await lost.envelope()
        await lost.ask("DATA")
        await lost.send(b"From: al")
        await lost.close()
        await world.exchange.quiet()
        assert (await (await world.ready()).mail()).code == 250
