"""Names in the mail's storage that more than one room uses."""

SENDING = "sending"
"""The private queue, from `accept` to `send`."""

POISON_SUFFIX = "-poison"
"""What the host appends to a queue's name (Learn, Azure Queue storage trigger, "Poison messages")."""


def poison_of(queue: str) -> str:
    """Where the host moves what it gave up of a queue."""
    return f"{queue}{POISON_SUFFIX}"
