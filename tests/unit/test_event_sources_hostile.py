"""Any headers and any body: a verified event, or one of our two refusals, and nothing else, for every kind of source."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import check_sources, cloud_events, consent, delivery_origin_ok, prove, prove_by_token
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_grid import Deleted, Validation, grid_events, is_event_grid
from shared.rules.problems import Refused
from shared.rules.standard_events import standard_event
from tests.unit.event_senders import (
    AT,
    ENVELOPE,
    GRID_EVENT,
    STANDARD_SECRET,
    TEXT_SECRET,
    TOPIC,
    as_json,
    standard_headers,
    standard_key,
)

NAMES = st.sampled_from(
    [
        *("content-type", "Content-Type", "aeg-event-type", "authorization", "Authorization", "origin"),
        *("webhook-id", "webhook-timestamp", "webhook-signature", "WebHook-Request-Origin", "webhook-request-rate"),
        *("ce-id", "CE-ID", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-data", "ce-subject", "ce-ext"),
    ]
)
VALUES = st.sampled_from(
    [
        *(
            "application/json",
            "application/cloudevents+json",
            "application/cloudevents-batch+json",
            "text/plain",
            "1.0",
            "120",
        ),
        *("SubscriptionValidation", "SubscriptionDeletion", "Notification", f"Bearer {TEXT_SECRET}", "eventgrid.azure.net"),
        *("%C0%A0", '"a', "v1,", str(AT)),
    ]
)
HEADERS = st.dictionaries(NAMES | st.text(), VALUES | st.text())
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TOPIC),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ENVELOPE, *GRID_EVENT, "data_base64"]) | st.text(), inner)
    ),
    max_leaves=8,
)
ALMOST = st.tuples(
    st.sampled_from([ENVELOPE, GRID_EVENT]), st.dictionaries(st.sampled_from([*ENVELOPE, *GRID_EVENT]), VALUE)
).map(lambda pair: {**pair[0], **pair[1]})
"""An event with some members changed."""

BODIES = st.binary() | (VALUE | ALMOST | st.lists(ALMOST, max_size=3)).map(as_json)
SECRETS = st.lists(st.sampled_from([TEXT_SECRET, STANDARD_SECRET]) | st.text(), max_size=3)
TRUST = st.sampled_from(["headers", "body"])


def is_sound(event: Event) -> bool:
    """What every event must be: its key can be a mail's, and its content is a hash."""
    return 0 < len(event.key) <= 256 and event.key.isascii() and event.key.isprintable() and len(event.content) == 64


@given(HEADERS, BODIES, SECRETS, st.floats() | st.just(float(AT)))
def test_standard_webhooks(headers: dict[str, str], body: bytes, secrets: list[str], now: float) -> None:
    """With the right signature the body decides, without it nothing does."""
    signed = standard_headers(body, standard_key(STANDARD_SECRET))
    for delivery in (Delivery(headers, body), Delivery({**headers, **signed}, body)):
        with contextlib.suppress(DeliveryRefused, Refused):
            assert is_sound(standard_event(delivery, secrets, now))
            assert STANDARD_SECRET in secrets


@given(HEADERS, BODIES, SECRETS, st.dictionaries(st.just("access_token") | st.text(), st.just(TEXT_SECRET) | st.text()))
def test_proofs_of_cloudevents(headers: dict[str, str], body: bytes, secrets: list[str], query: dict[str, str]) -> None:
    """Yes, no, or refused."""
    for delivery in (Delivery(headers, body, query), Delivery({**headers, **standard_headers(body, b"x" * 24)}, body)):
        with contextlib.suppress(DeliveryRefused):
            assert prove(delivery, secrets, AT) in (True, False)
        with contextlib.suppress(DeliveryRefused):
            prove_by_token(delivery, secrets)


@given(HEADERS, VALUES | st.text(), BODIES, TRUST)
def test_cloudevents(headers: dict[str, str], kind: str, body: bytes, trust: str) -> None:
    """In every mode, whatever is trusted."""
    with contextlib.suppress(DeliveryRefused, Refused):
        events = cloud_events(Delivery({**headers, "Content-Type": kind}, body), binary=trust == "headers")
        assert all(is_sound(event) for event in events)
        check_sources(events, [TOPIC])


@given(HEADERS, st.lists(VALUES | st.text() | st.just("*"), max_size=3), st.integers())
def test_the_handshake(headers: dict[str, str], origins: list[str], rate: int) -> None:
    """Consent or none, and nothing in the answer that could end a header."""
    answer = consent(headers, origins, rate)
    assert answer is None or all(value.isascii() and value.isprintable() for value in answer.values())
    assert delivery_origin_ok(Delivery(headers, b""), origins) in (True, False)


@given(
    HEADERS, BODIES, st.lists(st.just(TOPIC) | st.text(), max_size=2), st.sampled_from(["application/json", "text/plain"])
)
def test_event_grid(headers: dict[str, str], body: bytes, sources: list[str], kind: str) -> None:
    """A handshake, a notice, events, or refused."""
    with contextlib.suppress(DeliveryRefused, Refused):
        found = grid_events(Delivery({**headers, "content-type": kind}, body), sources)
        assert isinstance(found, Validation | Deleted) or all(is_sound(event) for event in found)
        assert sources


@given(st.text(), st.lists(st.text()))
def test_no_stranger_is_event_grid(application: str, roles: list[str]) -> None:
    """Neither by chance nor by an empty claim."""
    assert not is_event_grid(application, roles)
