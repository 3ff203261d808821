"""Webhooks: a verified event becomes a mail, or an item of a digest."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.accept import Accept, KeyConflict, Origin
from shared.digest import Digests
from shared.event_sources import EventSources
from shared.rules import callers
from shared.rules.callers import Caller
from shared.rules.config import Condition, RecipientMap, Webhook
from shared.rules.deliveries import Delivery, Event
from shared.rules.envelope import Envelope
from shared.rules.event_conditions import matches, recipients
from shared.rules.event_grid import Deleted, Validation
from shared.rules.event_text import tamed
from shared.rules.problems import Refused
from shared.rules.states import State
from shared.telemetry import Attr, Metric, Telemetry
from shared.unaccepted import Refusal, Unaccepted, refused_reason

DOOR = "webhook"


class Malformed(Exception):
    """A proven delivery that does not have its form; `refusal` says where. Repeating it would change nothing."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: the keys of its events, and how many of them match no condition or nobody gets."""

    keys: tuple[str, ...]
    passed_by: int = 0


@dataclass(frozen=True, slots=True)
class EventRules:
    """The pure rules for an event, as fields: a test can wire another one and see the attack succeed."""

    matches: Callable[[Sequence[Condition], Mapping[str, Any]], bool] = matches
    recipients: Callable[[RecipientMap, Mapping[str, Any]], tuple[str, ...]] = recipients
    tamed: Callable[[object, Sequence[str]], object] = tamed


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The story of all webhooks."""

    webhooks: Mapping[str, Webhook]
    sources: EventSources
    accept: Accept
    digests: Digests
    unaccepted: Unaccepted
    telemetry: Telemetry
    rules: EventRules = EventRules()

    async def receive(self, webhook: Webhook, delivery: Delivery, *, trace: str) -> Taken | Validation | Deleted:
        """Verify one delivery and store what its events become.

        Raises what `EventSources.read` does, `Malformed` instead of `Refused`; then, for a delivery of one event, `Refused`
        (it cannot become a mail) and `KeyConflict`. Of a batch each such event is only written down: its sender would repeat
        the whole batch for ever. Raises the storage's errors. The sender's trace is linked; it is not ours to continue.
        """
        try:
            found = await self.sources.read(webhook, delivery)
        except Refused as refusal:
            raise Malformed(refusal) from None
        if not isinstance(found, tuple):
            return found
        counting = [event for event in found if self._counts(webhook, event)]
        for event in counting:
            await self._take(webhook, event, trace, alone=len(found) == 1)
        passed_by = len(found) - len(counting)
        if passed_by:
            self.telemetry.count(Metric.PASSED_BY, {Attr.DOOR: DOOR}, by=passed_by)
        return Taken(tuple(event.key for event in found), passed_by)

    def _counts(self, webhook: Webhook, event: Event) -> bool:
        return self.rules.matches(webhook.when, event.data) and (
            webhook.digest is not None or bool(self._to(webhook, event))
        )

    def _to(self, webhook: Webhook, event: Event) -> tuple[str, ...]:
        """Whom the map names, or the table's own recipients where it names nobody."""
        mapped = () if webhook.recipients is None else self.rules.recipients(webhook.recipients, event.data)
        return mapped or webhook.to

    async def _take(self, webhook: Webhook, event: Event, trace: str, *, alone: bool) -> None:
        harmless = self.rules.tamed(event.data, webhook.links)
        if webhook.digest is not None:
            item = json.dumps(harmless, ensure_ascii=False).encode()
            await self.digests.add(self.digests.digests[webhook.digest], event.key, item)
            return
        envelope = Envelope(
            sender=webhook.sender,
            to=self._to(webhook, event),
            template=webhook.template,
            data={"event": harmless, "webhook": webhook.name},
        )
        origin = Origin(door=DOOR, key=event.key, parent="", links=(trace,), content=event.content)
        try:
            await self._accept(envelope, callers.webhook(webhook), origin, event)
        except (Refused, KeyConflict):
            if alone:
                raise

    async def _accept(self, envelope: Envelope, caller: Caller, origin: Origin, event: Event) -> None:
        """Accept the mail; what cannot become one gets a row that says why, with the event, before the error goes on."""
        try:
            await self.accept(envelope, caller, origin)
        except KeyConflict as conflict:
            await self.unaccepted.conflict(caller.name, origin, conflict)
            raise
        except Refused as refusal:
            body = json.dumps(event.data).encode()
            reason = refused_reason(refusal)
            await self.unaccepted.keep(
                Refusal(caller.name, DOOR, State.REJECTED, reason, origin.key, own_key=origin.key, body=body)
            )
            raise
