"""The body of a delivery as JSON, read strictly: one object, or an array of events, and what its Content-Type says."""

from typing import Any

from shared.rules.envelope import HTTP_BODY_LIMIT
from shared.rules.json_text import parse_json
from shared.rules.problems import Problem, Refused

MOST_EVENTS = 100
"""Events of one batch, as many as mails of one call of the HTTP API. Each is stored before the answer, a batch is taken as
a whole or not at all, and Event Grid waits 30 seconds; it sends single events unless the subscription asks for batches.
"""

JSON = "application/json"

TOO_LARGE = "too-large"
"""Code of the refusal of a batch with too many events; also of a body that is too long."""

UNSUPPORTED = "unsupported-media-type"
"""The code of a refusal that a door answers with 415: the sender has to send another format."""


def json_value(body: bytes) -> object:
    """The value of the body; raises `Refused`."""
    return parse_json(body, limit=HTTP_BODY_LIMIT)


def json_object(body: bytes) -> dict[str, Any]:
    """The body where it is one JSON object; raises `Refused`."""
    value = json_value(body)
    if not isinstance(value, dict):
        raise Refused((Problem("", "the event is not a JSON object; send one object"),))
    return value


def json_events(body: bytes) -> list[object]:
    """The items of a JSON array of at most `MOST_EVENTS` events, not looked into; raises `Refused`."""
    value = json_value(body)
    if not isinstance(value, list):
        raise Refused((Problem("", "the batch is not a JSON array; send an array of events"),))
    if len(value) > MOST_EVENTS:
        message = f"the batch has more than {MOST_EVENTS} events; set a lower limit for batches at the sender"
        raise Refused((Problem("", message),), code=TOO_LARGE)
    return value


def media_type(content_type: str) -> str:
    """The type without its parameters, in lower case (RFC 9110 section 8.3.1); '' where none is said.

    A charset says nothing about JSON (RFC 8259 section 11): bytes that are not UTF-8 are refused whatever it claims.
    """
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Whether content of this type is JSON: `*/json`, or `*/*+json` (CloudEvents JSON format, section 3.1.1)."""
    _, slash, subtype = media_type(content_type).partition("/")
    return slash == "/" and (subtype == "json" or subtype.endswith("+json"))


def unsupported(message: str) -> Refused:
    """The refusal of a format that is not read here: cause and cure."""
    return Refused((Problem("", message),), code=UNSUPPORTED)
