"""Times and trace contexts in an envelope."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import field_rules as rules


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:00:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T09:00:00z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23t10:00:00.5+01:00", datetime(2026, 11, 23, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23 09:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T09:00:00.0000000Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T03:30:00-0530", datetime(2026, 11, 23, 9, tzinfo=UTC)),
    ],
)
def test_a_time_with_an_offset_is_one_instant(text: str, instant: datetime) -> None:
    """The forms in which other languages write ISO 8601 are read."""
    assert rules.moment(text) == instant


@pytest.mark.parametrize(
    "value",
    ["", "2026-11-23", "2026-11-23T09:00:00", "2026-02-30T09:00:00Z", "2026-11-23T24:61:00Z", "2026-11-23T09:00:00+99:99",
     "2026-W48-1T09:00:00Z", "tomorrow", "٢٠٢٦-11-23T09:00:00Z", 5, True, [], {}, datetime(2026, 11, 23)],  # noqa: DTZ001 - a naive time is the case
)  # fmt: skip
def test_a_time_without_an_offset_is_refused(value: object) -> None:
    """What names no instant is refused."""
    with pytest.raises(ValueError, match="time"):
        rules.moment(value)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
def test_every_aware_time_is_read_back(at: datetime) -> None:
    """What Python writes is read as the same instant, in every year, and has a timestamp."""
    moment = rules.moment(at.isoformat())
    assert moment == at
    assert moment is not None
    assert moment.timestamp() == at.timestamp()


W3C_EXAMPLE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_specifications_traceparent_is_kept() -> None:
    """W3C Trace Context gives this example; flags beyond the sampled one stay as well."""
    assert rules.traceparent(W3C_EXAMPLE) == W3C_EXAMPLE
    assert rules.traceparent(W3C_EXAMPLE[:-2] + "03") == W3C_EXAMPLE[:-2] + "03"


@given(st.none() | st.integers() | st.text() | st.lists(st.text()))
def test_a_broken_trace_context_is_left_out(value: object) -> None:
    """Nothing that stands in these two fields ever fails a mail."""
    assert rules.traceparent(value) is None
    assert rules.tracestate(value) in (None, value)


@pytest.mark.parametrize(
    "text", [W3C_EXAMPLE.upper(), W3C_EXAMPLE + "-x", "ff" + W3C_EXAMPLE[2:], "00-" + "0" * 32 + W3C_EXAMPLE[35:]]
)
def test_traceparents_that_only_look_right_are_left_out(text: str) -> None:
    """Capitals, tails, version ff and a zero trace id are invalid."""
    assert rules.traceparent(text) is None
