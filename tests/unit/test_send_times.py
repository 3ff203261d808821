"""How far ahead a mail may be planned, and when it is too late for it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.rules.problems import Refused
from shared.rules.send_times import check_not_over, check_reach
from tests.stage import START, an_envelope

NOW = datetime.fromtimestamp(START, UTC)


def at(**ahead: float) -> str:
    """A time so far from now, as an envelope writes it."""
    return (NOW + timedelta(**ahead)).isoformat()


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"send_at": at(days=366)},
        {"send_at": at(days=-5000)},
        {"send_at": at(days=366), "expires_at": at(days=2 * 366)},
        {"expires_at": at(days=366)},
        {"expires_at": at(days=-1)},
        {"send_at": "0001-01-01T00:00:00+14:00", "expires_at": at(days=366)},
    ],
)
def test_a_year_ahead_is_near_enough(times: dict[str, str]) -> None:
    """To the second, and a year more for the end; the past is never too far ahead."""
    check_reach(an_envelope(**times), START)


@pytest.mark.parametrize(
    ("times", "pointer"),
    [
        ({"send_at": at(days=366, seconds=1)}, "/send_at"),
        ({"send_at": "9999-12-31T23:59:59-14:00"}, "/send_at"),
        ({"send_at": at(days=4000), "expires_at": at(days=8000)}, "/send_at"),
        ({"expires_at": at(days=366, seconds=1)}, "/expires_at"),
        ({"send_at": at(days=1), "expires_at": at(days=367, seconds=1)}, "/expires_at"),
        ({"send_at": at(days=-9), "expires_at": at(days=366, seconds=1)}, "/expires_at"),
    ],
)
def test_beyond_it_a_mail_is_refused_by_name(times: dict[str, str], pointer: str) -> None:
    """One fault, at the time that is wrong, with what to do."""
    with pytest.raises(Refused) as refused:
        check_reach(an_envelope(**times), START)
    (problem,) = refused.value.problems
    assert (refused.value.code, problem.pointer) == ("too-far-ahead", pointer)
    assert "; " in problem.message


def test_a_mail_whose_end_has_come_is_refused_by_name() -> None:
    """The second itself is too late; one later is not."""
    check_not_over(an_envelope(), START)
    check_not_over(an_envelope(expires_at=at(seconds=1)), START)
    for late in (at(seconds=0), at(days=-1)):
        with pytest.raises(Refused, match="in the past") as refused:
            check_not_over(an_envelope(expires_at=late), START)
        assert refused.value.code == "already-expired"
        assert refused.value.problems[0].pointer == "/expires_at"
