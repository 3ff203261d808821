"""What the document says of requests and answers is what the app reads and makes: its examples, and real answers."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from functions.refusals import pointed
from shared.audit_order import audit_order_from
from shared.doctor import question_from
from shared.health import Health, fault
from shared.looking import Unreadable
from shared.openapi import document
from shared.openapi_examples import ANSWERS, DOWN, REQUESTS, problem
from shared.openapi_page import POLICY, page
from shared.openapi_paths import OPERATIONS
from shared.operator_questions import find_question, list_question
from shared.operator_views import addressed_view, mail_view, stop_view, unreadable_view
from shared.redrive import bulk_order_from
from shared.rules.envelope import envelope_from
from shared.rules.envelope_schema import DIALECT
from shared.rules.faults import Fault
from shared.rules.outcome import Reason
from shared.rules.problems import Problem
from shared.rules.stops import Phase, Place, Scope, Stop
from shared.status import reason_view, view
from shared.steer import order_from
from shared.stop_button import pause_from, resume_from
from shared.submission import digest_item
from tests.stage import START, Stage
from tests.unit.test_pace_report import a_story, busy_rows

BOTH = {"keys": document(entra=False, version="1"), "entra": document(entra=True, version="1")}
SAID = BOTH["keys"]
DOORS = "".join(path.read_text() for path in (Path(__file__).parents[2] / "functions").glob("*.py"))
STOP = Stop(Place(Scope.SENDER, "alerts"), Phase.STANDING, Reason("paused", "stopped", "resume"), since=START, by="Sam: x")
PROBLEMS = sorted(
    {(status, one.path) for one in OPERATIONS if one.access != "anybody" for status in (*one.problems, 403, 503)}
)


def envelope_or_array(body: bytes) -> None:
    """As the door reads it."""
    value = json.loads(body)
    for one in value if isinstance(value, list) else [value]:
        envelope_from(one)


READERS: dict[tuple[str, str], Callable[[bytes], object]] = {
    ("post", "/messages"): envelope_or_array,
    ("post", "/webhooks/{name}"): json.loads,
    ("post", "/digests/{name}/events"): lambda body: digest_item(body, fresh_key="k"),
    ("post", "/operator/messages/{id}/{action}"): order_from,
    ("post", "/operator/redrive"): bulk_order_from,
    ("post", "/operator/audit"): audit_order_from,
    ("post", "/operator/doctor"): question_from,
    ("post", "/operator/find"): find_question,
    ("post", "/operator/pause"): pause_from,
    ("post", "/operator/resume"): resume_from,
}
"""What reads the body of each route."""


def closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The schema with every object closed, so that what it does not tell of is found."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(one) for name, one in schema.items()}
    return {**made, "additionalProperties": False} if "properties" in made and "additionalProperties" not in made else made


def exactly(name: str, value: object) -> None:
    """Raise unless the value is what the struct of this name tells of, and nothing more."""
    schema = {"$schema": DIALECT, "$ref": f"#/components/schemas/{name}", "components": closed(SAID["components"])}
    jsonschema_rs.validate(schema, value)


@pytest.mark.parametrize("said", BOTH.values(), ids=BOTH)
def test_the_document_is_valid_openapi(said: dict[str, Any]) -> None:
    """By the specification's own schema."""
    schemathesis.openapi.from_dict(said).validate()


@pytest.mark.parametrize("route", READERS, ids=" ".join)
def test_every_example_of_a_body_is_read(route: tuple[str, str]) -> None:
    """What somebody copies from the page is accepted as far as the reader is concerned."""
    for value in REQUESTS[route].values():
        READERS[route](json.dumps(value).encode())


def test_every_body_and_every_answer_has_an_example() -> None:
    """And none is for a route that is gone."""
    assert set(REQUESTS) == set(READERS) == {(one.method, one.path) for one in OPERATIONS if one.raw or one.takes}
    assert set(ANSWERS) == {(one.method, one.path) for one in OPERATIONS if one.answer}


@pytest.mark.parametrize("route", ANSWERS, ids=" ".join)
def test_every_example_of_an_answer_is_one(route: tuple[str, str]) -> None:
    """Complete, and without anything that the struct does not tell of."""
    (one,) = (one for one in OPERATIONS if (one.method, one.path) == route)
    assert one.answer is not None
    for value in ANSWERS[route].values():
        for single in value if isinstance(value, list) else [value]:
            exactly(one.answer.__name__, single)


def test_health_that_is_down_looks_like_its_example() -> None:
    """The 503 of health is no problem details."""
    for value in DOWN.values():
        exactly("Health", value)


@pytest.mark.parametrize(("status", "path"), PROBLEMS)
def test_every_example_of_a_problem_is_answered_so_by_some_door(status: int, path: str) -> None:
    """Its title stands in the code of the doors; an example of what nobody answers would only mislead."""
    example = problem(status, path=path)
    exactly("Problem", example)
    assert f'"{example["title"]}"' in DOORS


async def test_what_callers_are_answered_is_what_the_structs_say() -> None:
    """Of a mail that was sent, one that waits, and one that was refused."""
    stage = Stage()
    await stage.accept()
    exactly("MailView", view(stage.row))
    await stage.run()
    exactly("MailView", view(stage.row))
    exactly("MailView", view(replace(stage.row, why=Reason("x", "y"))))


async def test_what_operators_are_answered_is_what_the_structs_say() -> None:
    """Mails under way, stopped and at rest; stops; rows that cannot be read."""
    stage = Stage()
    await stage.accept()
    held = replace(stage.row, stopped=STOP.place.key, standstill=START)
    for row, stops in ((stage.row, ()), (held, ()), (held, (STOP,))):
        exactly("OperatorMailView", mail_view(row, stops))
        exactly("AddressedMailView", addressed_view(row, "nobody", stops))
    exactly("LeftMailView", {**mail_view(held), "cause": "x"})
    for stop in (STOP, replace(STOP, until=START)):
        exactly("StopView", stop_view(stop))
    exactly("UnreadableRow", unreadable_view(Unreadable("x", STOP.reason)))
    exactly("ReasonView", reason_view(STOP.reason))
    exactly("PaceReport", await a_story(await busy_rows(), licences=25).report())
    exactly("PaceReport", await a_story(await busy_rows()).report())


async def test_health_is_what_the_struct_says() -> None:
    """Its parts, as they are when all is well and when not."""

    async def fine() -> None:
        return None

    report = await Health({"storage": fine}, lambda: START).report()
    wrong = {"storage": fault(Reason("down", "no answer", "wait"))}
    one = Fault("MailStorage", "is not set", "set it")
    named = [{"name": one.name, "cause": one.cause, "cure": one.cure}]
    exactly("Health", {**report, "faults": [], "warnings": named})
    exactly("Health", {"status": "fault", "parts": wrong, "faults": named, "warnings": []})


def test_the_pointers_of_faults_are_what_the_struct_says() -> None:
    """The whole body, and a field of it."""
    for fault_ in pointed([Problem("", "the body is empty"), Problem("/to/0", "x")]):
        exactly("FieldFault", fault_)


def test_the_query_of_the_list_is_read_as_it_is_told() -> None:
    """Each parameter's limits are those of the reader."""
    parameters = {one["name"]: one["schema"] for one in SAID["paths"]["/api/operator/messages"]["get"]["parameters"]}
    for state in parameters["state"]["enum"]:
        assert list_question({"state": state}).state == state
    assert list_question({"limit": str(parameters["limit"]["maximum"])}).limit == parameters["limit"]["default"]
    assert list_question(dict.fromkeys(("sender", "caller", "reason"), "x" * parameters["sender"]["maxLength"]))


def test_who_asks_is_shown_in_every_command() -> None:
    """With the proof that the settings ask for, and none where none is needed."""
    keys, tokens = page(BOTH["keys"]), page(BOTH["entra"])
    assert "x-functions-key: $KEY" in keys
    assert "x-functions-key" not in tokens
    assert "Authorization: Bearer $TOKEN" in tokens
    assert keys.count("curl -X") == tokens.count("curl -X") >= len(OPERATIONS)


def test_the_page_allows_nothing_but_its_own_style() -> None:
    """The policy's hash is that of the style as it stands there (Content Security Policy Level 3, section 2.3.1)."""
    (style,) = re.findall("<style>(.*?)</style>", page(SAID), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert POLICY.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in POLICY
    assert " style=" not in page(SAID)
