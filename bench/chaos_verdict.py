"""The verdict on a chaos run: what the producers were told and what the ledger says, against what Exchange really has.

Exchange's inbox is the truth; copies are counted by recipient, because a mail to several may rightly leave in several parts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.chaos_mails import ChaosMail, OnUnknown

EXPLAINED = frozenset({"rejected", "unknown", "parked", "cancelled", "expired", "waiting"})
"""States that say why Exchange may not have a mail."""

MOVING = frozenset({"waiting", "sending"})
"""States that the program itself still moves on."""

ACCEPTED = "accepted"
"""What the ledger says of a recipient for whom Exchange took the mail."""


class Moment(NamedTuple):
    """One entry of a timeline; `at` as the app writes it."""

    at: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the app says of one mail: its id and state, what it says of each recipient, and the reasons in its timeline."""

    id: str
    state: str
    recipients: tuple[str, ...]
    possible_duplicate: bool
    timeline: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """One mail at the end of the run. `told` says whether its producer was told yes; no `record` where there is no row."""

    mail: ChaosMail
    told: bool
    record: Record | None
    copies: Mapping[str, int]
    """Recipient → copies that Exchange took."""

    @property
    def state(self) -> str:
        """The state, or `missing`."""
        return self.record.state if self.record else "missing"

    @property
    def most(self) -> int:
        """Copies of the recipient who got most."""
        return max(self.copies.values(), default=0)

    @property
    def lost(self) -> bool:
        """Accepted, and neither at Exchange nor with a state that says why; or said to be there, and not there."""
        if not self.told:
            return False
        return self._missed() if self.record else True

    def _missed(self) -> bool:
        record = self.record
        if record is None or (self.most == 0 and record.state not in EXPLAINED):
            return True
        called = zip(self.mail.recipients, record.recipients, strict=True) if record.recipients else ()
        return any(said == ACCEPTED and not self.copies.get(person) for person, said in called)

    @property
    def marked(self) -> bool:
        """Whether the app says that there may be two copies."""
        return self.record is not None and self.record.possible_duplicate

    @property
    def silently_repeated(self) -> bool:
        """More copies than its sender allows, or a second one of which the app does not know."""
        return self.most > self.mail.on_unknown.most_copies or (self.most > 1 and not self.marked)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All endings, and what they come to."""

    endings: Sequence[Ending]

    def count(self, state: str) -> int:
        """Mails in this state."""
        return sum(ending.state == state for ending in self.endings)

    @property
    def told(self) -> int:
        """Mails whose producer was told yes."""
        return sum(ending.told for ending in self.endings)

    @property
    def moving(self) -> list[Ending]:
        """Mails that are not at rest."""
        return [ending for ending in self.endings if ending.state in MOVING]

    @property
    def lost(self) -> list[Ending]:
        """Must be empty."""
        return [ending for ending in self.endings if ending.lost]

    @property
    def silent_duplicates(self) -> list[Ending]:
        """Must be empty."""
        return [ending for ending in self.endings if ending.silently_repeated]

    @property
    def marked_duplicates(self) -> list[Ending]:
        """Mails that were sent twice, as their sender allows, and say so."""
        return [ending for ending in self.endings if ending.most > 1 and not ending.silently_repeated]

    @property
    def held_copies(self) -> int:
        """Mails of unknown outcome that Exchange did take: what a person would find out."""
        return sum(ending.state == "unknown" and ending.most > 0 for ending in self.endings)

    @property
    def good(self) -> bool:
        """Nothing lost, nothing silently sent twice."""
        return not self.lost and not self.silent_duplicates

    def states(self) -> dict[str, int]:
        """Mails by state, the most frequent first."""
        return dict(Counter(ending.state for ending in self.endings).most_common())

    def reasons(self) -> Counter[str]:
        """How many mails name each reason in their timelines."""
        records = (ending.record for ending in self.endings if ending.record)
        return Counter(reason for record in records for reason in {moment.reason for moment in record.timeline})

    def by_rule(self) -> dict[OnUnknown, int]:
        """Mails by what becomes of them when their outcome is unknown."""
        return {rule: sum(ending.mail.on_unknown is rule for ending in self.endings) for rule in OnUnknown}


def judge(
    mails: Iterable[ChaosMail],
    *,
    told: frozenset[str],
    records: Mapping[str, Record],
    inbox: Iterable[tuple[str, Sequence[str]]],
) -> Verdict:
    """The verdict. `told` and `records` go by the mails' keys; `inbox` has key and recipients of every mail at Exchange."""
    copies: dict[str, Counter[str]] = {}
    for key, recipients in inbox:
        copies.setdefault(key, Counter()).update(recipients)
    return Verdict(
        [Ending(mail, mail.key in told, records.get(mail.key), copies.get(mail.key, Counter())) for mail in mails]
    )
