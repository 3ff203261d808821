"""The OpenAPI 3.1 document of the HTTP API, made of the structs by which requests are read and answers described."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.openapi_examples import ANSWERS, DOWN, REQUESTS, Json, Route, problem
from shared.openapi_paths import FILES, HEADERS, MEANINGS, MEANS, OPERATIONS, PARAMETERS, QUERY, Operation, Struct
from shared.rules.api_answers import Problem, Validation
from shared.rules.envelope_schema import envelope_parts
from shared.rules.schema_twins import schemas
from shared.submission import BATCH_LIMIT, ITEM_LIMIT, KEY_LIMIT

PLACE = "#/components/schemas"
PROBLEM = "application/problem+json"

_TEXT = {"type": "string"}
_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The envelope's `id`, quoted or bare; of an array, item n has the key KEY/n. The same key and body is "
    "the same mail, sent once; another body is 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
_AGAIN = frozenset({409, 429, 503})
"""Statuses that say when to come back: 409 only where waiting helps."""


def document(*, entra: bool, version: str) -> dict[str, Any]:
    """The document; with `entra` callers and operators prove themselves by bearer tokens, otherwise by function keys."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(f"/api{one.path}", {})[one.method] = _operation(one, entra=entra)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "keyless-mail", "version": version, "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _schemes(entra=entra)},
    }


_ABOUT = (
    "Events become mails that leave through Microsoft 365. 202 means stored and queued: ask for the mail to learn what "
    "became of it. Every refusal is RFC 9457 problem details."
)


def _schemas() -> dict[str, Any]:
    structs: list[Struct] = [Problem, Validation]
    for one in OPERATIONS:
        structs += [struct for struct in (one.takes, one.answer) if struct is not None]
    made = schemas(dict.fromkeys(structs), MEANINGS, place=PLACE)
    return {**made, **envelope_parts(PLACE)}


def _schemes(*, entra: bool) -> dict[str, Any]:
    if entra:
        about = "A token of the app's own registration, with the app role Mail.Send, or Mail.Operator for /operator."
        return {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": about}}
    about = "A function key; /operator wants the master key."
    return {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key", "description": about}}


def _operation(one: Operation, *, entra: bool) -> dict[str, Any]:
    secured = one.access in ("caller", "operator")
    made: dict[str, Any] = {
        "operationId": f"{one.method}{re.sub(r'[^A-Za-z]+', '_', one.path)}".rstrip("_"),
        "summary": one.summary,
        "security": [{"token" if entra else "key": []}] if secured else [],
        "responses": _responses(one, entra=entra),
    }
    if parameters := _parameters(one):
        made["parameters"] = parameters
    if (body := _body(one)) is not None:
        made["requestBody"] = {"required": True, "content": body}
    return made


def _parameters(one: Operation) -> list[dict[str, Any]]:
    inside = re.findall(r"{(\w+)}", one.path)
    found = [{"name": name, "in": "path", "required": True, "schema": PARAMETERS[name]} for name in inside]
    found += [{"name": name, "in": "query", "description": about, "schema": QUERY[name]} for name, about in one.query]
    return [*found, _KEY] if one.batch else found


def _body(one: Operation) -> dict[str, Any] | None:
    if one.raw:
        about = (
            f"A JSON object of at most {ITEM_LIMIT} bytes; its `id` makes it one item." if one.access == "caller" else None
        )
        any_json: dict[str, Any] = {"type": "object", "description": about} if about else {}
        return {"application/json": {"schema": any_json, **_examples(REQUESTS, one)}}
    if one.takes is None:
        return None
    schema: dict[str, Any] = _ref(one.takes)
    if one.batch:
        schema = {"oneOf": [schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": BATCH_LIMIT}]}
    return {"application/json": {"schema": schema, **_examples(REQUESTS, one)}}


def _examples(all_of: Mapping[Route, Mapping[str, Json]], one: Operation) -> dict[str, Any]:
    return _named(all_of.get((one.method, one.path), {}))


def _named(examples: Mapping[str, Json]) -> dict[str, Any]:
    shown = {name.replace(" ", "-"): {"summary": name, "value": value} for name, value in examples.items()}
    return {"examples": shown} if shown else {}


def _responses(one: Operation, *, entra: bool) -> dict[str, Any]:
    found = {str(one.status): _success(one)}
    if one.access == "source" and one.method == "post":
        found["200"] = _with_body(
            "Event Grid's own messages: its code, or nothing.",
            {"anyOf": [_ref(Validation), {"type": "object"}]},
            examples={"its code": {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}},
        )
    for status in sorted({*one.problems, *_denials(one, entra=entra), 503} if one.access != "anybody" else _down(one)):
        found[str(status)] = _problem(status, one, entra=entra)
    return found


def _down(one: Operation) -> Iterable[int]:
    """Health answers 503 in its own form."""
    return (503,) if one.path == "/health" else ()


def _denials(one: Operation, *, entra: bool) -> Iterable[int]:
    if one.access not in ("caller", "operator"):
        return ()
    return (401, 403) if entra else (401,)


def _success(one: Operation) -> dict[str, Any]:
    headers = {name: {"description": HEADERS[name], "schema": _TEXT} for name in one.headers}
    made: dict[str, Any] = {"description": MEANS[one.status], **({"headers": headers} if headers else {})}
    if one.answer is None:
        return {**made, **FILES.get(one.path, {})}
    schema: dict[str, Any] = _ref(one.answer)
    if one.batch:
        schema = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": BATCH_LIMIT}]}
    return {**made, "content": {"application/json": {"schema": schema, **_examples(ANSWERS, one)}}}


def _problem(status: int, one: Operation, *, entra: bool) -> dict[str, Any]:
    if one.path == "/health":
        return _with_body("What is at fault, and what to set.", _ref(_answer_of(one)), "Retry-After", examples=DOWN)
    if status == 401 and not entra and one.access in ("caller", "operator"):
        return {"description": "No key, or a wrong one; the answer is the Functions host's own."}
    names = ["Retry-After"] if status in _AGAIN else []
    names += ["RateLimit", "RateLimit-Policy"] if status == 429 else []
    names += ["WWW-Authenticate"] if status == 401 and one.access != "source" else []
    names += ["Allow"] if status == 405 else []
    example = problem(status, path=one.path)
    made = _with_body(MEANS[status], _ref(Problem), *names, media=PROBLEM, examples={str(example["title"]): example})
    if status == 404:  # the host's own, where a name in the path holds what no route takes, such as a line break
        made["content"]["text/plain"] = {"schema": _TEXT}
    return made


def _with_body(
    about: str, schema: dict[str, Any], *headers: str, media: str = "application/json", examples: Mapping[str, Json]
) -> dict[str, Any]:
    made: dict[str, Any] = {"description": about, "content": {media: {"schema": schema, **_named(examples)}}}
    if headers:
        made["headers"] = {name: {"description": HEADERS[name], "schema": _TEXT} for name in headers}
    return made


def _answer_of(one: Operation) -> Struct:
    if one.answer is None:
        raise ValueError(f"{one.path} has no answer of a fixed form")
    return one.answer


def _ref(struct: Struct) -> dict[str, Any]:
    return {"$ref": f"{PLACE}/{struct.__name__}"}
