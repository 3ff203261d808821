"""Columns of a table row: written so that a table can hold them, and read with suspicion.

What is missing or of the wrong kind is named, never a crash.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from shared.rules.outcome import Reason
from shared.rules.storage_errors import BrokenRow
from shared.rules.utc_text import from_utc_text, to_utc_text

Word = TypeVar("Word", bound=StrEnum)
Parsed = TypeVar("Parsed")


TEXT_LIMIT = 1024
"""Characters of one text column: longer than any name or Message-ID (998, RFC 5322 2.1.1), far below a table's 32 K."""


def time_column(at: float) -> tuple[str, str]:
    """Epoch seconds as an Edm.DateTime, as the table library takes it."""
    return (to_utc_text(at), "Edm.DateTime")


def plain(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text that a table can hold: no lone surrogates, no control characters, bounded."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
    return printable.encode("utf-8", "replace").decode()


class ColumnReader:
    """One row's columns. Every method raises `BrokenRow` with the column's name, never with its content."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = columns

    def text(self, name: str) -> str:
        """A text column."""
        value = self._value(name)
        if not isinstance(value, str):
            raise broken(name, "is not a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A text column that may be missing."""
        return self.text(name) if name in self._columns else None

    def number(self, name: str) -> int:
        """A whole number; Edm.Int64 counts too, because Storage Explorer offers it."""
        value = self._value(name)
        plain = value[0] if isinstance(value, tuple) and value else value
        if type(plain) is not int or plain < 0:
            raise broken(name, "is not a whole number")
        return plain

    def decimal_or_none(self, name: str) -> float | None:
        """A number with decimals; None where it is missing or none."""
        value = self._columns.get(name)
        return value if isinstance(value, float) and math.isfinite(value) else None

    def flag(self, name: str) -> bool:
        """A true or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise broken(name, "is neither true nor false")
        return value

    def time(self, name: str) -> float:
        """An Edm.DateTime in epoch seconds, with the decimals that Python's datetime would lose."""
        value = self._value(name)
        if not isinstance(value, datetime):
            raise broken(name, "is not a time")
        exact = getattr(value, "tables_service_value", "")
        try:
            return from_utc_text(exact) if exact else value.timestamp()
        except ValueError:
            raise broken(name, "is not a time in UTC") from None

    def time_or_none(self, name: str) -> float | None:
        """A time that may be missing."""
        return self.time(name) if name in self._columns else None

    def choice(self, name: str, words: type[Word]) -> Word:
        """One of the enumeration's words."""
        value = self.text(name)
        try:
            return words(value)
        except ValueError:
            raise broken(name, f"is none of {', '.join(words)}") from None

    def parse(self, name: str, build: Callable[[Any], Parsed]) -> Parsed:
        """A JSON column, built into a value; whatever `build` stumbles over is the column's fault."""
        text = self.text(name)
        try:
            return build(json.loads(text))
        except BrokenRow:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise broken(name, "is not what the app writes there") from None

    def _value(self, name: str) -> Any:  # noqa: ANN401 - a column's value
        value = self._columns.get(name)
        if value is None:
            raise broken(name, "is missing")
        return value


def broken(column: str, what: str) -> BrokenRow:
    """The fault that names a column of a row that somebody edited."""
    fix = "put the column right in the ledger table"
    return BrokenRow(Reason("row-broken", f"column {column} {what}", fix))
