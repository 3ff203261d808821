"""The OpenAPI document as a page for people: one HTML file without anything from outside, made on the server."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h2 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { border: 1px solid; border-radius: .4rem; overflow-x: auto; padding: .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
.method { font-weight: bold; text-transform: uppercase; }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of the page: nothing but the one style that stands in it."""


def page(document: Json) -> str:
    """The page; every value of the document is escaped."""
    about = document["info"]
    routes = [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    parts = [
        f"<h1>{escape(about['title'])} {escape(about['version'])}</h1><p>{escape(about['description'])}</p>",
        _table(("", ""), ((_link(path, method), escape(one["summary"])) for path, method, one in routes)),
        *(_route(path, method, one) for path, method, one in routes),
        "<h1>Bodies</h1>",
        *(_struct(name, schema) for name, schema in document["components"]["schemas"].items()),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    title = f"<title>{escape(about['title'])}: the HTTP API</title>"
    return f'<!doctype html><html lang="en"><head>{head}{title}</head><body>{"".join(parts)}</body></html>'


def _anchor(path: str, method: str) -> str:
    return f"{method}{path}".replace("/", "-").replace("{", "").replace("}", "")


def _link(path: str, method: str) -> str:
    return f'<a href="#{_anchor(path, method)}"><code><span class="method">{method}</span> {escape(path)}</code></a>'


def _route(path: str, method: str, one: Json) -> str:
    head = f'<h2 id="{_anchor(path, method)}"><code><span class="method">{method}</span> {escape(path)}</code></h2>'
    return "".join((head, f"<p>{escape(one['summary'])}.</p>", _parameters(one), _body(path, method, one), _answers(one)))


def _parameters(one: Json) -> str:
    rows = [
        (f"<code>{escape(p['name'])}</code>", escape(p["in"]), escape(p.get("description", "")))
        for p in one.get("parameters", ())
    ]
    return _table(("parameter", "in", ""), rows) if rows else ""


def _body(path: str, method: str, one: Json) -> str:
    command = _command(path, method, one)
    if "requestBody" not in one:
        return f"<pre>{escape(command)}</pre>"
    content = one["requestBody"]["content"]["application/json"]
    shown = [f"<p>Body: {_type(content['schema'])}</p>"]
    for example in content.get("examples", {}).values():
        given = f"{command} \\\n  --json @- <<'END'\n{_text(example['value'])}\nEND"
        shown.append(f"<p>{escape(example['summary'])}:</p><pre>{escape(given)}</pre>")
    return "".join(shown)


def _command(path: str, method: str, one: Json) -> str:
    """curl with the proof that the route asks for: a key of the host, a bearer token, or none."""
    proofs = [scheme for choice in one["security"] for scheme in choice]
    proof = ' -H "Authorization: Bearer $TOKEN"' if "token" in proofs else ' -H "x-functions-key: $KEY"' if proofs else ""
    return f'curl -X {method.upper()} "$APP{path}"{proof}'


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _answers(one: Json) -> str:
    answers = sorted(one["responses"].items())
    table = _table(("answer", "", "body"), (_answer(status, answer) for status, answer in answers))
    return table + "".join(_example(status, answer) for status, answer in answers if status < "300")


def _example(status: str, answer: Json) -> str:
    """What a success looks like; the problems all have one form."""
    examples = [one for content in answer.get("content", {}).values() for one in content.get("examples", {}).values()]
    return "".join(
        f"<details><summary>{status}: {escape(one['summary'])}</summary><pre>{escape(_text(one['value']))}</pre></details>"
        for one in examples
    )


def _answer(status: str, answer: Json) -> tuple[str, str, str]:
    headers = ", ".join(f"<code>{escape(name)}</code>" for name in answer.get("headers", ()))
    about = escape(answer["description"]) + (f" Headers: {headers}." if headers else "")
    bodies = [_type(content["schema"]) for content in answer.get("content", {}).values()]
    return status, about, " or ".join(bodies)


def _struct(name: str, schema: Json) -> str:
    head = f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(schema.get("description", ""))}</p>'
    if "enum" in schema:
        return head + "<p>" + ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"]) + "</p>"
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{escape(field)}</code>",
            _type(one),
            "required" if field in required else "",
            escape(one.get("description", "")),
        )
        for field, one in schema.get("properties", {}).items()
    )
    return head + _table(("field", "type", "", "meaning"), rows)


def _type(schema: Json) -> str:
    """A schema in a few words, with links to what it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for word in ("oneOf", "anyOf"):
        if word in schema and "type" not in schema:
            return " or ".join(_type(one) for one in schema[word])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "any")
    words = escape(" or ".join(kind) if isinstance(kind, list) else str(kind))
    if "items" in schema:
        words += f" of {_type(schema['items'])}"
    return words + "".join(_limits(schema))


def _limits(schema: Json) -> Iterator[str]:
    for word, sign in (("maxLength", "characters"), ("maxItems", "entries"), ("maximum", "")):
        if word in schema:
            yield f", at most {schema[word]} {sign}".rstrip()
    if "format" in schema:
        yield f" ({escape(str(schema['format']))})"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{names}</tr>{lines}</table>"
