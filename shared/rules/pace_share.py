"""Other programs may share the mailbox: what Exchange says about that, and how our share shrinks and grows back."""

from dataclasses import replace

from shared.rules.pace import Limits, Pace, Share
from shared.rules.pace_turns import live

TRIES = (40.0, 60.0, 120.0, 240.0)
"""Seconds after a `432` until one more connection is tried; the next number after each try that was refused. Another client
that stays for a minute and a half costs three refusals: two connections that were open with it, and one try."""

PROVED = 5
"""Mails that left since a connection was added: a refusal after them is news, and not that the try was refused."""

CLIMB = 5.0
"""Seconds from a try that nobody refused to the next one."""

TRIED = 10.0
"""Seconds after a try in which a refusal means the try: a connection is opened for the next mail, whose reply takes time."""

SLOW = 3.0
"""Seconds. A longer reply to the final dot is one that Exchange delays for the rate; usual ones take one or two."""

SLOW_PER_OCTET = 1e-6
"""Seconds more for each octet of content: a large mail takes its time to be stored."""

SLOWER = 0.8
"""Of the rate, after a delayed reply."""

LEAST_RATE = 0.1
"""Of the full rate: what is left to us however often Exchange delays."""

SLOWED_FOR = 5.0
"""Seconds in which several delayed replies count as one: they are about the same minute."""

RECOVERY = 0.0025
"""Of the full rate, gained back each second: all of it in about six minutes, from the worst."""


def is_slow(seconds: float, octets: int) -> bool:
    """Whether a reply that took so long was delayed for the rate."""
    return seconds > SLOW + SLOW_PER_OCTET * octets


def refused(pace: Pace, owner: str, limits: Limits, now: float) -> Pace:
    """Exchange said 432 to this owner: half as many connections as are open now, and its only one is the first to go."""
    share = pace.share
    since = sum(share.raised < slot.at <= now for slot in pace.slots)
    was_a_try = share.connections is not None and now - share.raised < TRIED and since <= PROVED
    longer = [wait for wait in TRIES if wait > share.patience] if was_a_try else [max(TRIES[0], share.patience)]
    patience = longer[0] if longer else TRIES[-1]
    fewer = max(1, min(_allowed(share, limits), live(pace, now)) // 2)
    holds = tuple(replace(one, since=now) if one.owner == owner and one.count == 1 else one for one in pace.holds)
    given_way = replace(share, connections=fewer, next_try=now + patience, raised=0.0, patience=patience)
    return replace(pace, holds=holds, share=given_way)


def slowed(pace: Pace, now: float) -> Pace:
    """Exchange delayed a reply for the rate: fewer mails in a minute."""
    share = pace.share
    if now - share.slowed < SLOWED_FOR:
        return pace
    rate = max(LEAST_RATE, SLOWER * recovered(share, now).rate)
    return replace(pace, share=replace(share, rate=rate, slowed=now))


def recovered(share: Share, now: float) -> Share:
    """The share with what it has gained back by now.

    It begins when a delayed reply would count again, and stays that long behind: or whoever looks would be taken for one.
    """
    since = now - SLOWED_FOR
    if share.rate >= 1.0 or since <= share.slowed:
        return share
    return replace(share, rate=min(1.0, share.rate + RECOVERY * (since - share.slowed)), slowed=since)


def tried(pace: Pace, limits: Limits, now: float) -> Pace:
    """One more connection, if it is time for it; with all of them back the refusals are forgotten."""
    share = pace.share
    if share.connections is None or now < share.next_try:
        return pace
    if share.connections >= limits.connections:
        return replace(pace, share=Share(rate=share.rate, slowed=share.slowed))
    return replace(pace, share=replace(share, connections=share.connections + 1, next_try=now + CLIMB, raised=now))


def _allowed(share: Share, limits: Limits) -> int:
    return limits.connections if share.connections is None else min(limits.connections, share.connections)
