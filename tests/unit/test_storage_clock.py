"""Storage's time in a process: what answers say about it, and what becomes of a clock that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edges.storage_clock import DRIFT, NOTABLE, StorageClock, bounds

NOON = 1_795_435_200.0
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
ETAG = "W/\"datetime'2026-11-23T12%3A00%3A00.1234567Z'\""


class World:
    """Storage's time as it really is, a process that runs since `monotonic` 100, and its wall clock."""

    def __init__(self, *, wrong: float = 0.0) -> None:
        self.true = NOON
        self.wrong = wrong
        self.clock = StorageClock(wall=lambda: self.true + self.wrong, monotonic=lambda: self.true - NOON + 100.0)

    @property
    def error(self) -> float:
        """By how much the process is wrong about storage's time."""
        return abs(self.clock.now() - self.true)

    def answer(self, there: float, back: float, *, exact: bool = False) -> None:
        """An answer that was made after `there` seconds and came `back` seconds later; an exact one tells the moment."""
        sent = self.clock.monotonic()
        self.true += there
        made = self.true
        self.true += back
        self.clock.heard(*((made, made) if exact else (made // 1.0, made // 1.0 + 1.0)), sent=sent)


def test_a_date_bounds_an_answer_by_a_second() -> None:
    """It is cut off, not rounded."""
    assert bounds("GET", {"Date": DATE}) == (NOON, NOON + 1.0)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "MERGE"])
def test_the_etag_of_a_write_is_its_time(method: str) -> None:
    """To a microsecond, however it is quoted."""
    for etag in (ETAG, ETAG.replace("%3A", ":")):
        first, last = bounds(method, {"Date": DATE, "ETag": etag}) or (0.0, 1.0)
        assert first == last == pytest.approx(NOON + 0.123456, abs=1e-6)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_etag_of_a_read_is_of_somebodys_earlier_write(method: str) -> None:
    """The date is all that it tells."""
    assert bounds(method, {"Date": DATE, "ETag": ETAG}) == (NOON, NOON + 1.0)


@pytest.mark.parametrize("etag", ["", '"0x8DD0C0FFEE"', "W/\"datetime'yesterday'\"", "*", ETAG + "x"])
def test_other_etags_tell_nothing(etag: str) -> None:
    """Blobs have some."""
    assert bounds("PUT", {"Date": DATE, "ETag": etag}) == (NOON, NOON + 1.0)


@pytest.mark.parametrize("date", ["", "noon", "Mon, 99 Nov 2026 12:00:00 GMT", "23.11.2026"])
def test_an_answer_without_a_date_tells_nothing(date: str) -> None:
    """A proxy's, for example."""
    assert bounds("GET", {"Date": date}) is None
    assert bounds("GET", {}) is None


def test_until_storage_was_heard_the_local_clock_is_all_there_is() -> None:
    """It moves on with the clock that never jumps."""
    world = World(wrong=7.0)
    assert world.clock.now() == world.true + 7.0
    world.true += 60
    assert world.clock.now() == pytest.approx(world.true + 7.0)


trips = st.tuples(st.floats(0.001, 2.0), st.floats(0.001, 2.0), st.floats(0, 30.0))


@given(st.lists(st.tuples(trips, st.booleans()), min_size=1, max_size=40), st.floats(-7200, 7200))
def test_honest_answers_tell_the_time_to_the_shortest_way(
    answers: list[tuple[tuple[float, float, float], bool]], wrong: float
) -> None:
    """Never further off than the fastest write took, or a date's second besides; however wrong the local clock is."""
    world, best = World(wrong=wrong), float("inf")
    for (there, back, later), exact in answers:
        world.answer(there, back, exact=exact)
        best = min(best, there + back + (0.0 if exact else 1.0))
        best += DRIFT * (there + back)
        assert world.error <= best / 2 + 1e-5
        world.true += later
        best += DRIFT * later


@given(st.floats(0.01, 0.2), st.floats(-7200, 7200), st.floats(0, 1))
def test_dates_alone_tell_more_than_half_a_second(way: float, wrong: float, begins: float) -> None:
    """After some of them, at other parts of a second each, the time is known better than one of them tells it."""
    world = World(wrong=wrong)
    world.true += begins
    for _ in range(60):
        world.answer(way / 2, way / 2)
        world.true += 0.377
    assert world.error < 0.25


def test_a_clock_that_is_an_hour_wrong_is_corrected_at_once_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """By the first answer; a person may want to know."""
    world = World(wrong=3600.0)
    world.answer(0.01, 0.01)
    assert world.error <= 0.52
    world.answer(0.01, 0.01, exact=True)
    assert world.error <= 0.01 + 1e-6
    assert [record.getMessage() for record in caplog.records] == [
        "this instance's clock is off by +3600 s; storage's time is used instead"
    ]


def test_a_clock_that_is_nearly_right_is_nothing_to_speak_of(caplog: pytest.LogCaptureFixture) -> None:
    """Half a minute is corrected in silence."""
    world = World(wrong=NOTABLE - 1)
    world.answer(0.01, 0.01, exact=True)
    assert world.error <= 0.01 + 1e-6
    assert caplog.text == ""


def test_a_wall_clock_that_is_put_right_changes_nothing() -> None:
    """Only the clock that never jumps is used."""
    world = World(wrong=100.0)
    world.answer(0.01, 0.01, exact=True)
    world.wrong = -5.0
    assert world.error <= 0.01 + 1e-6


@pytest.mark.parametrize("jump", [-3600.0, -3.0, 3.0, 3600.0])
def test_a_jump_is_followed(jump: float) -> None:
    """The process was frozen, or storage's clock was put right: the newest answer wins over all that contradict it."""
    world = World()
    for _ in range(5):
        world.answer(0.01, 0.01, exact=True)
    sent = world.clock.monotonic()
    world.clock.heard(world.true + jump, world.true + jump, sent=sent)
    assert world.clock.now() == pytest.approx(world.true + jump, abs=0.001)
    world.clock.heard(world.true + jump, world.true + jump + 1.0, sent=sent)
    assert world.clock.now() == pytest.approx(world.true + jump, abs=0.001)


def test_what_was_learned_grows_older() -> None:
    """An hour later the bounds are wider by the drift, so that a clock that runs wrong is still corrected."""
    world = World()
    world.answer(0.0005, 0.0005, exact=True)
    world.true += 3600
    shifted = 0.9 * DRIFT * 3600
    world.clock.heard(world.true + shifted, world.true + shifted, sent=world.clock.monotonic() - 0.5)
    assert world.clock.now() == pytest.approx(world.true + shifted, abs=0.02)
