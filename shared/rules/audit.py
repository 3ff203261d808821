"""The permission audit's words: what is needed, what was seen, what is found, and what it all amounts to.

The rules stand in `audit_judge.py`. Nothing here asks anybody: the evidence is what tokens say of themselves, and what an
administrator's grants export says; the app has no right to read the directory, and gets none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.rules.audit_commands import Ids
from shared.rules.config import EndpointName, IdentityModel, IdentityWay, MailConfig
from shared.rules.grants import EXCHANGE_APP_ID, Grants
from shared.rules.token_claims import TokenClaims


class Kind(StrEnum):
    """What a finding is: beyond what is needed, proven abuse of it, not to be known, needed and not there, or a remark."""

    EXCESS = "excess"
    ALARM = "alarm"
    UNKNOWN = "unknown"
    MISSING = "missing"
    NOTE = "note"


class Verdict(StrEnum):
    """Whether the identity may do more than sending needs."""

    MINIMAL = "minimal"
    EXCESS = "excess"
    UNKNOWN = "unknown"


class Area(StrEnum):
    """Where a grant was given. Drift is looked for in the areas that both audits could see."""

    EXCHANGE = "exchange"
    GRAPH = "graph"
    OTHER_APIS = "other-apis"
    RBAC = "rbac"
    MAILBOXES = "mailboxes"
    STORAGE = "storage"


class Holder(StrEnum):
    """Whose token it is: the one that sends, or, where an app registration sends, the identity's own beside it."""

    SENDER = "sender"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know: a stable code, the cause in one sentence, and the command that removes it."""

    code: str
    kind: Kind
    cause: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The claims of one token: whose it is, and for which resource (its client id)."""

    holder: Holder
    resource: str
    claims: TokenClaims


@dataclass(frozen=True, slots=True)
class Needs:
    """What `mail.toml` needs of Exchange. Addresses are in lower case.

    `mailboxes` are those that log in at the submission endpoint, `own` all of them, `from_of` the From addresses of each.
    `decoy` is the mailbox that has to be refused ('' for none).
    """

    model: IdentityModel
    way: IdentityWay
    mailboxes: tuple[str, ...]
    own: tuple[str, ...]
    from_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    decoy: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """The mailboxes of which an export has to tell."""
        return (*self.own, self.decoy) if self.decoy else self.own

    @property
    def high_volume(self) -> bool:
        """Whether a sender uses High Volume Email."""
        return len(self.mailboxes) < len(self.own)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen: tokens, and the newest export (None: nobody has imported one)."""

    tokens: tuple[Seen, ...] = ()
    export: Grants | None = None

    @property
    def sender(self) -> TokenClaims | None:
        """The claims of the token that logs in at Exchange; None where there is none that can be read."""
        return self.claims(Holder.SENDER, EXCHANGE_APP_ID)

    def claims(self, holder: Holder, resource: str) -> TokenClaims | None:
        """The claims of this holder's token for the resource."""
        return next((one.claims for one in self.tokens if (one.holder, one.resource) == (holder, resource)), None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, the names of all grants by the areas that could be seen, and the ids of who holds them."""

    findings: tuple[Finding, ...]
    grants: Mapping[Area, tuple[str, ...]]
    ids: Ids


def needs_of(config: MailConfig) -> Needs:
    """What the senders of `mail.toml` need."""
    own: dict[str, set[str]] = {}
    submission: dict[str, None] = {}
    for sender in config.senders.values():
        for mailbox in sender.mailboxes:
            own.setdefault(mailbox.casefold(), set()).add(sender.from_address.casefold())
            if sender.endpoint is EndpointName.SUBMISSION:
                submission[mailbox.casefold()] = None
    return Needs(
        model=config.identity.model,
        way=config.identity.way,
        mailboxes=tuple(submission),
        own=tuple(own),
        from_of={mailbox: frozenset(addresses) for mailbox, addresses in own.items()},
        decoy=config.audit.decoy,
    )


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Excess outranks what cannot be known; what is missing or only remarked changes nothing."""
    kinds = {finding.kind for finding in findings}
    if kinds & {Kind.EXCESS, Kind.ALARM}:
        return Verdict.EXCESS
    return Verdict.UNKNOWN if Kind.UNKNOWN in kinds else Verdict.MINIMAL
