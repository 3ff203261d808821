"""HTTP requests into trigger data, and what a function returned into an HTTP response."""

import json
from collections.abc import Iterable, Mapping

from aiohttp import web
from azure.functions.meta import Datum
from multidict import CIMultiDict

from devcloud.host.triggering import TriggerData

# The server computes these from the body; a copy from the function could contradict it.
FRAMING_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


def request_data(request: web.Request, body: bytes, route_values: Mapping[str, str]) -> TriggerData:
    """Return what the worker gets: lower-cased header names, the full URL, values that occur twice joined by commas."""
    value = {
        "method": _text(request.method),
        "url": _text(f"{request.scheme}://{request.host}{request.raw_path}"),
        "headers": _texts((name.lower(), text) for name, text in request.headers.items()),
        "query": _texts(request.query.items()),
        "params": {name: _text(text) for name, text in route_values.items() if text},
        "body": Datum(body, "bytes"),
    }
    return TriggerData(Datum(value, "http"))


def response_for(returned: Datum | None) -> web.Response:
    """Return the response for the value of an HTTP function's `$return` binding.

    Raises:
        ValueError: a status or header that HTTP cannot carry.
    """
    if returned is None:
        return web.Response(status=500)
    if returned.type == "http":
        return _described(returned.value)
    return _from_text(str(returned.value))


def _described(value: Mapping[str, object]) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict()
    declared = value["headers"]
    if isinstance(declared, Mapping):
        for name, text in declared.items():
            if name.lower() not in FRAMING_HEADERS:
                headers.add(name, text.value)
    for cookie in _cookies(value.get("cookies")):
        headers.add("Set-Cookie", cookie)
    if any(mark in text for text in headers.values() for mark in "\r\n\0"):
        raise ValueError("a header with a line break")
    status, body = value["status_code"], value["body"]
    if not isinstance(status, Datum) or not isinstance(body, Datum):
        raise TypeError("the HTTP converter has changed its form")
    return web.Response(status=int(status.value), headers=headers, body=bytes(body.value))


def _cookies(cookies: object) -> Iterable[str]:
    for jar in cookies if isinstance(cookies, list) else []:
        for morsel in jar.values():
            yield morsel.OutputString()


def _from_text(text: str) -> web.Response:
    """A bare text is the body, unless it is a JSON object with a `body`: then the host reads it as a response."""
    try:
        described = json.loads(text)
    except ValueError:
        described = None
    if not isinstance(described, dict) or "body" not in described:
        return web.Response(text=text)
    body = described["body"]
    headers = described.get("headers")
    return web.Response(
        status=int(described.get("status") or described.get("statusCode") or 200),
        headers={str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else None,
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
    )


def _text(value: str) -> Datum:
    return Datum(value, "string")


def _texts(pairs: Iterable[tuple[str, str]]) -> dict[str, Datum]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return {name: _text(value) for name, value in joined.items()}
