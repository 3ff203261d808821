"""What the pace means in words: when the day's wall comes, who else takes the mailbox, what the tenant may.

Times are shown in the terminal's own time zone, or in `zone`; with their date where it is not today's.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

Entry = Mapping[str, Any]


class Times:
    """The times of one answer, read on the day on which the app gave it."""

    def __init__(self, now: str, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._today = self._read(now)

    def clock(self, text: str | None) -> str:
        """`14:20`, or `2026-11-24 14:20`; what is no time stays as it is."""
        at = self._read(text)
        if at is None:
            return text or "-"
        return f"{at:%H:%M}" if self._days_ahead(at) == 0 else f"{at:%Y-%m-%d %H:%M}"

    def moved(self, mails: object, text: str) -> str:
        """`312 mails move to tomorrow, the first at 08:02`."""
        at, counted = self._read(text), plural(mails, "mail")
        ahead = None if at is None else self._days_ahead(at)
        if at is None or ahead == 0:
            return f"{counted} {_s('wait', mails)} behind it, the first until {self.clock(text)}"
        day = "tomorrow" if ahead == 1 else f"{at:%Y-%m-%d}"
        return f"{counted} {_s('move', mails)} to {day}, the first at {at:%H:%M}"

    def is_over(self, text: str) -> bool:
        """Whether it was before the answer."""
        at = self._read(text)
        return at is not None and self._today is not None and at <= self._today

    def _read(self, text: str | None) -> datetime | None:
        try:
            return datetime.fromisoformat(text or "").astimezone(self._zone)
        except (ValueError, OverflowError, OSError):
            return None

    def _days_ahead(self, at: datetime) -> int | None:
        if self._today is None:
            return None
        return (at.date() - self._today.date()) // timedelta(days=1)


def sentences(body: Entry, times: Times) -> Iterator[str]:
    """A line for everything that somebody should know; the last one is about the tenant."""
    for box in body["mailboxes"]:
        name, wall, foreign = box["mailbox"], box["wall"], box["foreign"]
        if wall:
            yield f"{name}: {_wall(wall, times)}"
        if foreign["connections"] or foreign["messages_per_minute"]:
            yield f"{name}: {_foreign(foreign, times)}"
    for box in body["unreadable"]:
        yield f"{box['mailbox']}: {box['reason']}; ask the app's newest version"
    yield _tenant(body["tenant"])


def is_faulty(body: Entry) -> bool:
    """Whether somebody should act: a wall that stands or keeps mails, foreign load, a row not read, the tenant's limit."""
    boxes = body["mailboxes"]
    walls = (box["wall"] for box in boxes if box["wall"])
    held = any(wall["reached"] or wall["mails"] for wall in walls) or any(box["foreign"]["felt"] for box in boxes)
    return bool(held or body["unreadable"] or body["tenant"]["reached"])


def number(value: object) -> str:
    """`12,345`."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def plural(count: object, thing: str) -> str:
    """`1 mail`, `2 mails`."""
    return f"{number(count)} {thing}" if count == 1 else f"{number(count)} {thing}s"


def _s(verb: str, count: object) -> str:
    return f"{verb}s" if count == 1 else verb


def _wall(wall: Entry, times: Times) -> str:
    kept = f" (the last {number(wall['kept'])} are kept for priority high)" if wall["kept"] else ""
    reached = "are used up" if wall["reached"] else f"reached at {times.clock(wall['at'])}"
    mails = times.moved(wall["mails"], wall["next_at"]) if wall["mails"] else f"room from {times.clock(wall['next_at'])}"
    return f"{number(wall['recipients'])} recipients {reached}; {mails}{kept}"


def _foreign(foreign: Entry, times: Times) -> str:
    taken = [
        f"{plural(foreign['messages_per_minute'], 'message')} a minute" if foreign["messages_per_minute"] else "",
        plural(foreign["connections"], "connection") if foreign["connections"] else "",
    ]
    line = f"foreign load: others take {' and '.join(part for part in taken if part)}"
    if foreign["next_try_at"] is None:
        return line
    when = "with the next mail" if times.is_over(foreign["next_try_at"]) else f"at {times.clock(foreign['next_try_at'])}"
    return f"{line}; one connection more is tried {when}"


def _tenant(tenant: Entry) -> str:
    used = f"tenant: {plural(tenant['external'], 'external recipient')} in the last 24 hours"
    if tenant["limit"] is None:
        return f"{used}; set licences in [cloud] of mail.toml to see the tenant's limit"
    may = f"of {number(tenant['limit'])} with {plural(tenant['licences'], 'licence')}"
    return f"{used}, {may} (a trial tenant: {number(tenant['trial_limit'])})"
