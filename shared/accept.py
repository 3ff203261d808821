"""The one way in: from a caller's envelope to a mail that is stored, in the ledger and in the queue.

Every door calls `accept`. Only when it returns may the door tell its producer yes (design rule 1).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.placing import Placer
from shared.ports import Ledger, References
from shared.rules import identifiers
from shared.rules.callers import Caller
from shared.rules.config import MailConfig, OnUnknown, Sender
from shared.rules.envelope import Envelope
from shared.rules.mail import Mail, encode
from shared.rules.mail_row import Entry, MailRow, Provenance, begin
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.permissions import allow
from shared.rules.problems import Refused
from shared.rules.send_times import check_not_over, check_reach
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, Conflict
from shared.telemetry import Attr, Metric, Span, Telemetry


class KeyConflict(Exception):
    """The caller used this key for other content before; nothing was changed.

    `mail_id` is the mail that has the key, `content_hash` that of the content that was refused.
    """

    def __init__(self, mail_id: str, content_hash: str) -> None:
        super().__init__("this id was used before for other content; use a new id for a new mail")
        self.mail_id = mail_id
        self.content_hash = content_hash


@dataclass(frozen=True, slots=True)
class Composed:
    """An envelope turned into the mail that will be sent; template name and hash are '' where none was used."""

    mail: Mail
    template: str = ""
    template_hash: str = ""


Compose = Callable[[Envelope, Caller], Awaitable[Composed]]
"""Renders the template and pins the attachments; raises `Refused`."""

Allow = Callable[[MailConfig, Caller, Envelope], str]
"""Gives the rule that lets the caller send the envelope; raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How an envelope came in: the door's name, the key that makes it one mail, and the trace that it belongs to.

    `parent` is a trusted traceparent to continue ('' for a new trace, None for the current one), `links` others to point to.
    `content` is a hash of what the key stands for where that is not the envelope: an event, of which settings make a mail.
    """

    door: str
    key: str
    parent: str | None = None
    links: tuple[str, ...] = ()
    content: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail that rests in storage; `new` is False where the same envelope had been accepted before."""

    row: MailRow
    new: bool


@dataclass(frozen=True, slots=True)
class Accept:
    """The story. `clock` gives epoch seconds, `version` is the package's."""

    config: MailConfig
    ledger: Ledger
    references: References
    placer: Placer
    compose: Compose
    telemetry: Telemetry
    clock: Callable[[], float]
    version: str
    allow: Allow = allow

    async def check(self, envelope: Envelope, caller: Caller) -> None:
        """Everything that could refuse the envelope, without storing anything; raises `Refused`."""
        self.allow(self.config, caller, envelope)
        check_reach(envelope, self.clock())
        await self.compose(envelope, caller)

    async def check_not_over(self, envelope: Envelope, caller: Caller, key: str) -> None:
        """Raise `Refused` where the mail's end has come, unless the caller only repeats a mail that was taken in time."""
        try:
            check_not_over(envelope, self.clock())
        except Refused:
            if await self.ledger.read(identifiers.mail_id(caller.name, key)) is None:
                raise

    async def check_key(self, envelope: Envelope, caller: Caller, key: str) -> None:
        """Raise `KeyConflict` where the caller's key stands for other content already; stores nothing."""
        entry = await self.ledger.read(identifiers.mail_id(caller.name, key))
        content = identifiers.content_hash(envelope)
        if entry is not None and entry.row.content_hash != content:
            raise KeyConflict(entry.row.id, content)

    async def __call__(self, envelope: Envelope, caller: Caller, origin: Origin) -> Accepted:
        """Take a mail in.

        Raises `Refused` (not allowed or not sound), `KeyConflict`, `StorageUnavailable` or `StorageForbidden`.
        The same caller, key and content give the same mail, sent once.
        """
        attributes: dict[Attr, str | int | float | bool] = {Attr.DOOR: origin.door}
        with self.telemetry.span("accept", attributes=attributes, parent=origin.parent, links=origin.links) as span:
            self.allow(self.config, caller, envelope)
            check_reach(envelope, self.clock())
            composed = await self.compose(envelope, caller)
            payload = encode(composed.mail)
            row = self._row(envelope, composed, payload, caller, origin, span)
            row = replace(row, recipient_refs=await self.references.of(composed.mail.recipients))
            span.set({Attr.MAIL_ID: row.id, Attr.RECIPIENTS: len(row.recipients)})
            accepted = await self._store(row, payload)
            self.telemetry.count(Metric.ACCEPTED, attributes)
            return accepted

    async def _store(self, row: MailRow, payload: bytes) -> Accepted:
        try:
            await self.ledger.insert(row, payload)
        except AlreadyThere as known:
            return await self._known(known.entry, row)
        await self.placer.first(row, now=self.clock())
        return Accepted(row, new=True)

    async def _known(self, entry: Entry, row: MailRow) -> Accepted:
        if entry.row.content_hash != row.content_hash:
            raise KeyConflict(row.id, row.content_hash)
        untouched = entry.row.state is State.WAITING and entry.row.attempts == 0
        if untouched:
            # The first try may have died between the row and the queue; a message too many is dropped by its ticket.
            entry = await self._placed_again(entry)
        return Accepted(entry.row, new=False)

    async def _placed_again(self, entry: Entry) -> Entry:
        now = self.clock()
        try:
            return await self.placer.again(entry, entry.row, delay=max(0.0, entry.row.due - now), now=now)
        except Conflict as moved:
            return moved.current or entry  # somebody is at work on the mail, so its first message was there

    def _row(
        self, envelope: Envelope, composed: Composed, payload: bytes, caller: Caller, origin: Origin, span: Span
    ) -> MailRow:
        now = self.clock()
        sender = self.config.senders[envelope.sender]
        mail_id = identifiers.mail_id(caller.name, origin.key)
        due = max(now, envelope.send_at.timestamp()) if envelope.send_at else now
        row = MailRow(
            id=mail_id,
            state=State.WAITING,
            sender=sender.name,
            provenance=Provenance(
                caller=caller.name,
                door=origin.door,
                rule=caller.rule,
                template=composed.template,
                template_hash=composed.template_hash,
                package_version=self.version,
                config_hash=self.config.digest_of_file,
            ),
            content_hash=origin.content or identifiers.content_hash(envelope),
            payload_hash=identifiers.payload_hash(payload),
            message_id=identifiers.message_id(mail_id, sender.from_address.rpartition("@")[2]),
            date=due,
            accepted_at=now,
            due=due,
            expires_at=due + sender.expires_after,
            deadline=envelope.expires_at.timestamp() if envelope.expires_at else None,
            on_unknown=_on_unknown(envelope, sender),
            priority=envelope.priority,
            traceparent=span.traceparent,
            recipients=tuple(RecipientResult(Fate.PENDING) for _ in composed.mail.recipients),
        )
        return begin(row, reason="accepted")


def _on_unknown(envelope: Envelope, sender: Sender) -> OnUnknown:
    """The envelope may only tighten: hold wins."""
    return OnUnknown.HOLD if envelope.on_unknown == OnUnknown.HOLD else sender.on_unknown
