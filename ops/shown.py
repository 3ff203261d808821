"""Data from outside, made inert for a terminal: no markup, no escape codes."""

from typing import Any

from rich.table import Table
from rich.text import Text

_STATE_STYLE = {"sent": "green", "waiting": "cyan", "sending": "cyan", "ok": "green"}


def inert(value: object) -> Text:
    """A value as plain text; whatever a terminal would act on is shown as its escape."""
    text = "-" if value is None else str(value)
    return Text("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


def state(value: str) -> Text:
    """A state in its colour; red for everything that somebody should look at."""
    text = inert(value)
    text.stylize(_STATE_STYLE.get(value, "red"))
    return text


def facts(title: str, rows: dict[str, object]) -> Table:
    """Two columns: what, and its value."""
    table = Table(title=Text(title), show_header=False, title_justify="left")
    for name, value in rows.items():
        table.add_row(inert(name), value if isinstance(value, Text) else inert(value))
    return table


def mails(entries: list[dict[str, Any]]) -> Table:
    """A line per mail: where it stands, since when, and why."""
    table = Table("id", "state", "since", "sender's caller", "attempts", "why")
    for entry in entries:
        since = entry["timeline"][-1]["at"] if entry["timeline"] else None
        why = (entry["reason"] or {}).get("text")
        caller = entry["provenance"]["caller"]
        table.add_row(
            inert(entry["id"]), state(entry["state"]), *(inert(one) for one in (since, caller, entry["attempts"], why))
        )
    return table


def timeline(entries: list[dict[str, Any]]) -> Table:
    """A mail's timeline."""
    table = Table("at", "state", "reason", title="timeline", title_justify="left")
    for entry in entries:
        table.add_row(inert(entry["at"]), state(entry["state"]), inert(entry["reason"]))
    return table


def recipients(entries: list[dict[str, Any]]) -> Table:
    """A mail's recipients, by their number."""
    table = Table("n", "state", "code", "enhanced", title="recipients", title_justify="left")
    for entry in entries:
        table.add_row(inert(entry["n"]), inert(entry["state"]), inert(entry["code"]), inert(entry["enhanced"]))
    return table
