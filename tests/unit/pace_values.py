"""Values for the tests of the pace: a moment, limits, lines of mails, and what a sliding minute holds."""

from collections.abc import Iterable, Sequence

from shared.rules.pace import JITTER, WINDOW, Hold, Lane, Limits, Pace, Slot, Wish
from shared.rules.pace_booking import Ask, Booking, Correction, Want, book
from shared.rules.pace_turns import EXPIRES, WISH

NOW = 1_800_000_000.0
"""Far from zero, as real times are: floats have a grain of a quarter of a microsecond there."""

GRAIN = 1e-5
"""Seconds that a sum of such floats may be off by."""

LIMITS = Limits(messages_per_minute=30, connections=3, recipients_per_day=10_000)


def limits(per_minute: int = 30, connections: int = 3, per_day: int = 1_000_000) -> Limits:
    """Limits of which a test names what matters."""
    return Limits(per_minute, connections, per_day)


def slots_at(*times: float, lane: Lane = Lane.BULK) -> tuple[Slot, ...]:
    """Slots so many seconds from `NOW`."""
    return tuple(Slot(NOW + at, lane) for at in times)


def shortest_span(times: Iterable[float], count: int) -> float:
    """The shortest time from any mail to the `count`-th one after it: below a minute, some minute held more than `count`."""
    ordered = sorted(times)
    return min((later - first for first, later in zip(ordered, ordered[count:], strict=False)), default=WINDOW + JITTER)


def hold(owner: str, count: int = 1, *, since: float = 0.0, left: float = EXPIRES) -> Hold:
    """Turns that the owner has had for `since` seconds and has for `left` more."""
    return Hold(owner, count, NOW - since, NOW + left)


def wish(owner: str, lane: Lane = Lane.BULK, *, since: float = 0.0, left: float = WISH) -> Wish:
    """A wish of this age."""
    return Wish(owner, lane, NOW - since, NOW + left)


def want(
    mail_id: str, lane: Lane = Lane.BULK, recipients: int = 1, *, place: float | None = None, ready: bool = False
) -> Want:
    """A mail in hand."""
    return Want(mail_id, lane, recipients, place=place, ready=ready)


def ask(*wants: Want, owner: str = "a", room: int | None = None, corrections: Sequence[Correction] = ()) -> Ask:
    """An instance with one turn that asks for slots for all of these mails."""
    return Ask(owner, wants, room=len(wants) if room is None else room, turns=1 if wants else 0, corrections=corrections)


def first_booking(pace: Pace, *wants: Want, now: float = NOW, own: Limits = LIMITS) -> Booking:
    """What these mails get of this row."""
    return book(pace, ask(*wants), own, now)
