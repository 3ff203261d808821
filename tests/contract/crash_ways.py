"""The ways that a mail can take from its producer to Exchange, and on which part of each processes die."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.contract.crash_host import Forgets
from tests.contract.crash_points import Point

SENDERS = {"resend": "alerts", "hold": "reports"}
"""The sender of each rule for unknown outcomes."""

SHORT = "The disk is full. " * 60

LARGE = "The disk is full. " * 3_450
"""Too large for a table row: the payload rests in a blob, and the content leaves in many TLS records."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way: the mail, what Exchange does (`scenarios` of the simulator), and at which points processes die.

    `deadly` picks those points by their numbers, and `certain` names some of them, as often as they come at least: a sweep
    that missed them would prove nothing. `dead_at` names a point after which the first process dies in every case. On a new
    account the tables, the queue and the container are made on the way.
    """

    name: str
    deadly: Callable[[Sequence[Point], int], bool]
    certain: tuple[str, ...] = ()
    to: tuple[str, ...] = ("ops@contoso.test",)
    text: str = SHORT
    scenarios: tuple[Json, ...] = ()
    dead_at: str = ""
    forgets: Forgets = Forgets.NOTHING
    new_account: bool = False

    def missed(self, points: Sequence[Point]) -> Counter[str]:
        """What is certain and not among these points."""
        return Counter(self.certain) - Counter(point.name for point in points)


BEFORE_MAIL = ("smtp connect", "smtp ehlo", "smtp starttls", "smtp ehlo", "smtp challenge", "smtp auth")
"""Steps in which no mail is at stake yet: processes die in them on one way only."""

TRANSACTION = ("smtp mail", "smtp rcpt", "smtp data", "smtp content", "smtp dot")
UPDATE = "table.update ledger"
PUT = "queue.put-message sending"


def while_taken(points: Sequence[Point], number: int) -> bool:
    """From the producer's message to the queue `sending`."""
    return points[number].during == "take"


def in_the_blob(points: Sequence[Point], number: int) -> bool:
    """What is written for a large payload only."""
    return points[number].name.startswith("blob.")


def afterwards(points: Sequence[Point], number: int) -> bool:
    """Everything from the queue `sending` on."""
    return points[number].during != "take"


def from_mail_on(points: Sequence[Point], number: int) -> bool:
    """The same without the steps before MAIL."""
    return afterwards(points, number) and points[number].name not in BEFORE_MAIL


def between_two_attempts(points: Sequence[Point], number: int) -> bool:
    """What is written after the first attempt and before the second."""
    passed = [point.name for point in points[: number + 1]]
    return (
        passed[-1] != "smtp dot"
        and passed.count("smtp dot") == passed.count("smtp mail") == 1
        and passed[-1] not in BEFORE_MAIL
    )


def in_the_tick(points: Sequence[Point], number: int) -> bool:
    """What the tick writes."""
    return points[number].during == "tick"


SLOW = {"name": "slow-reply", "count": 1, "match": {"stage": "accepted"}}
"""Exchange has the mail and lets the client wait for so long that it renews its lease."""

LATE = {"name": "recipient-refused-4xx", "count": 1, "match": {"to": "late@contoso.test"}}
"""One of two recipients is taken by the second attempt only."""

CUT = {"name": "cut-after-dot", "count": 1}
"""Exchange has the mail, and its answer is lost."""

CALM = Way("nothing happens", lambda _points, _number: False, text=LARGE)

WAYS = (
    Way("accepted", while_taken, ("table.transaction ledger", PUT), new_account=True),
    Way("accepted with a blob", in_the_blob, ("blob.put payloads",), text=LARGE, new_account=True),
    Way("sent", afterwards, (*BEFORE_MAIL, *TRANSACTION, *[UPDATE] * 3), scenarios=(SLOW,)),
    Way(
        "one later",
        from_mail_on,
        (*TRANSACTION * 2, "smtp rcpt", PUT, *[UPDATE] * 4),
        to=("ops@contoso.test", "late@contoso.test"),
        text=LARGE,
        scenarios=(LATE,),
    ),
    Way("cut", between_two_attempts, (UPDATE,), scenarios=(CUT,)),
    Way("found dead", from_mail_on, (UPDATE,), dead_at="smtp dot"),
    Way("queue cleared", in_the_tick, (PUT, UPDATE), forgets=Forgets.AFTER_ACCEPT),
    Way("queue cleared, found dead", in_the_tick, (UPDATE,), dead_at="smtp dot", forgets=Forgets.AT_DEATH),
)
