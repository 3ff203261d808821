"""Azure Event Grid's own schema (Microsoft Learn: "Azure Event Grid event schema", "Webhook event delivery").

Who delivers is proven before, by the bearer token of the request. But Event Grid brings everybody's events: any Azure
subscription of the tenant can have a valid token made. So every event must come from a topic that mail.toml names.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.rules import field_rules
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_bodies import JSON, json_events, media_type, unsupported
from shared.rules.event_identity import content_of, distinct, key_of
from shared.rules.problems import Faults, Problem, Refused, child, place

KIND_HEADER = "aeg-event-type"

WEBHOOK_ROLE = "AzureEventGridSecureWebhookSubscriber"
"""The app role that Microsoft's page on secure webhook delivery gives to Event Grid and to whoever subscribes."""

EVENT_GRID_APPLICATION = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
"""The client id of Event Grid itself in the public cloud, as the script on that page has it. Unverified: no token of Event
Grid has been seen here, and other clouds may have another id; the role is what the page promises.
"""

_VALIDATION, _DELETION, _NOTIFICATION = "subscriptionvalidation", "subscriptiondeletion", "notification"
_VALIDATION_EVENT = "Microsoft.EventGrid.SubscriptionValidationEvent"

_CODE = re.compile(r"[!-~]{1,256}")
"""A validation code goes back as it came; today it is a GUID."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Event Grid asks whether this webhook wants a subscription. Answer 200 (not 202) and `validationResponse`: `code`."""

    code: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """Event Grid says that the subscription is gone; there is nothing to do but to answer 200."""


def is_event_grid(application: str, roles: Collection[str]) -> bool:
    """Whether a verified token is Event Grid's: by its role, or by the client id (`appid` or `azp`) of Event Grid."""
    return WEBHOOK_ROLE in roles or application.lower() == EVENT_GRID_APPLICATION


def grid_events(delivery: Delivery, sources: Sequence[str]) -> Validation | Deleted | tuple[Event, ...]:
    """What a proven delivery says; `sources` are the topics, Azure resource ids, whose events count.

    The kind comes from a header, which is as good as the body here, because the token covers the request. A delivery
    without it is taken as events. `validationUrl` is never followed: whoever can post chooses it.

    Raises `DeliveryRefused` with one of the codes `no-sources`, `foreign-topic`, and `Refused` for what is not in this
    schema.
    """
    if not sources:
        raise DeliveryRefused("no-sources")
    if media_type(delivery.header("Content-Type")) != JSON:
        raise unsupported(f"the delivery is not {JSON}; create the subscription with Event Grid's own schema")
    items = json_events(delivery.body)
    _check_topics(items, sources)
    events = _read(items)
    kind = delivery.header(KIND_HEADER).lower() or _NOTIFICATION
    if kind == _VALIDATION:
        return _validation(events)
    if kind == _DELETION:
        return Deleted()
    if kind != _NOTIFICATION:
        raise Refused((Problem("", f"the header {KIND_HEADER} names a kind that is not known; send Notification"),))
    return distinct(_event(event) for event in events)


def _check_topics(items: Sequence[object], sources: Sequence[str]) -> None:
    """Before anything else is said about the events: strangers get one answer, whatever they send."""
    known = {_folded(source) for source in sources}
    topics = [item.get("topic") for item in items if isinstance(item, dict)]
    if any(_folded(topic) not in known for topic in topics if isinstance(topic, str)):
        raise DeliveryRefused("foreign-topic")


def _read(items: Sequence[object]) -> list[dict[str, Any]]:
    faults = Faults()
    events: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        pointer = child("", number)
        if not isinstance(item, dict):
            faults.add(pointer, f"{place(pointer)} is not a JSON object; send an event")
            continue
        _check_event(item, pointer, faults)
        events.append(item)
    faults.raise_any()
    return events


def _check_event(event: Mapping[str, Any], pointer: str, faults: Faults) -> None:
    """The fields of the schema. Others are left alone, because Azure may add some; `data` may be anything or missing."""
    for name, check in _CHECKS.items():
        try:
            check(event.get(name))
        except ValueError as error:
            faults.add(child(pointer, name), f"{place(child(pointer, name))} {error}")


def _filled(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("is missing, empty or not text; send text")


def _text(value: object) -> str:
    """Empty in the events that Event Grid itself makes."""
    if isinstance(value, str):
        return value
    raise ValueError("is missing or not text; send text")


def _time(value: object) -> None:
    """ISO 8601 with an offset: publishers write it, and nothing is computed from it."""
    field_rules.moment(_filled(value))


def _optional(value: object) -> None:
    """Versions are stamped by Event Grid where the publisher gave none."""
    if value is not None:
        _text(value)


_CHECKS: Mapping[str, Callable[[object], object]] = {
    "id": _filled,
    "topic": _filled,
    "subject": _text,
    "eventType": _filled,
    "eventTime": _time,
    "dataVersion": _optional,
    "metadataVersion": _optional,
}


def _validation(events: Sequence[dict[str, Any]]) -> Validation:
    if len(events) != 1 or events[0]["eventType"] != _VALIDATION_EVENT:
        message = f"a validation is not exactly one event of type {_VALIDATION_EVENT}; send that event alone"
        raise Refused((Problem("", message),))
    data = events[0].get("data")
    code = data.get("validationCode") if isinstance(data, dict) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Refused((Problem("/0/data/validationCode", "the validation code is missing or not printable; send it"),))
    return Validation(code)


def _event(event: dict[str, Any]) -> Event:
    topic = _folded(event["topic"]).decode("utf-8")
    content = content_of({**event, "topic": topic})
    return Event(key=key_of("event-grid", topic, event["id"]), content=content, data=event)


def _folded(topic: str) -> bytes:
    """Azure's resource ids count without case. Only ASCII letters are folded, so that no other name becomes this one."""
    return topic.encode("utf-8", "surrogatepass").lower()
