"""The OpenAPI document: sound, complete, and true of the structs and routes that it tells of."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from functions import blueprints
from shared.openapi import document
from shared.openapi_page import page
from shared.rules.envelope import envelope_from
from shared.rules.envelope_schema import DIALECT, EXAMPLES, envelope_schema
from shared.rules.problems import Refused
from shared.status import view
from tests.stage import Stage

BOTH = {"keys": document(entra=False, version="1"), "entra": document(entra=True, version="1")}


def refs(value: object) -> set[str]:
    """Everything that a document refers to."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(refs(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(refs(one) for one in value))
    return set()


@pytest.mark.parametrize("said", BOTH.values(), ids=BOTH)
def test_every_reference_leads_somewhere_and_every_schema_is_one(said: dict[str, Any]) -> None:
    """And none is left over."""
    schemas = said["components"]["schemas"]
    assert refs(said) == {f"#/components/schemas/{name}" for name in schemas}
    for schema in schemas.values():
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})


def test_every_route_of_the_app_is_in_the_document_and_no_other() -> None:
    """With its methods."""
    found: set[tuple[str, str]] = set()
    for blueprint in blueprints():
        for builder in blueprint._function_builders:  # noqa: SLF001 - the library has no other way to ask a blueprint
            trigger: Any = builder._function.get_trigger()  # noqa: SLF001 - as above
            if hasattr(trigger, "route"):
                found |= {(f"/api/{trigger.route}", method.value.lower()) for method in trigger.methods}
    assert found == {(path, method) for path, methods in BOTH["keys"]["paths"].items() for method in methods}


def test_who_may_ask_stands_at_each_route() -> None:
    """A key or a token where the app wants one, and nothing where it asks for none."""
    for said, scheme in ((BOTH["keys"], "key"), (BOTH["entra"], "token")):
        for path, methods in said["paths"].items():
            for one in methods.values():
                free = re.search(r"webhooks|health|openapi|docs|schema", path)
                assert one["security"] == ([] if free else [{scheme: []}])
                assert ("403" in one["responses"]) is (scheme == "token" and not free)


def test_the_examples_are_envelopes() -> None:
    """The reader takes them, and the published schema does."""
    schema = envelope_schema()
    assert schema["$schema"] == DIALECT
    for example in EXAMPLES.values():
        jsonschema_rs.validate(schema, example)
        assert envelope_from(example)


@pytest.mark.parametrize(
    "change",
    [
        {"to": []},
        {"to": "ops@contoso.test"},
        {"subject": "a\nb"},
        {"unknown": 1},
        {"priority": "urgent"},
        {"send_at": "tomorrow"},
        {"template": "alert"},
        {"headers": {"X-MS-Exchange": "1"}},
        {"attachments": [{"name": "a", "content_type": "text/plain"}]},
    ],
)
def test_what_the_reader_refuses_the_schema_refuses_too(change: dict[str, object]) -> None:
    """As far as a schema can say it."""
    wrong = {**EXAMPLES["a text"], **change}
    with pytest.raises(Refused):
        envelope_from(wrong)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(envelope_schema(), wrong)


async def test_a_mails_view_is_what_the_document_says() -> None:
    """Of a mail that was sent."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    said = BOTH["keys"]
    schema = {**said["components"]["schemas"]["MailView"], "components": said["components"], "additionalProperties": False}
    jsonschema_rs.validate({"$schema": DIALECT, **schema}, view(stage.row))


def test_the_page_shows_every_route_and_takes_nothing_from_outside() -> None:
    """No script, no address of another host, and every link leads to something on it."""
    shown = page(BOTH["keys"])
    for path in BOTH["keys"]["paths"]:
        assert path in shown
    assert not re.search(r"<(script|img|link|iframe|object)|https?://", shown)
    anchors = set(re.findall(r'id="([^"]+)"', shown))
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= anchors


def test_the_page_escapes_what_it_shows() -> None:
    """Whatever a description holds."""
    said = json.loads(json.dumps(BOTH["keys"]).replace("Mails to one address", "<b>x</b>"))
    assert "<b>x</b>" not in page(said)
    assert "&lt;b&gt;x&lt;/b&gt;" in page(said)
