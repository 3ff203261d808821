"""OTLP/HTTP requests, from bytes to protobuf messages, in the two encodings that the protocol knows.

Source of the rules: OpenTelemetry Protocol specification, section OTLP/HTTP. In its JSON form trace and span ids are
hexadecimal (not Base64, as protobuf's own JSON mapping would have it), enums are numbers, unknown fields are ignored.
"""

import base64
import binascii
import json
from typing import TypeAlias, TypeVar

from google.protobuf import json_format  # type: ignore[import-untyped]  # the package ships no stubs
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]  # the package ships no stubs
from google.rpc import status_pb2  # type: ignore[import-untyped]  # stubs without a py.typed marker

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

INVALID_ARGUMENT = 3
"""`google.rpc.Code.INVALID_ARGUMENT`: the request can never be accepted, so the exporter must not repeat it."""

_ID_FIELDS = frozenset({"traceId", "spanId", "parentSpanId"})

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | float | bool | None"

Request = TypeVar("Request", bound=Message)


class MalformedError(Exception):
    """The body is not a request of the encoding that its content type promises."""


class UnknownEncodingError(Exception):
    """The content type is neither of the two encodings of OTLP/HTTP."""


def decode(body: bytes, content_type: str, into: Request) -> Request:
    """Fill the empty request `into` from `body` and return it.

    Raises UnknownEncodingError for another content type, MalformedError for a body that does not decode.
    """
    if content_type == PROTOBUF:
        return _from_protobuf(body, into)
    if content_type == JSON:
        return _from_json(body, into)
    raise UnknownEncodingError(f"content type {content_type!r}: send {PROTOBUF} or {JSON}")


def encode(answer: Message, content_type: str) -> bytes:
    """An answer in the encoding of its request, as the specification asks."""
    if content_type == JSON:
        return str(json_format.MessageToJson(answer, indent=None)).encode()
    return bytes(answer.SerializeToString())


def failure(detail: str, content_type: str) -> bytes:
    """The `google.rpc.Status` that a refused request is answered with."""
    return encode(status_pb2.Status(code=INVALID_ARGUMENT, message=detail), content_type)


def _from_protobuf(body: bytes, into: Request) -> Request:
    try:
        into.ParseFromString(body)
    except DecodeError as error:
        raise MalformedError("not a protobuf message of this service") from error
    return into


def _from_json(body: bytes, into: Request) -> Request:
    try:
        json_format.ParseDict(_with_base64_ids(json.loads(body)), into, ignore_unknown_fields=True)
    except (ValueError, TypeError, AttributeError, RecursionError, json_format.Error) as error:
        # ParseDict meets data of the wrong shape (a list where an object belongs) with whatever Python raises there.
        raise MalformedError("not a JSON request of this service") from error
    return into


def _with_base64_ids(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {key: _id(item) if key in _ID_FIELDS else _with_base64_ids(item) for key, item in value.items()}
    return value


def _id(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise MalformedError("an id is not a string")
    try:
        return base64.b64encode(bytes.fromhex(value)).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise MalformedError("an id is not hexadecimal") from error
