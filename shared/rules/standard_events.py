"""Standard Webhooks: from a signed delivery to its event. Apart from the signatures, which settings ask at every start."""

from collections.abc import Sequence

from shared.rules.deliveries import Delivery, Event
from shared.rules.event_bodies import json_object
from shared.rules.event_identity import body_hash
from shared.rules.webhook_signatures import verify_standard


def standard_event(delivery: Delivery, secrets: Sequence[str], now: float) -> Event:
    """The verified event: its key is the `webhook-id`, which stays the same in every retry.

    Raises `DeliveryRefused` with the codes of `verify_signed`, then `Refused` for a body that is not a JSON object.
    """
    verified = verify_standard(delivery.headers, delivery.body, secrets, now)
    return Event(key=verified.id, content=body_hash(delivery.body), data=json_object(delivery.body))
