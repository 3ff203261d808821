"""The state table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.states import FINAL, INITIAL, MOVES, Cause, IllegalMove, State, check_move

EXPECTED = {
    "waiting": {"sending", "cancelled", "expired", "parked"},
    "sending": {"sent", "waiting", "rejected", "parked", "unknown"},
    "unknown": {"waiting", "sent", "cancelled"},
    "parked": {"waiting", "cancelled"},
    "rejected": {"waiting"},
    "expired": {"waiting"},
}


def test_the_table_is_the_one_of_the_design() -> None:
    """Every step of the design is in the table, and no other."""
    drawn: dict[str, set[str]] = {}
    for source, target in MOVES:
        drawn.setdefault(source.value, set()).add(target.value)
    assert drawn == EXPECTED


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_step_outside_the_table_is_refused(source: State, target: State) -> None:
    """Any pair of states is either in the table or refused by name."""
    if (source, target) in MOVES:
        check_move(source, target)
        return
    with pytest.raises(IllegalMove, match=f"from {source} to {target}"):
        check_move(source, target)


def test_only_people_take_a_mail_out_of_a_final_state() -> None:
    """No program moves a mail that is final."""
    assert {cause for (source, _), cause in MOVES.items() if source in FINAL} == {Cause.HAND}


def test_every_state_can_be_reached() -> None:
    """A state that nothing leads to would be dead text in the documentation."""
    assert {target for _, target in MOVES} | INITIAL == set(State)
