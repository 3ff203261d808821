"""A caller's daily amount: what is left, when it begins anew, and who is counted."""

from dataclasses import replace

import pytest

from shared.accept import Accepted, Origin
from shared.quota import RACES, Quota
from shared.rules import callers, identifiers
from shared.rules.config import CallerSetting
from shared.rules.quota import Count, QuotaExceeded, Standing, counted, standing
from shared.rules.storage_errors import Conflict
from tests.fakes.quotas import FakeQuotas
from tests.stage import Stage, an_envelope

EVENING = 1_796_079_540.0
"""2026-11-30, 22:59 UTC."""

SHOP = callers.application(CallerSetting("shop", ("alerts",), application="a", per_day=3))


def test_what_is_left_of_a_day() -> None:
    """Until midnight in UTC; yesterday's count is nothing."""
    first = counted(None, 3, 2, EVENING)
    assert first == Count("2026-11-30", 2)
    assert standing(first, 3, EVENING) == Standing(3, 1, 3661)
    assert counted(first, 3, 1, EVENING) == Count("2026-11-30", 3)
    assert counted(first, 3, 3, EVENING + 3660) == Count("2026-12-01", 3)


def test_more_than_is_left_counts_nothing() -> None:
    """Also where some of it would fit: a request is all or nothing."""
    with pytest.raises(QuotaExceeded) as exceeded:
        counted(Count("2026-11-30", 2), 3, 2, EVENING)
    assert exceeded.value.standing == Standing(3, 1, 3661)


async def test_a_mail_that_is_known_is_not_counted_again() -> None:
    """A caller that repeats itself, and the same key twice in one array."""
    stage, counts = Stage(), FakeQuotas()
    quota = Quota(counts, stage.ledger, stage.clock)
    assert await quota.take(SHOP, ["a", "a", "b"]) == standing(Count("2027-01-15", 2), 3, stage.now)
    accepted = await stage.accept_story(an_envelope(), SHOP, Origin("http", "a"))
    assert isinstance(accepted, Accepted)
    assert accepted.row.id == identifiers.mail_id(SHOP.name, "a")
    left = await quota.take(SHOP, ["a"])
    assert left is not None
    assert left.left == 1


async def test_who_has_no_amount_costs_nothing() -> None:
    """Not even a look into storage."""
    stage, counts = Stage(), FakeQuotas()
    assert await Quota(counts, stage.ledger, stage.clock).take(replace(SHOP, per_day=None), ["a"]) is None
    assert counts.counts == {}


class Busy(FakeQuotas):
    """Somebody else writes before each of our writes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def write(self, caller: str, count: Count, version: str) -> None:
        """As the port says, after the other one."""
        if self.times > 0:
            self.times -= 1
            await super().write(caller, replace(count, mails=1), version)
        await super().write(caller, count, version)


async def test_a_lost_race_is_counted_on_what_the_other_wrote() -> None:
    """Two requests at once are two mails."""
    stage, counts = Stage(), Busy(1)
    left = await Quota(counts, stage.ledger, stage.clock).take(SHOP, ["a"])
    assert left is not None
    assert left.left == 1


async def test_too_many_lost_races_are_an_answer_and_no_stall() -> None:
    """The caller comes back."""
    stage = Stage()
    with pytest.raises(Conflict):
        await Quota(Busy(RACES), stage.ledger, stage.clock).take(SHOP, ["a"])
