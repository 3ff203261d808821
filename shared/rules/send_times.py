"""How far ahead a mail may be planned, and when it is too late for it: what needs the time of now to be judged.

What the two times say about each other, and how they are written, is the envelope's own business.
"""

from shared.rules.envelope import Envelope
from shared.rules.problems import Faults

TOO_FAR_AHEAD = "too-far-ahead"
ALREADY_EXPIRED = "already-expired"

FARTHEST = 366 * 86_400.0
"""Seconds from now to `send_at`: a year to the day, also over a leap day. Beyond it the sender, its rules and its recipients
are hardly the ones that were checked, and a date is more likely in milliseconds or in the wrong century."""

LONGEST_SPAN = FARTHEST
"""Seconds from a mail's time to its `expires_at`: far beyond any sender's `expires_after`, which ends it anyway."""


def check_reach(envelope: Envelope, now: float) -> None:
    """Raise `Refused` with code `too-far-ahead` for a mail that is planned, or would end, beyond what anybody can mean."""
    due = now if envelope.send_at is None else max(now, envelope.send_at.timestamp())
    faults = Faults()
    if due > now + FARTHEST:
        faults.add(
            "/send_at", "send_at is more than a year ahead; send an earlier time, or send the mail nearer to its time"
        )
    elif envelope.expires_at is not None and envelope.expires_at.timestamp() > due + LONGEST_SPAN:
        faults.add(
            "/expires_at", "expires_at is more than a year after the mail's time; leave it out: the sender has an end too"
        )
    faults.raise_any(code=TOO_FAR_AHEAD)


def check_not_over(envelope: Envelope, now: float) -> None:
    """Raise `Refused` with code `already-expired` for a mail whose `expires_at` has come."""
    faults = Faults()
    if envelope.expires_at is not None and envelope.expires_at.timestamp() <= now:
        faults.add("/expires_at", "expires_at is in the past; send a later time, or leave it out")
    faults.raise_any(code=ALREADY_EXPIRED)
