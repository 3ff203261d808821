"""Who may have a connection open: turns with an expiry, and the line of instances that wait for one.

Nobody takes a turn before it reads in the row that one was released or is over; a guard of time alone lets a fourth
connection through (pacing reference, 2).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from shared.rules.pace import Hold, Lane, Limits, Pace, Wish

EXPIRES = 5.0
"""Seconds until a turn is over that nobody renewed: a dead instance's connections are free after that."""

MARGIN = 1.5
"""Seconds before its end from which a turn is not used any more: clocks and closing take time."""

RENEW = 2.5
"""Seconds before its end at which a turn that is in use is renewed: two slow writes still fit in."""

QUANTUM = 1.5
"""Seconds of a turn after which its holder makes room for an instance that waits; about four mails at ten a second."""

MAILS = 8
"""Mails of a turn at least: opening a connection costs as much as some of them."""

WISH = 2.0
"""Seconds for which a wish counts that nobody repeats; a free turn is kept for it, so a dead instance's must end soon."""

WISH_AGAIN = 0.8
"""Seconds before its end at which a wish is repeated."""

_RANK = {Lane.HIGH: 0, Lane.NORMAL: 1, Lane.BULK: 2}


def rank(lane: Lane) -> int:
    """The order of the lanes: the lowest first."""
    return _RANK[lane]


def cap(pace: Pace, limits: Limits) -> int:
    """Connections that may be open now, of all instances together."""
    allowed = pace.share.connections
    return limits.connections if allowed is None else max(1, min(limits.connections, allowed))


def held(pace: Pace, owner: str, now: float) -> Hold | None:
    """The owner's turns, if they are not over."""
    return next((hold for hold in pace.holds if hold.owner == owner and hold.expires > now), None)


def live(pace: Pace, now: float) -> int:
    """Turns that are held now."""
    return sum(hold.count for hold in pace.holds if hold.expires > now)


def others_wish(pace: Pace, owner: str, now: float) -> list[Wish]:
    """Instances that wait for a turn, the most urgent first."""
    wishes = [wish for wish in pace.wishes if wish.owner != owner and wish.until > now]
    return sorted(wishes, key=_urgency)


def wish_of(pace: Pace, owner: str) -> Wish | None:
    """The owner's wish."""
    return next((wish for wish in pace.wishes if wish.owner == owner), None)


def last_sign(pace: Pace, owner: str, now: float) -> float:
    """When another instance was last seen at this mailbox."""
    theirs = any(hold.owner != owner and hold.expires > now for hold in pace.holds)
    if theirs or others_wish(pace, owner, now):
        return now
    return pace.slots[-1].at if pace.slots else -inf


def surplus(pace: Pace, owner: str, limits: Limits, now: float) -> int:
    """How many of the owner's turns are more than foreign load leaves: those who came last have to go."""
    free = cap(pace, limits)
    for hold in sorted(pace.holds, key=lambda one: (one.since, one.owner)):
        if hold.expires <= now:
            continue
        if hold.owner == owner:
            return max(0, hold.count - free)
        free = max(0, free - hold.count)
    return 0


def should_yield(pace: Pace, owner: str, limits: Limits, now: float, *, takes: float = 0.0) -> bool:
    """Whether the owner's turns are wanted by others and it has had its time.

    `takes` is what a mail takes of a connection, in seconds: where that is long, so are turns.
    """
    mine = held(pace, owner, now)
    if mine is None:
        return False
    free = cap(pace, limits) - live(pace, now)
    return len(others_wish(pace, owner, now)) > free and now - mine.since >= max(QUANTUM, MAILS * takes)


def take(pace: Pace, owner: str, wanted: int, lane: Lane, limits: Limits, now: float) -> Pace:
    """The row with up to `wanted` turns of the owner, renewed; with none to be had it wishes for one."""
    mine = held(pace, owner, now)
    have = mine.count if mine else 0
    others = tuple(hold for hold in pace.holds if hold.owner != owner and hold.expires > now)
    free = cap(pace, limits) - sum(hold.count for hold in others) - have
    count = min(wanted, have + max(0, free - _before(pace, owner, lane, now)))
    since = mine.since if mine else now
    holds = (*others, Hold(owner, count, since, now + EXPIRES)) if count else others
    wishes = _wishes(pace, owner, lane if wanted and not count else None, now)
    return replace(pace, holds=holds, wishes=wishes)


def _before(pace: Pace, owner: str, lane: Lane, now: float) -> int:
    """How many other instances come first for a free turn."""
    own = wish_of(pace, owner)
    mine = Wish(owner, lane, own.since if own else now, now)
    return sum(_urgency(wish) < _urgency(mine) for wish in others_wish(pace, owner, now))


def _wishes(pace: Pace, owner: str, lane: Lane | None, now: float) -> tuple[Wish, ...]:
    own = wish_of(pace, owner)
    others: Sequence[Wish] = [wish for wish in pace.wishes if wish.owner != owner and wish.until > now]
    if lane is None:
        return tuple(others)
    if own is not None and own.lane is lane and own.until - now > WISH_AGAIN:
        return (*others, own)
    return (*others, Wish(owner, lane, own.since if own else now, now + WISH))


def _urgency(wish: Wish) -> tuple[int, float, str]:
    return rank(wish.lane), wish.since, wish.owner
