"""What storage can answer besides yes.

No class of a storage library crosses the edge, and no text holds a body, an id or an address.

    StorageFault
    ├── AlreadyThere        the id is taken; holds the entry that has it
    ├── Conflict            the row changed since it was read; holds what is there now, where that can be read
    ├── NewerRow            written by a newer version of the app: leave the mail to newer instances
    │   └── NewerPayload    the row is ours to read, its payload is not
    ├── BrokenRow           edited by hand into nonsense: a person has to look
    ├── PayloadGone         the row is there, its payload is not
    ├── PayloadChanged      the payload is not the one that the row's hash names
    ├── WindowClosed        the digest window takes no more items: use the next one
    ├── NotStorable         this value can never be stored: repeating is useless
    ├── StorageUnavailable  repeating may help, after `retry_after` seconds
    └── StorageForbidden    a right is missing: a person has to give it
"""

from shared.rules.mail_row import Entry
from shared.rules.outcome import Reason


class StorageFault(Exception):
    """The root: catching it catches everything that storage may answer."""


class AlreadyThere(StorageFault):
    """A row with this id exists; `entry` is that row, without its payload."""

    def __init__(self, entry: Entry) -> None:
        super().__init__("a row with this id exists")
        self.entry = entry


class Conflict(StorageFault):
    """Somebody else changed the row first; `current` is what is there now, None if it is gone or cannot be read."""

    def __init__(self, current: Entry | None = None) -> None:
        super().__init__("the row changed since it was read")
        self.current = current


class NewerRow(StorageFault):
    """The row's version is above ours: a newer version of the app wrote it and knows what it means."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the row has version {version}, which this version of the app does not know")
        self.version = version


class NewerPayload(NewerRow):
    """The same for what rests beside the row."""

    def __init__(self, version: int) -> None:
        StorageFault.__init__(self, f"the stored mail has version {version}, which this version of the app does not know")
        self.version = version


class _Explained(StorageFault):
    """A fault with a reason for people."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.code}: {reason.text}" + (f" ({reason.fix})" if reason.fix else ""))
        self.reason = reason


class BrokenRow(_Explained):
    """A column is missing or says nothing that the app understands; the reason names the column."""


class PayloadGone(StorageFault):
    """The payload was deleted (retention, or by hand)."""

    def __init__(self) -> None:
        super().__init__("the payload is not in storage any more")


class PayloadChanged(StorageFault):
    """The payload's SHA-256 differs from the row's `payload_hash`: it must not be sent."""

    def __init__(self) -> None:
        super().__init__("the payload is not the one that was accepted")


class WindowClosed(StorageFault):
    """The digest window was closed meanwhile; the item was not added."""

    def __init__(self) -> None:
        super().__init__("the digest window is closed")


class NotStorable(_Explained):
    """The value is too large for its place or holds what the place cannot hold; nothing was stored."""


class StorageUnavailable(_Explained):
    """Storage gave no usable answer, after the edge's own repetitions. `retry_after` is in seconds from now."""

    def __init__(self, reason: Reason, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StorageForbidden(_Explained):
    """Storage knows us and says no; the reason names the right that is missing."""
