"""A pace's row as table columns and back: short text that a person can read, times as Edm.DateTime or in milliseconds.

Reading trusts nothing. A column that makes no sense must neither throttle the mailbox nor stop it for ever: what it would
have said is taken to be the worst for as long as that can matter (a full minute, all turns taken), and is named in the log.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from shared.edges.ledger_columns import ColumnReader, broken, plain
from shared.rules.pace import WINDOW, Hold, Lane, Limits, Line, Pace, Share, Slot, Wish
from shared.rules.pace_day import BUCKET
from shared.rules.pace_share import LEAST_RATE, TRIES
from shared.rules.pace_slots import effective
from shared.rules.pace_turns import EXPIRES, WISH
from shared.rules.storage_errors import BrokenRow, NewerRow

log = logging.getLogger("keyless_mail")

Part = TypeVar("Part")

PACE_VERSION = 1
"""Raised when a column changes its meaning; an instance that meets a newer row leaves the mails to newer instances."""

AHEAD = 5.0
"""Seconds by which another instance's idea of storage's time may be ahead of ours."""

LONGEST_LINE = 366 * 86_400.0
"""Seconds at full speed; a longer line is no line that an app could have."""

PARTS_LIMIT = 100
"""Holds, wishes and lines that one row may have; bounds what a hand-edited column can make us read."""

_LETTERS = {Lane.HIGH: "h", Lane.NORMAL: "n", Lane.BULK: "b"}
_LANES = {letter: lane for lane, letter in _LETTERS.items()}


def to_columns(mailbox: str, pace: Pace) -> dict[str, Any]:
    """The row's columns, without its keys."""
    return {
        "Mailbox": plain(mailbox),
        "Version": PACE_VERSION,
        "Slots": _slots_text(pace.slots),
        "Holds": _json([[one.owner, one.count, _ms(one.since), _ms(one.expires)] for one in pace.holds]),
        "Wishes": _json([[one.owner, one.lane.value, _ms(one.since), _ms(one.until)] for one in pace.wishes]),
        "Lines": _json({lane.value: [one.tail, one.head, _ms(one.at)] for lane, one in pace.lines.items()}),
        "Share": _json(
            [
                pace.share.connections,
                _ms(pace.share.next_try),
                _ms(pace.share.raised),
                pace.share.patience,
                round(pace.share.rate, 4),
                _ms(pace.share.slowed),
            ]
        ),
        "Days": _json({str(bucket): count for bucket, count in pace.days.items()}),
        "External": _json({str(bucket): count for bucket, count in pace.external.items()}),
    }


def from_columns(columns: Mapping[str, Any], limits: Limits, now: float) -> Pace:
    """The pace that the columns describe; `now` is storage's time. Raises `NewerRow`."""
    read = ColumnReader(columns)
    _check_version(read)
    all_taken = (Hold("unknown", limits.connections, now, now + EXPIRES),)
    pace = Pace(
        slots=_or(read, "Slots", _slots, full_minute(limits, now)),
        holds=_or(read, "Holds", _holds, all_taken),
        wishes=_or(read, "Wishes", _wishes, ()),
        lines=_or(read, "Lines", _lines, {}),
        share=_or(read, "Share", _share, Share()),
        days=_or(read, "Days", _days, {}),
        external=_or(read, "External", _days, {}),
    )
    return _sane(pace, now)


def full_minute(limits: Limits, now: float) -> tuple[Slot, ...]:
    """As if the whole allowance had been used at this moment: what to think of a minute that nothing is known of."""
    return tuple(Slot(now, Lane.BULK) for _ in range(effective(limits, 1.0)[0]))


def _sane(pace: Pace, now: float) -> Pace:
    """Without what lies further ahead than any instance writes: a row edited by hand must not stop a mailbox for ever."""
    today = int(now // BUCKET)
    return replace(
        pace,
        slots=tuple(slot for slot in pace.slots if slot.at <= now + WINDOW),
        holds=tuple(replace(hold, expires=min(hold.expires, now + EXPIRES + AHEAD)) for hold in pace.holds),
        wishes=tuple(replace(wish, until=min(wish.until, now + WISH + AHEAD)) for wish in pace.wishes),
        lines={lane: replace(line, at=min(line.at, now + WINDOW)) for lane, line in pace.lines.items() if _is_line(line)},
        share=replace(
            pace.share,
            next_try=min(pace.share.next_try, now + TRIES[-1]),
            patience=min(pace.share.patience, TRIES[-1]),
            slowed=min(pace.share.slowed, now),
        ),
        days={bucket: count for bucket, count in pace.days.items() if bucket <= today + 1},
        external={bucket: count for bucket, count in pace.external.items() if bucket <= today + 1},
    )


def _is_line(line: Line) -> bool:
    return 0 <= line.head <= line.tail <= line.head + LONGEST_LINE


def _check_version(read: ColumnReader) -> None:
    try:
        version = read.number("Version")
    except BrokenRow:
        log.warning("a pace row has no version; it is taken for this program's")
        return
    if version > PACE_VERSION:
        raise NewerRow(version)


def _or(read: ColumnReader, name: str, parse: Callable[[Any], Part], otherwise: Part) -> Part:
    try:
        text = read.text(name)
        return parse(text if name == "Slots" else json.loads(text, parse_constant=_no_number))
    except (BrokenRow, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        log.warning("column %s of a pace row cannot be read and is made anew; the mailbox goes on within a minute", name)
        return otherwise


def _no_number(text: str) -> None:
    raise ValueError(text)


def _slots_text(slots: tuple[Slot, ...]) -> str:
    """`1800000000000 n 2020 b 2020 …`: the first time in milliseconds, then the distances, each with its lane."""
    words, before = [], 0
    for slot in slots:
        at = _ms(slot.at)
        words.append(f"{at - before}{_LETTERS[slot.lane]}")
        before = at
    return " ".join(words)


def _slots(text: str) -> tuple[Slot, ...]:
    slots, at = [], 0
    for word in text.split():
        step = int(word[:-1])
        if step < 0:
            raise broken("Slots", "goes back in time")
        at += step
        slots.append(Slot(at / 1000, _LANES[word[-1]]))
    return tuple(slots)


def _holds(said: Any) -> tuple[Hold, ...]:  # noqa: ANN401 - JSON from a column
    if not isinstance(said, list):
        raise broken("Holds", "is no list")
    return tuple(
        Hold(_text(owner), _whole(count), _s(since), _s(expires)) for owner, count, since, expires in said[:PARTS_LIMIT]
    )


def _wishes(said: Any) -> tuple[Wish, ...]:  # noqa: ANN401 - JSON from a column
    return tuple(Wish(_text(owner), Lane(lane), _s(since), _s(until)) for owner, lane, since, until in said[:PARTS_LIMIT])


def _lines(said: Any) -> dict[Lane, Line]:  # noqa: ANN401 - JSON from a column
    return {Lane(lane): Line(float(tail), float(head), _s(at)) for lane, (tail, head, at) in said.items()}


def _share(said: Any) -> Share:  # noqa: ANN401 - JSON from a column
    connections, next_try, raised, patience, rate, slowed = said
    if not LEAST_RATE <= float(rate) <= 1:
        raise broken("Share", "has a rate that is none")
    allowed = None if connections is None else max(1, _whole(connections))
    return Share(allowed, _s(next_try), _s(raised), float(patience), float(rate), _s(slowed))


def _days(said: Any) -> dict[int, int]:  # noqa: ANN401 - JSON from a column
    return {int(bucket): _whole(count) for bucket, count in said.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise broken("Holds", "names no instance")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise broken("Holds", "holds what is no number")
    return value


def _ms(at: float) -> int:
    return round(at * 1000)


def _s(milliseconds: int) -> float:
    return _whole(milliseconds) / 1000


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
