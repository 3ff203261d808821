"""CloudEvents 1.0 over HTTP: structured, batched and binary mode (CloudEvents 1.0.2, http-protocol-binding.md section 3).

Strict where the SDKs are not: no id, time or version is made up, `ce-` headers never override an envelope, and what is
not a CloudEvent is refused with every fault and its JSON pointer.
"""

from collections.abc import Iterable, Sequence

from shared.rules.cloudevents_binary import binary_envelope
from shared.rules.cloudevents_consent import consent, delivery_origin_ok
from shared.rules.cloudevents_envelope import read_envelope
from shared.rules.cloudevents_proof import prove, prove_by_token
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_bodies import json_events, json_object, media_type, unsupported
from shared.rules.event_identity import distinct
from shared.rules.problems import Faults, child

__all__ = ["check_sources", "cloud_events", "consent", "delivery_origin_ok", "prove", "prove_by_token"]

STRUCTURED = "application/cloudevents"
BATCHED = "application/cloudevents-batch"
"""Beginnings of the Content-Type. The second begins with the first, so it is looked for first."""

_FORMAT = "+json"
"""The one event format that is read here; Avro, Protobuf and XML are not."""


def cloud_events(delivery: Delivery, *, binary: bool) -> tuple[Event, ...]:
    """The events of a proven delivery, each once; none for an empty batch.

    `binary` says whether the proof covers the headers as well (`prove`): only then do they count. Raises `Refused`, with
    the code `unsupported-media-type` for a format or mode that is not read.
    """
    kind = media_type(delivery.header("Content-Type"))
    if kind.startswith(BATCHED):
        _check_format(kind, BATCHED)
        return distinct(_read((child("", n), item) for n, item in enumerate(json_events(delivery.body))))
    if kind.startswith(STRUCTURED):
        _check_format(kind, STRUCTURED)
        return _read([("", json_object(delivery.body))])
    if binary:
        return _read([("", binary_envelope(delivery))])
    message = "the delivery is not in structured mode, and headers are not signed; send application/cloudevents+json"
    raise unsupported(message)


def check_sources(events: Iterable[Event], sources: Sequence[str]) -> None:
    """Return where every event's `source` is one of `sources`, or none are configured.

    ASCII letters count without case, because Azure writes the ids of its resources now this way, now that. Raises
    `DeliveryRefused` with the code `foreign-source`.
    """
    known = {_folded(source) for source in sources}
    if known and any(_folded(event.data["source"]) not in known for event in events):
        raise DeliveryRefused("foreign-source")


def _check_format(kind: str, mode: str) -> None:
    if kind != mode + _FORMAT:
        raise unsupported(f"the event format is not JSON; send {mode}{_FORMAT}")


def _read(envelopes: Iterable[tuple[str, object]]) -> tuple[Event, ...]:
    faults = Faults()
    events = [read_envelope(value, pointer, faults) for pointer, value in envelopes]
    faults.raise_any()
    return tuple(event for event in events if event is not None)


def _folded(source: str) -> bytes:
    return source.encode("utf-8", "surrogatepass").lower()
