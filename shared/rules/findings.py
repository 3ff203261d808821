"""What the doctor finds, step by step, in the order in which a mail would meet it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.rules.outcome import Reason


class Step(StrEnum):
    """The doctor's way, from our own settings to Exchange's final answer."""

    SETTINGS = "settings"
    STORAGE = "storage"
    DNS = "dns"
    TCP = "tcp"
    STARTTLS = "starttls"
    EHLO = "ehlo"
    TOKEN = "token"  # noqa: S105 - a step's name
    AUTH = "auth"
    MAIL_FROM = "mail-from"
    STOPS = "stops"
    SEND = "send"


class Standing(StrEnum):
    """How a step went; `skipped` is what could not be tried because of a fault before it."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One step for one subject (a mailbox, a queue, the server): what was seen, and where it failed, why and what cures it.

    `seen` is a sentence or facts in plain words, never a token; `reason` is None where all is well.
    """

    step: Step
    standing: Standing
    subject: str = ""
    seen: str = ""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A step on the way to the server that went well, and what was seen: addresses, TLS version, extensions."""

    step: Step
    facts: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The step at which it ended, why, and the reply's codes ('' where nobody said anything)."""

    step: Step
    reason: Reason
    codes: str = ""


class Verdict(StrEnum):
    """What all findings amount to. Exchange decides the right to send after DATA, so only a mail proves it."""

    PROVEN = "proven"
    NOT_PROVEN = "not-proven"
    FAULT = "fault"


VERDICTS = {
    Verdict.PROVEN: "Exchange accepted a mail: this app can send",
    Verdict.NOT_PROVEN: "authenticated, right to send not proven: Exchange decides that after DATA; --send sends a mail",
    Verdict.FAULT: "something is in the way of mail",
}
"""In plain words."""


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """A fault outweighs everything; without one, a sender whose mail was not tried leaves the question open."""
    found = list(findings)
    if any(one.standing is Standing.FAULT for one in found):
        return Verdict.FAULT
    sent = [one for one in found if one.step is Step.SEND]
    return Verdict.PROVEN if sent and all(one.standing is Standing.OK for one in sent) else Verdict.NOT_PROVEN


def ok(step: Step, subject: str = "", seen: str = "") -> Finding:
    """All is well."""
    return Finding(step, Standing.OK, subject, seen)


def fault(step: Step, reason: Reason, subject: str = "", seen: str = "") -> Finding:
    """This step failed, for this reason."""
    return Finding(step, Standing.FAULT, subject, seen, reason)


def warning(step: Step, reason: Reason, subject: str = "", seen: str = "") -> Finding:
    """It works, but not for long or not as it should."""
    return Finding(step, Standing.WARNING, subject, seen, reason)


def skipped(step: Step, subject: str = "", seen: str = "") -> Finding:
    """It could not be tried."""
    return Finding(step, Standing.SKIPPED, subject, seen)
