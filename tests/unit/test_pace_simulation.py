"""The simulation's short runs: whatever hosts, kills and storage do, Exchange never has to say anything. A seed is a run."""

import asyncio
from dataclasses import replace

import pytest

from bench.simulation.loop import START
from bench.simulation.runs import foreign
from bench.simulation.scene import Plan, Seen, Stage, play
from shared.rules.pace import Lane

SHORT = Plan(mails=160, per_minute=120, seconds=600.0)
"""More than a minute of mail."""

SLOW = replace(SHORT, mails=45, per_minute=30)

UNSTEADY = replace(SHORT, storage=0.03, stalls=0.01)
"""Storage is slow, and one call in a hundred takes a second."""


def sound(plan: Plan) -> Seen:
    """A run that broke no limit and lost no mail; otherwise its plan is named, from which it can be played again."""
    seen = play(plan)
    assert seen.broken() == [], plan
    assert (seen.sent, len(seen.mails)) == (plan.mails, plan.mails), plan
    return seen


@pytest.mark.parametrize("idle_counts", [True, False], ids=["idle-counts", "idle-is-free"])
@pytest.mark.parametrize("hosts", [1, 3, 10])
@pytest.mark.parametrize("seed", [11, 12])
def test_a_backlog_leaves_at_full_speed_and_within_the_limits(seed: int, hosts: int, *, idle_counts: bool) -> None:
    """However many hosts share it: the allowance is used, and a mail comes back about once."""
    plan = replace(SHORT, seed=seed, hosts=hosts, idle_counts=idle_counts)
    seen = sound(plan)
    assert seen.use(0.9) > 0.9, plan
    assert seen.deferrals < 1.5, plan


@pytest.mark.parametrize("hosts", [1, 3, 10])
def test_a_slow_mailbox_is_used_too(hosts: int) -> None:
    """A mail every two seconds, among hosts that rarely have it in hand."""
    plan = replace(SLOW, seed=21, hosts=hosts)
    seen = sound(plan)
    assert seen.use(0.9) > 0.85, plan
    assert seen.deferrals < 2.0, plan


@pytest.mark.parametrize("hosts", [1, 3, 10])
@pytest.mark.parametrize("seed", [31, 32])
def test_slow_storage_costs_speed_and_nothing_else(seed: int, hosts: int) -> None:
    """Reads and writes that take a second now and then, and clocks that differ."""
    plan = replace(UNSTEADY, seed=seed, hosts=hosts, skew=0.1)
    assert sound(plan).use(0.9) > 0.7, plan


@pytest.mark.parametrize("hosts", [3, 10])
@pytest.mark.parametrize("seed", [41, 42, 43])
def test_killed_hosts_break_no_limit_and_lose_no_mail(seed: int, hosts: int) -> None:
    """A third of them dies every few seconds, with connections open and slots booked."""
    sound(replace(SHORT, seed=seed, hosts=hosts, kill_every=4.0, lease=30.0))


def test_kills_slow_storage_and_a_single_connection_together() -> None:
    """Everything at once."""
    sound(replace(UNSTEADY, seed=51, hosts=3, connections=1, kill_every=5.0, lease=30.0, idle_counts=False))


def test_a_pool_is_used_in_full() -> None:
    """Two mailboxes send twice as much, and neither more than its own."""
    plan = replace(SHORT, seed=61, mails=320, mailboxes=2)
    assert sound(plan).use(0.9) > 0.85, plan


@pytest.mark.parametrize("seed", [2, 82])
def test_another_client_is_given_way_to(seed: int) -> None:
    """It holds two of three connections for a minute and a half: three refusals, and all connections are back soon."""
    run = foreign(seed)
    assert run.refused <= 3, seed
    assert max(run.during[10:60]) == 1, seed
    assert 3 in run.after[:120], seed


def test_the_days_wall_is_never_run_into() -> None:
    """Fifty recipients allowed, eighty mails: about fifty leave, the others wait for tomorrow without asking on and on."""
    plan = replace(SHORT, seed=71, mails=80, per_day=50, seconds=300.0)
    seen = play(plan)
    assert seen.broken() == [], plan
    assert 45 <= seen.sent <= 50, plan
    assert seen.deferrals < 3, plan


@pytest.mark.parametrize("hosts", [1, 3, 10])
def test_an_alert_passes_the_backlog(hosts: int) -> None:
    """One every ten seconds beside a full line: it leaves within a few intervals, and the line goes on."""

    async def alerts(stage: Stage) -> None:
        while True:
            await asyncio.sleep(10)
            stage.accept(Lane.HIGH)

    plan = replace(SLOW, seed=81, hosts=hosts)
    seen = play(plan, alerts)
    waits = [mail.left - mail.accepted for mail in seen.mails if mail.lane is Lane.HIGH and mail.left is not None]
    assert seen.broken() == [], plan
    assert sum(mail.left is None for mail in seen.mails) <= 1, plan
    assert len(waits) >= 8, plan
    assert max(waits) < 12, plan


def test_equal_seeds_give_equal_runs() -> None:
    """So that a failing one can be looked at; another seed is another run."""
    plan = replace(UNSTEADY, seed=91, mails=60, kill_every=5.0, lease=30.0)
    first, again, other = play(plan), play(plan), play(replace(plan, seed=92))
    assert first.exchanges[0].dots == again.exchanges[0].dots
    assert first.mails == again.mails
    assert (first.reads, first.writes, first.races) == (again.reads, again.writes, again.races)
    assert first.exchanges[0].dots != other.exchanges[0].dots
    assert min(first.exchanges[0].dots) > START
