"""A message taken from a storage queue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """`text` as it stood in the queue, `receipt` what storage wants back for a deletion, `dequeue_count` from 1."""

    id: str
    receipt: str
    text: str
    dequeue_count: int
