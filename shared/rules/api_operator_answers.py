"""What the HTTP API answers to operators, as structs; see `api_answers`."""

from typing import Annotated

import msgspec
from msgspec import Meta

from shared.rules.api_answers import Count, MailView, ReasonView, RecipientView, Time
from shared.rules.findings import Standing, Step, Verdict
from shared.rules.stops import Scope, Trial


class StopPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The stop at which a mail waits; scope and name are null where it was lifted a moment ago."""

    scope: Scope | None
    name: str | None
    reason: ReasonView


class ProvenanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mail came from, and what let it in."""

    caller: str
    door: Annotated[str, Meta(description="queue, http, webhook or digest; doctor or audit for the app's own.")]
    rule: Annotated[str, Meta(description="The place in mail.toml that allowed it.")]
    template: str
    template_hash: str
    package_version: str
    config_hash: Annotated[str, Meta(description="Of the mail.toml in force then.")]


class OperatorMailView(MailView, frozen=True, kw_only=True):
    """A mail as operators see it: what its caller sees, where it came from, and what holds it."""

    sender: Annotated[str, Meta(description="'' where no mail was made of the message.")]
    message_id: Annotated[str, Meta(description="The Message-ID of every attempt.")]
    accepted_at: Time
    due: Annotated[Time | None, Meta(description="When it is tried next; null where it does not wait for a time.")]
    expires_at: Annotated[Time | None, Meta(description="When it is given up, as far as is known now.")]
    standstill_since: Annotated[Time | None, Meta(description="Since when its time to live stands still.")]
    stopped: StopPlace | None
    provenance: ProvenanceView


class AddressedMailView(OperatorMailView, frozen=True, kw_only=True):
    """A mail with what became of the recipient who was asked for."""

    addressed: tuple[RecipientView, ...]


class LeftMailView(OperatorMailView, frozen=True, kw_only=True):
    """A mail that was not put back."""

    cause: Annotated[str, Meta(description="Why not.")]


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """What holds mails back, and where."""

    scope: Scope
    name: Annotated[str, Meta(description="Of the sender, caller, template or mailbox; '' for all.")]
    since: Time
    reason: ReasonView
    by: Annotated[str, Meta(description="Who paused it and why; '' for a breaker.")]
    ends: Annotated[Trial, Meta(description="By hand, by a login without a mail, or by one mail that is let through.")]
    next_trial: Time | None
    failed_trials: Count


class UnreadableRow(msgspec.Struct, frozen=True, kw_only=True):
    """A mail whose row this version cannot read."""

    id: str
    reason: ReasonView


class Stops(msgspec.Struct, frozen=True, kw_only=True):
    """What holds mails back now."""

    stops: tuple[StopView, ...]


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """The stops that were ended."""

    stops: tuple[StopView, ...]
    messages: Annotated[int, Meta(ge=0, description="Mails put back at once; the next ticks go on with the rest.")]


class MailListing(msgspec.Struct, frozen=True, kw_only=True):
    """Mails that a person should look at, and what holds mails back."""

    stops: tuple[StopView, ...]
    messages: tuple[OperatorMailView, ...]
    unreadable: tuple[UnreadableRow, ...]
    more: Annotated[bool, Meta(description="Whether the list may go on.")]


class FoundMails(msgspec.Struct, frozen=True, kw_only=True):
    """Mails to one address, the newest."""

    messages: tuple[AddressedMailView, ...]
    unreadable: tuple[UnreadableRow, ...]
    more: bool


class PutBack(msgspec.Struct, frozen=True, kw_only=True):
    """What one call of a bulk order did; on a dry run: would do."""

    dry_run: bool
    messages: Annotated[tuple[OperatorMailView, ...], Meta(description="As they were when they were put back.")]
    left: tuple[LeftMailView, ...]
    unreadable: tuple[UnreadableRow, ...]
    after: Annotated[str | None, Meta(description="For the next call of the same order; null where every mail was seen.")]


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the doctor's walk for one subject; code, cause and fix are null where all is well."""

    step: Step
    standing: Standing
    subject: Annotated[str, Meta(description="A mailbox, a queue, a sender, the server; '' for the app as a whole.")]
    seen: Annotated[str, Meta(description="What was seen, in plain words.")]
    code: str | None
    cause: str | None
    fix: Annotated[str | None, Meta(description="The command that cures it; ids that are known are filled in.")]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor found."""

    at: Time
    verdict: Verdict
    told: Annotated[str, Meta(description="The verdict in a sentence.")]
    findings: tuple[FindingView, ...]


class MinutePace(msgspec.Struct, frozen=True, kw_only=True):
    """Mails of the last minute."""

    sent: Count
    allowed: Annotated[int, Meta(ge=0, description="Less than the limit where other programs use the mailbox.")]
    limit: Count


class ConnectionsPace(msgspec.Struct, frozen=True, kw_only=True):
    """Connections to Exchange."""

    held: Count
    allowed: Count
    limit: Count


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Mails in line, by priority and together."""

    high: Count
    normal: Count
    bulk: Count
    mails: Count


class RecipientsPace(msgspec.Struct, frozen=True, kw_only=True):
    """Recipients of the last 24 hours."""

    used: Count
    external: Annotated[int, Meta(ge=0, description="Of other domains than the mailbox's.")]
    limit: Count


class WallView(msgspec.Struct, frozen=True, kw_only=True):
    """When the day's recipients run out, and what that holds back."""

    at: Time
    reached: bool
    recipients: Count
    kept: Annotated[int, Meta(ge=0, description="Recipients beyond the wall, for mails of high priority alone.")]
    mails: Count
    next_at: Annotated[Time, Meta(description="When the first mail behind the wall can go.")]


class ForeignLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What other programs take of the mailbox."""

    messages_per_minute: Count
    connections: Count
    next_try_at: Time | None
    felt: bool


class MailboxPace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast one mailbox sends, and what comes."""

    mailbox: str
    key: Annotated[str, Meta(description="Its name in metrics, without an address.")]
    last_minute: MinutePace
    connections: ConnectionsPace
    backlog: Backlog
    drains_at: Annotated[Time | None, Meta(description="When the backlog has left; null without one, or beyond a week.")]
    recipients: RecipientsPace
    wall: WallView | None
    foreign: ForeignLoad


class UnreadablePace(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox whose pace a newer version wrote."""

    mailbox: str
    key: str
    reason: str


class TenantPace(msgspec.Struct, frozen=True, kw_only=True):
    """External recipients of the whole tenant in 24 hours."""

    external: Count
    licences: int | None
    limit: Annotated[int | None, Meta(description="null where mail.toml does not say how many licences there are.")]
    trial_limit: Annotated[int, Meta(ge=0, description="Of a tenant on trial.")]
    reached: bool


class PaceReport(msgspec.Struct, frozen=True, kw_only=True):
    """How fast the mailboxes send, and what comes."""

    at: Time
    mailboxes: tuple[MailboxPace, ...]
    unreadable: tuple[UnreadablePace, ...]
    tenant: TenantPace
