"""What the receiver keeps is bounded, and the mails' index never points at what was dropped."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.inbox.points import Point
from devcloud.inbox.spans import SPAN_OVERHEAD, Span
from devcloud.inbox.store import MetricStore, TraceStore, mail_id_of

BARE = Span(
    trace_id="t", span_id="s", parent_span_id=None, name="step", kind="internal", start=0, end=1, status="unset",
    status_message="", attributes={}, links=(), events=(), service="", instance="",
)  # fmt: skip
POINT = Point(name="n", unit="", description="", kind="sum", attributes={}, resource={}, at=0, values={"value": 1})


def _span(trace: str, span: str = "s", *, mail: str | None = None, start: int = 0, name: str = "step") -> Span:
    return replace(
        BARE, trace_id=trace, span_id=span, start=start, name=name, attributes={"keyless_mail.id": mail} if mail else {}
    )


def test_the_longest_untouched_trace_goes_first() -> None:
    """Beyond the limit whole traces go, and one that still grows is not the oldest."""
    store = TraceStore(max_bytes=5 * SPAN_OVERHEAD)
    store.add([_span("a", mail="m"), _span("b", mail="m")])
    store.add([_span("a", "s2")])
    store.add([_span("c")])
    assert store.get("b") is None
    assert [trace.trace_id for trace in store.about_mail("m")] == ["a"]
    assert [trace.trace_id for trace in store.newest(9)] == ["c", "a"]


def test_a_trace_larger_than_everything_is_cut_and_says_so() -> None:
    """Spans for which there is no room are counted, and what was there stays."""
    store = TraceStore(max_bytes=5 * SPAN_OVERHEAD)
    store.add(_span("a", str(number)) for number in range(50))
    trace = store.get("a")
    assert trace is not None
    assert len(trace.spans) + trace.lost == 50
    assert 1 <= len(trace.spans) <= 5
    store.add([_span("huge", name="x" * 10 * SPAN_OVERHEAD)])
    assert store.get("huge") is None


def test_a_repeated_export_changes_nothing() -> None:
    """Exporters repeat what they are not sure of; the second copy replaces the first at no cost."""
    store = TraceStore()
    store.add([_span("a"), _span("a", "s2")])
    once = store.bytes
    store.add([_span("a"), _span("a", "s2")])
    assert (store.bytes, len(store.newest(9))) == (once, 1)


def test_traces_of_a_mail_come_in_the_order_of_their_beginning() -> None:
    """The accepting trace stands before a later one, whichever arrived first."""
    store = TraceStore()
    store.add([_span("late", mail="m", start=9), _span("early", mail="m", start=1)])
    assert [trace.trace_id for trace in store.about_mail("m")] == ["early", "late"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from("123"), st.sampled_from(["m1", "m2", None]), st.integers(0, 3_000)
        ),
        max_size=60,
    )
)
def test_whatever_arrives_the_limit_holds_and_the_books_balance(arrivals: list[tuple[str, str, str | None, int]]) -> None:
    """After every span the bytes are those of the spans that are there, within the limit, and no mail leads nowhere."""
    limit = 12_000
    store = TraceStore(max_bytes=limit)
    for trace, span, mail, length in arrivals:
        store.add([_span(trace, span, mail=mail, name="x" * length)])
        kept = store.newest(99)
        assert store.bytes == sum(found.cost for found in kept) <= limit
        assert store.bytes == sum(one.cost for found in kept for one in found.spans.values())
        here = {found.trace_id for found in kept}
        assert {found.trace_id for mail_id in ("m1", "m2") for found in store.about_mail(mail_id)} <= here


def test_metric_series_are_bounded_and_the_freshest_stay() -> None:
    """A series that was touched last is kept longest."""
    store = MetricStore(max_series=2)
    store.add([replace(POINT, attributes={"k": key}) for key in ("a", "b", "a", "c")])
    assert [point.attributes for point in store.all()] == [{"k": "a"}, {"k": "c"}]


@pytest.mark.parametrize(
    ("message_id", "mail_id"),
    [("<ab12@contoso.test>", "ab12"), ("ab12@contoso.test", "ab12"), (" <a@b@c> ", "a@b"), ("<ab12>", ""), ("", "")],
)
def test_the_mail_id_is_the_local_part(message_id: str, mail_id: str) -> None:
    """The joint between a mail and its traces is the part before the last @."""
    assert mail_id_of(message_id) == mail_id
