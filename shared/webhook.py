"""Webhooks: a verified event becomes a mail, or an item of a digest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.accept import Accept, KeyConflict, Origin
from shared.digest import Digests
from shared.rules import callers
from shared.rules.config import Webhook
from shared.rules.envelope import HTTP_BODY_LIMIT, Envelope
from shared.rules.strict import Problem, Refused, parse_json
from shared.rules.webhook_signatures import usable_secret, verify_standard
from shared.unaccepted import Unaccepted


class NotReady(Exception):
    """A webhook without a sound secret accepts nothing; `setting` names what is missing, `cause` says why."""

    def __init__(self, setting: str, cause: str) -> None:
        super().__init__(f"app setting {setting}: {cause}")
        self.setting = setting
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The story of all webhooks. `secret` gives an app setting's value by its name, '' where it is not set."""

    webhooks: Mapping[str, Webhook]
    accept: Accept
    digests: Digests
    unaccepted: Unaccepted
    secret: Callable[[str], str]
    clock: Callable[[], float]

    async def receive(self, webhook: Webhook, headers: Mapping[str, str], body: bytes, *, trace: str) -> str:
        """Verify one delivery and store what it becomes; gives the event's id.

        Raises `NotReady`, `SignatureRefused`, `Refused` (an event that cannot become a mail), `KeyConflict` and the
        storage's errors. The sender's trace is only linked: it is not ours to continue.
        """
        secrets = self._secrets(webhook)
        verified = verify_standard(headers, body, secrets, self.clock())
        event = _event(body)
        if webhook.digest is not None:
            await self.digests.add(self.digests.digests[webhook.digest], verified.id, body)
            return verified.id
        envelope = Envelope(
            sender=webhook.sender,
            to=webhook.to,
            template=webhook.template,
            data={"event": event, "webhook": webhook.name},
        )
        origin = Origin(door="webhook", key=verified.id, parent="", links=(trace,))
        caller = callers.webhook(webhook)
        try:
            await self.accept(envelope, caller, origin)
        except KeyConflict as conflict:
            await self.unaccepted.conflict(caller.name, origin, conflict)
            raise
        return verified.id

    def _secrets(self, webhook: Webhook) -> tuple[str, ...]:
        values = {name: self.secret(name) for name in webhook.secrets}
        for name, value in values.items():
            if (cause := usable_secret(value)) is not None:
                raise NotReady(name, cause)
        return tuple(values.values())


def _event(body: bytes) -> dict[str, Any]:
    event = parse_json(body, limit=HTTP_BODY_LIMIT)
    if not isinstance(event, dict):
        raise Refused((Problem("", "the event must be a JSON object"),))
    return event
