"""A pace's row as columns and back, and what is made of a row that somebody edited."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.edges.pace_columns import AHEAD, PACE_VERSION, from_columns, full_minute, to_columns
from shared.rules.pace import JITTER, WINDOW, Hold, Lane, Line, Pace, Share, Slot, Wish
from shared.rules.pace_booking import Ask, book
from shared.rules.pace_day import BUCKET
from shared.rules.pace_share import LEAST_RATE, TRIES
from shared.rules.pace_slots import MOST_SLOTS, next_slot
from shared.rules.pace_turns import EXPIRES, WISH, held, live
from shared.rules.storage_errors import NewerRow
from tests.unit.pace_values import LIMITS, NOW, hold, slots_at, want, wish

BOX = "alerts@contoso.test"
TODAY = int(NOW // BUCKET)

ROW = Pace(
    slots=(*slots_at(-50.0, -20.5, lane=Lane.HIGH), *slots_at(-1.001, 0.0, 0.0, 2.5)),
    holds=(hold("a", 2, since=1.5, left=EXPIRES / 2), hold("b", since=0.25)),
    wishes=(wish("c", Lane.HIGH, since=0.5, left=WISH / 2),),
    lines={Lane.HIGH: Line(), Lane.BULK: Line(90_000.25, 89_990.5, NOW - 3)},
    share=Share(2, NOW + 40, NOW - 100, 80.0, 0.8, NOW - 2),
    days={TODAY: 7, TODAY - 1: 3},
    external={TODAY: 2},
)
COLUMNS = to_columns(BOX, ROW)
PARTS = ("Slots", "Holds", "Wishes", "Lines", "Share", "Days", "External")
SOON = int((NOW + 1) * 1000)

grid = st.integers(-3_600_000, 20_000).map(lambda ms: (NOW * 1000 + ms) / 1000)
owners = st.text("abcdef-0123456789", min_size=1, max_size=40)
counts = st.dictionaries(st.integers(TODAY - 300, TODAY + 1), st.integers(0, 10_000), max_size=20)
lines = st.tuples(st.floats(0, 1e7), st.floats(0, 1e5), grid).map(lambda one: Line(one[0] + one[1], one[0], one[2]))
paces = st.builds(
    Pace,
    slots=st.lists(st.builds(Slot, grid, st.sampled_from(Lane)), max_size=50).map(
        lambda s: tuple(sorted(s, key=lambda o: o.at))
    ),
    holds=st.lists(st.builds(Hold, owners, st.integers(0, 9), grid, st.just(NOW + EXPIRES)), max_size=5).map(tuple),
    wishes=st.lists(st.builds(Wish, owners, st.sampled_from(Lane), grid, st.just(NOW + WISH)), max_size=5).map(tuple),
    lines=st.dictionaries(st.sampled_from(Lane), lines),
    share=st.builds(
        Share,
        st.none() | st.integers(1, 9),
        grid,
        grid,
        st.sampled_from([0.0, 40.0, TRIES[-1]]),
        st.integers(1000, 10_000).map(lambda n: n / 10_000),
        grid.map(lambda at: min(at, NOW)),
    ),
    days=counts,
    external=counts,
)


def read(**columns: object) -> Pace:
    """The row as it is read with these columns in place of the sound ones; None: the column is missing."""
    edited: dict[str, Any] = {name: value for name, value in (COLUMNS | columns).items() if value is not None}
    return from_columns(edited, LIMITS, NOW)


@given(paces)
def test_a_row_comes_back_as_it_was_written(pace: Pace) -> None:
    """Every value, to the millisecond."""
    assert from_columns(to_columns(BOX, pace), LIMITS, NOW) == pace


def test_a_person_can_read_it() -> None:
    """Short texts, and no column that a table cannot hold."""
    assert COLUMNS["Mailbox"] == BOX
    assert COLUMNS["Version"] == PACE_VERSION
    assert COLUMNS["Slots"] == f"{int((NOW - 50) * 1000)}h 29500h 19499b 1001b 0b 2500b"
    assert json.loads(COLUMNS["Days"]) == {str(TODAY): 7, str(TODAY - 1): 3}
    assert json.loads(COLUMNS["Holds"])[0][:2] == ["a", 2]
    assert all(type(value) in (str, int) for value in COLUMNS.values())


def test_the_most_slots_fit_into_a_column() -> None:
    """A text column holds 32 K characters; an hour apart they would still fit."""
    full = Pace(slots=tuple(Slot(NOW + n * 3600, Lane.NORMAL) for n in range(MOST_SLOTS)))
    assert len(to_columns(BOX, full)["Slots"]) < 32_768


def test_an_empty_row_is_an_idle_mailbox() -> None:
    """Nothing booked, nothing held."""
    assert from_columns(to_columns(BOX, Pace()), LIMITS, NOW) == Pace()


@pytest.mark.parametrize("version", [PACE_VERSION + 1, 10**12, (PACE_VERSION + 1, "Edm.Int64")])
def test_a_newer_row_is_left_to_newer_instances(version: object) -> None:
    """Its columns may mean something else."""
    with pytest.raises(NewerRow):
        read(Version=version)


@pytest.mark.parametrize("version", [None, "two", -1, 1.5, True])
def test_a_row_without_a_version_is_read_as_ours(version: object, caplog: pytest.LogCaptureFixture) -> None:
    """And says so."""
    assert read(Version=version) == ROW
    assert "version" in caplog.text


NONSENSE: list[object] = [
    None,
    5,
    True,
    1.5,
    "nonsense",
    "null",
    "7",
    "NaN",
    "[NaN]",
    '["a"]',
    "[[]]",
    '{"a": "b"}',
    "[[1,2,3,4]]",
    '[["a", -1, 0, 0]]',
    '[["a", 1.5, 0, 0]]',
    '[["a", true, 0, 0]]',
    '[["a", 1, "x", 0]]',
    '[["a", "bulk", -5, 0]]',
    '{"bulk": [1, 2]}',
    '{"bulk": ["x", 1, 2]}',
    '{"noon": [1, 0, 2]}',
    "[" * 20_000,
    "9" * 20_000,
    f'{{"1": {"9" * 5000}}}',
    "1n -1n",
    "n",
    "1x",
    "9" * 400 + "n",
    "\x00",
]


@pytest.mark.parametrize("value", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("name", PARTS)
def test_nonsense_in_one_column_is_the_worst_for_a_moment(
    name: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Named in the log without an address: a full minute, all turns taken, or nothing known; the others are as they were."""
    worst = {"Slots": full_minute(LIMITS, NOW), "Holds": (Hold("unknown", LIMITS.connections, NOW, NOW + EXPIRES),)}
    empty = {"Wishes": (), "Lines": {}, "Share": Share(), "Days": {}, "External": {}}
    found = read(**{name: value})
    assert getattr(found, name.lower()) == (worst | empty)[name]
    assert f"column {name} " in caplog.text
    assert "@" not in caplog.text
    others = [part.lower() for part in PARTS if part != name]
    assert [getattr(found, part) for part in others] == [getattr(ROW, part) for part in others]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["bulk", "high", str(TODAY), "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def lives_on(pace: Pace) -> None:
    """From this row a mailbox goes on: it is written, read, and gives a mail a turn and a slot before long."""
    now, mail = NOW, want("m", Lane.HIGH)
    while now <= NOW + EXPIRES + AHEAD + 2 * (WINDOW + JITTER):
        booking = book(pace, Ask("me", [mail], room=1, turns=1), LIMITS, now)
        assert live(booking.pace, now) <= max(LIMITS.connections, live(pace, now))
        if booking.slots:
            return
        now += 1.0
        pace = from_columns(to_columns(BOX, booking.pace), LIMITS, now)
    raise AssertionError(pace)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([part for part in PARTS if part not in ("Days", "External")]), ANYTHING)
def test_whatever_json_a_column_holds_the_mailbox_goes_on(name: str, said: object) -> None:
    """No error, and no stop for longer than turns last and a minute counts."""
    lives_on(read(**{name: json.dumps(said)}))


FAR = [
    ("Slots", f"{SOON + 10**12}n"),
    ("Slots", " ".join([f"{SOON + 50_000}n", *["0n"] * 2000])),
    ("Holds", f'[["x", 99, {SOON}, {SOON + 10**12}]]'),
    ("Holds", f'[["me", 0, {SOON + 10**12}, {SOON + 10**12}]]'),
    ("Holds", json.dumps([[f"x{n}", 1, SOON, SOON + 10**12] for n in range(5000)])),
    ("Wishes", f'[["x", "high", 0, {SOON + 10**12}]]'),
    ("Wishes", json.dumps([[f"x{n}", "high", 0, SOON + 10**12] for n in range(5000)])),
    ("Lines", '{"high": [1e30, 0, 0], "bulk": [-5, -9, 0], "normal": [1, 2, 0]}'),
    ("Lines", f'{{"high": [31000000, 0, {SOON}], "bulk": [31000000, 0, {SOON}]}}'),
    ("Lines", '{"high": [1e999, 1e999, 0]}'),
    ("Share", f"[0, {SOON + 10**12}, {SOON + 10**12}, 1e300, 0.0001, {SOON + 10**12}]"),
    ("Share", "[-1, 0, 0, -5, 1, 0]"),
    ("Share", '[1, 0, 0, "nan", "1", 0]'),
]


@pytest.mark.parametrize(("name", "text"), FAR)
def test_what_lies_further_ahead_than_anybody_writes_does_not_stop_a_mailbox(name: str, text: str) -> None:
    """Somebody edited the row by hand: it goes on when turns end and a minute is over."""
    lives_on(read(**{name: text}))


def test_a_slot_that_nobody_can_have_booked_stalls_for_no_longer_than_two_minutes() -> None:
    """A full minute, by hand, as far ahead as slots are believed."""
    pace = read(Slots=" ".join([f"{SOON + 55_000}n", *["0n"] * LIMITS.messages_per_minute]))
    assert next_slot(pace.slots, LIMITS, 1.0, NOW) <= NOW + 2 * (WINDOW + JITTER)


@pytest.mark.parametrize("rate", ["0.0001", "1e-300", "0", "-1", "2"])
def test_a_rate_that_nobody_learns_is_none(rate: str) -> None:
    """No lower than the least, no higher than all: a line would take for ever."""
    assert LEAST_RATE <= read(Share=f"[null, 0, 0, 0, {rate}, {SOON - 1000}]").share.rate <= 1.0


@pytest.mark.parametrize("text", ['""', "{}", "[]"])
def test_holds_are_a_list(text: str) -> None:
    """An empty list is nobody's turn; another empty thing is nonsense, for which all turns are taken."""
    assert live(read(Holds=text), NOW) == (0 if text == "[]" else LIMITS.connections)


def test_turns_by_hand_end_as_others_do() -> None:
    """However far ahead their end is said to be."""
    pace = read(Holds=f'[["x", 3, {SOON}, {SOON + 10**12}]]')
    assert held(pace, "x", NOW + EXPIRES + AHEAD - 0.1) is not None
    assert held(pace, "x", NOW + EXPIRES + AHEAD) is None


def test_recipients_of_next_year_do_not_count() -> None:
    """Nor do those of a bucket that is not there yet; what is old is kept until it is pruned."""
    assert read(Days=json.dumps({str(TODAY + 2): 9, str(TODAY + 1): 1, "-5": 3, str(TODAY): 2})).days == {
        TODAY + 1: 1,
        -5: 3,
        TODAY: 2,
    }
