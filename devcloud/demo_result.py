"""What the demo found out about one door: the mail, its states, its traces, and whatever is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FIRST_SPAN = "accept"
LAST_SPAN = "smtp transaction"
"""The two ends of a mail's trace (issue 2, section 2)."""


@dataclass(slots=True)
class Finding:
    """Everything about one door, filled as it becomes known; JSON data as the two APIs gave it."""

    door: str
    does: str
    refused: str = ""
    mail: Mapping[str, Any] | None = None
    status: Mapping[str, Any] = field(default_factory=dict)
    status_error: str = ""
    traces: Sequence[Mapping[str, Any]] = ()

    @property
    def missing(self) -> list[str]:
        """One sentence for each thing that should be there and is not; empty when all is well."""
        if self.refused:
            return [f"the event was not accepted: {self.refused}"]
        if self.mail is None:
            return ["the mail did not arrive"]
        sentences = []
        if self.status.get("state") != "sent":
            sentences.append(self.status_error or f"its state is {self.status.get('state')!r}, not 'sent'")
        if not any(spans_all(trace) for trace in self.traces):
            sentences.append(f"no trace of it reaches from {FIRST_SPAN!r} to {LAST_SPAN!r}")
        return sentences

    @property
    def telling_traces(self) -> list[Mapping[str, Any]]:
        """The traces of the mail's way; without such a trace, all that name it (asking for its state makes one, too)."""
        return [trace for trace in self.traces if spans_all(trace)] or list(self.traces)

    @property
    def mail_id(self) -> str:
        """The local part of the Message-ID."""
        message_id = str(self.mail["message_id"]) if self.mail else ""
        return message_id.strip("<> ").rpartition("@")[0]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "door": self.door,
            "ok": not self.missing,
            "missing": self.missing,
            "mail": self.mail,
            "status": self.status,
            "traces": self.traces,
        }


def spans_all(trace: Mapping[str, Any]) -> bool:
    """Whether one trace holds both ends of the way."""
    return {FIRST_SPAN, LAST_SPAN} <= {span["name"] for span in trace["spans"]}
