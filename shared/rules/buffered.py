"""The values of the digest buffer: windows, and what became of an item."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """One digest's items until `end` (epoch seconds)."""

    digest: str
    end: float


@dataclass(frozen=True, slots=True)
class Added:
    """The item is in the window."""

    window: Window


@dataclass(frozen=True, slots=True)
class Already:
    """An item with the same key was in the window before; nothing changed."""

    window: Window
