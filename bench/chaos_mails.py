"""The mails of a chaos run, all from its seed: who sends, through which door, to how many, when, and what if unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

HEADER = "X-Chaos-Mail"
"""Names the mail in the inbox, whatever became of its Message-ID."""

_SEVERAL = 0.15  # of the mails have three recipients, so that one of them can be refused for now
_TIGHTENED = 0.1  # of the mails of a sender that resends ask for hold


class Door(StrEnum):
    """How a mail comes in."""

    HTTP = "http"
    QUEUE = "queue"


class OnUnknown(StrEnum):
    """What becomes of a mail of which nobody knows whether it was sent."""

    RESEND = "resend"
    HOLD = "hold"

    @property
    def most_copies(self) -> int:
        """Copies that a recipient may get."""
        return 2 if self is OnUnknown.RESEND else 1


SENDERS: Mapping[str, OnUnknown] = {"alerts": OnUnknown.RESEND, "reports": OnUnknown.HOLD}
"""The senders of the local cloud's own `mail.toml`, and what it says of them."""


@dataclass(frozen=True, slots=True)
class ChaosMail:
    """One mail. `key` is its producer's own, `at` the seconds after the start at which it is handed over."""

    key: str
    at: float
    door: Door
    sender: str
    on_unknown: OnUnknown
    recipients: tuple[str, ...]

    def envelope(self) -> dict[str, Any]:
        """What the app is given; the key comes with it, except over HTTP, where a header carries it."""
        fields: dict[str, Any] = {
            "sender": self.sender,
            "to": list(self.recipients),
            "subject": f"Chaos {self.key}",
            "text": f"Mail {self.key} of a chaos run.\n",
            "headers": {HEADER: self.key},
        }
        if self.on_unknown is not SENDERS[self.sender]:
            fields["on_unknown"] = self.on_unknown.value
        if self.door is Door.QUEUE:
            fields["id"] = self.key
        return fields


def draw_mails(seed: int, count: int, seconds: float) -> list[ChaosMail]:
    """`count` mails spread over `seconds`, in the order in which they are handed over: the same for the same arguments."""
    random = Random(f"mails {seed}")
    times = sorted(random.uniform(0.0, seconds) for _ in range(count))
    return [_mail(random, f"chaos-{seed}-{number}", at) for number, at in enumerate(times)]


def _mail(random: Random, key: str, at: float) -> ChaosMail:
    sender = random.choice(list(SENDERS))
    tightened = random.random() < _TIGHTENED
    people = 3 if random.random() < _SEVERAL else 1
    return ChaosMail(
        key=key,
        at=at,
        door=random.choice(list(Door)),
        sender=sender,
        on_unknown=OnUnknown.HOLD if tightened else SENDERS[sender],
        recipients=tuple(f"{key}-{letter}@contoso.test" for letter in "abc"[:people]),
    )
