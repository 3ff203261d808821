"""From a webhook's delivery to its verified events: what proves each kind of source, and who reads what it says.

The rules are fields, so that a test can wire another one in the place of each and see the attack succeed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.rules import cloudevents, event_grid
from shared.rules.bearer_tokens import Claims
from shared.rules.config import Verification, Webhook
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_grid import Deleted, Validation
from shared.rules.github_events import github_event
from shared.rules.shared_secrets import trouble
from shared.rules.standard_events import standard_event

Found = tuple[Event, ...] | Validation | Deleted
"""Events, or one of the two messages by which Event Grid speaks of the subscription itself."""


class NotReady(Exception):
    """A webhook without a sound secret accepts nothing; `setting` names what is missing, `cause` says why."""

    def __init__(self, setting: str, cause: str) -> None:
        super().__init__(f"app setting {setting}: {cause}")
        self.setting = setting
        self.cause = cause


@dataclass(frozen=True, slots=True)
class SourceRules:
    """The pure rules, one for each kind of source."""

    standard: Callable[[Delivery, Sequence[str], float], Event] = standard_event
    github: Callable[[Delivery, Sequence[str]], Event | None] = github_event
    grid: Callable[[Delivery, Sequence[str]], Found] = event_grid.grid_events
    is_grid: Callable[[str, frozenset[str]], bool] = event_grid.is_event_grid
    trouble: Callable[[str, str], str | None] = trouble


@dataclass(frozen=True, slots=True)
class EventSources:
    """The story. `secret` gives an app setting's value by its name, '' where it is not set; `claims` verifies the bearer
    token in these headers for an audience.
    """

    secret: Callable[[str], str]
    claims: Callable[[Mapping[str, str], str], Awaitable[Claims]]
    clock: Callable[[], float]
    rules: SourceRules = SourceRules()

    async def read(self, webhook: Webhook, delivery: Delivery) -> Found:
        """The verified events of one delivery.

        Raises `NotReady`, `DeliveryRefused`, `TokenRefused`, `KeysUnavailable`, and `Refused` for a proven delivery that
        does not have its form.
        """
        match webhook.verify:
            case Verification.STANDARD_WEBHOOKS:
                return (self.rules.standard(delivery, self._secrets(webhook), self.clock()),)
            case Verification.GITHUB:
                event = self.rules.github(delivery, self._secrets(webhook))
                return () if event is None else (event,)
            case Verification.EVENT_GRID:
                return await self._grid_events(webhook, delivery)
        return await self._cloud_events(webhook, delivery)

    async def _cloud_events(self, webhook: Webhook, delivery: Delivery) -> tuple[Event, ...]:
        binary = await self._is_transport_proven(webhook, delivery)
        if not cloudevents.delivery_origin_ok(delivery, webhook.origins):
            raise DeliveryRefused("foreign-origin")
        events = cloudevents.cloud_events(delivery, binary=binary)
        cloudevents.check_sources(events, webhook.sources)
        return events

    async def _grid_events(self, webhook: Webhook, delivery: Delivery) -> Found:
        if webhook.audience is None:
            cloudevents.prove_by_token(delivery, self._secrets(webhook))
        else:
            await self._check_token(webhook.audience, delivery)
        return self.rules.grid(delivery, webhook.sources)

    async def _is_transport_proven(self, webhook: Webhook, delivery: Delivery) -> bool:
        """True where headers are proven as well as the body: by a token, or a secret that came with the request."""
        if webhook.audience is None:
            return cloudevents.prove(delivery, self._secrets(webhook), self.clock())
        await self._check_token(webhook.audience, delivery)
        return True

    async def _check_token(self, audience: str, delivery: Delivery) -> None:
        """Event Grid proves itself by a token for our app, which any application of the tenant could get: so by its role."""
        claims = await self.claims(delivery.headers, audience)
        if not self.rules.is_grid(claims.application, claims.roles):
            raise DeliveryRefused("not-event-grid")

    def _secrets(self, webhook: Webhook) -> tuple[str, ...]:
        values = {name: self.secret(name) for name in webhook.secrets}
        for name, value in values.items():
            if (cause := self.rules.trouble(value, webhook.verify)) is not None:
                raise NotReady(name, cause)
        return tuple(values.values())
