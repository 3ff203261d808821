"""The span of one SMTP transaction: it begins with MAIL and ends with the last reply, while the story writes in between."""

from collections.abc import Callable
from contextvars import copy_context

from shared.rules.outcome import Outcome, Parked, Phase, Rejected, Reply, Retry, Sent, Unknown
from shared.telemetry import Attr, Attributes, Kind, Metric, Telemetry, Value


class TransactionSpan:
    """A child of the span in which it was made, without being the current span of anybody.

    It is entered and left in a context of its own, so that spans of the caller may begin and end in between, in any order.
    """

    def __init__(self, telemetry: Telemetry, monotonic: Callable[[], float], attributes: Attributes) -> None:
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._started = monotonic()
        self._context = copy_context()
        self._manager = telemetry.span("smtp transaction", kind=Kind.CLIENT, attributes=attributes)
        self._span = self._context.run(self._manager.__enter__)

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set(attributes)

    def end(self, phase: Phase, outcome: Outcome | str) -> None:
        """End it: with the transaction's outcome, or a word where there is none."""
        word = outcome if isinstance(outcome, str) else type(outcome).__name__.lower()
        self._span.set({Attr.OUTCOME: word})
        if isinstance(outcome, Sent | Retry | Rejected | Parked):
            self._span.set(reply_attributes(outcome.reply))
        if isinstance(outcome, Retry | Rejected | Parked | Unknown):
            self._span.set({Attr.PHASE: phase})
            self._span.fail(outcome.reason.code)
        self._context.run(self._manager.__exit__, None, None, None)
        seconds = self._monotonic() - self._started
        self._telemetry.record(Metric.SMTP_DURATION, seconds, {Attr.PHASE: "transaction", Attr.OUTCOME: word})


def reply_attributes(reply: Reply | None) -> Attributes:
    """The codes of a reply, never its text."""
    if reply is None:
        return {}
    attributes: dict[Attr, Value] = {Attr.REPLY_CODE: reply.code}
    if reply.enhanced is not None:
        attributes[Attr.ENHANCED_CODE] = reply.enhanced
    return attributes
