"""The tables of the command line, made of the app's answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from ops.pace_words import Times, number
from ops.shown import inert, state

Entry = Mapping[str, Any]


def facts(title: str, rows: Mapping[str, object]) -> Table:
    """Two columns: what, and its value."""
    table = Table(title=Text(title), show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(inert(name), value if isinstance(value, Text) else inert(value))
    return table


def mails(title: str, entries: Iterable[Entry]) -> Table:
    """A line per mail: where it stands, since when, and why."""
    table = _table(title, "state", "since", "sender", "caller", "attempts", "why")
    for one in entries:
        where = (one["id"], one["sender"], one["provenance"]["caller"], one["attempts"], why(one))
        mail_id, sender, caller, attempts, reason = (inert(value) for value in where)
        table.add_row(mail_id, state(one["state"]), inert(since(one)), sender, caller, attempts, reason)
    return table


def addressed(title: str, entries: Iterable[Entry]) -> Table:
    """A line per mail to one person: the mail's state, and what became of this recipient."""
    table = _table(title, "state", "since", "sender", "recipient", "code", "why")
    for one in entries:
        for found in one["addressed"]:
            code = f"{found['code']} {found['enhanced'] or ''}".strip() if found["code"] else None
            fate = state(found["state"])
            fate.append_text(inert(f" (number {found['n']})"))
            facts = (inert(since(one)), inert(one["sender"]), fate, inert(code), inert(why(one)))
            table.add_row(inert(one["id"]), state(one["state"]), *facts)
    return table


def left(entries: Iterable[Entry]) -> Table:
    """Mails that a bulk order left as they are, and why."""
    table = _table("left as they are", "state", "cause")
    for one in entries:
        table.add_row(inert(one["id"]), state(one["state"]), inert(one["cause"]))
    return table


def unreadable(entries: Iterable[Entry]) -> Table:
    """Mails whose row cannot be read, and what to do."""
    table = _table("rows that cannot be read", "why", "what to do")
    for one in entries:
        table.add_row(inert(one["id"]), inert(one["reason"]["text"]), inert(one["reason"]["fix"]))
    return table


def stops(title: str, entries: Iterable[Entry]) -> Table:
    """A line per stop: where, since when, why, and how it ends."""
    table = Table("stopped", "since", "why", "what to do", "ends", title=title, title_justify="left")
    for one in entries:
        by = f" ({one['by']})" if one["by"] else ""
        trial = f"{one['ends']}, next trial {one['next_trial']}" if one["next_trial"] else one["ends"]
        reason = one["reason"]
        cells = (place_of(one), one["since"], f"{reason['text']}{by}", reason["fix"], trial)
        table.add_row(*(inert(cell) for cell in cells))
    return table


def paces(title: str, entries: Iterable[Entry], times: Times) -> Table:
    """A line per mailbox: what it used in the last minute and in the day, and its backlog; each of what is allowed now."""
    columns = ("mails/minute", "connections", "high", "normal", "bulk", "backlog ends", "recipients/day", "external")
    table = Table("mailbox", *columns, title=title, title_justify="left")
    for one in entries:
        minute, open_now, day = one["last_minute"], one["connections"], one["recipients"]
        lanes = (number(one["backlog"][lane]) for lane in ("high", "normal", "bulk"))
        cells = (
            one["mailbox"],
            f"{number(minute['sent'])} of {number(minute['allowed'])}",
            f"{number(open_now['held'])} of {number(open_now['allowed'])}",
            *lanes,
            times.clock(one["drains_at"]),
            f"{number(day['used'])} of {number(day['limit'])}",
            number(day["external"]),
        )
        table.add_row(*(inert(cell) for cell in cells))
    return table


def timeline(entries: Iterable[Entry]) -> Table:
    """A mail's timeline."""
    table = Table("at", "state", "reason", title="timeline", title_justify="left")
    for entry in entries:
        table.add_row(inert(entry["at"]), state(entry["state"]), inert(entry["reason"]))
    return table


def recipients(entries: Iterable[Entry]) -> Table:
    """A mail's recipients, by their number."""
    table = Table("n", "state", "code", "enhanced", title="recipients", title_justify="left")
    for entry in entries:
        table.add_row(inert(entry["n"]), state(entry["state"]), inert(entry["code"]), inert(entry["enhanced"]))
    return table


def place_of(stop: Entry) -> str:
    """Where a stop stands, in words."""
    return f"{stop['scope']} {stop['name']}" if stop["name"] else str(stop["scope"] or "over")


def since(mail: Entry) -> str | None:
    """When the mail came where it is."""
    return str(mail["timeline"][-1]["at"]) if mail["timeline"] else None


def why(mail: Entry) -> str | None:
    """What holds the mail, or its last setback."""
    reason = mail["stopped"]["reason"] if mail["stopped"] else mail["reason"]
    return str(reason["text"]) if reason else None


def _table(title: str, *columns: str) -> Table:
    """A table whose first column is a mail's id, whole, so that it can be copied."""
    table = Table(title=title, title_justify="left")
    table.add_column("id", min_width=32, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
