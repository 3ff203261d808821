"""Data from outside, made inert for a terminal: no markup, no escape codes, nothing that hides or reorders."""

import json
import sys
import unicodedata
from typing import Any

from rich.text import Text

_STATE_STYLE = {"sent": "green", "accepted": "green", "waiting": "cyan", "sending": "cyan", "pending": "cyan", "ok": "green"}

_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols that are shown as nothing (Hangul fillers, the blank Braille pattern)."""

_STACKING = frozenset({"Mn", "Me"})
"""General categories of marks that are drawn over the character before them, however many there are."""


def plain(value: object) -> str:
    """A value as text in which every character is seen, in its order; whatever else there is stands there as its escape."""
    text = "-" if value is None or value == "" else unicodedata.normalize("NFC", str(value))
    return "".join(c if _is_seen(c) else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def inert(value: object) -> Text:
    """The same for a table or a line; rich reads no markup in it."""
    return Text(plain(value), overflow="fold")


def state(value: str) -> Text:
    """A state in its colour; red for everything that somebody should look at."""
    text = inert(value)
    text.stylize(_STATE_STYLE.get(value, "red"))
    return text


def print_json(body: dict[str, Any]) -> None:
    """JSON for programs; all but ASCII is escaped, and DEL, which JSON would leave, too."""
    sys.stdout.write(json.dumps(body, indent=2).replace("\x7f", "\\u007f") + "\n")


def _is_seen(char: str) -> bool:
    return char.isprintable() and char not in _INVISIBLE and unicodedata.category(char) not in _STACKING
