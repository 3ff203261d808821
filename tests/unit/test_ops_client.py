"""How the command line asks: which answers it can read, and where the master key and the token go."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ops.client import App, CouldNotAsk, Refused
from tests.fakes.answering_app import KEY, answering_app


@contextmanager
def an_app(status: int, body: bytes) -> Iterator[tuple[App, list[str]]]:
    """A client of an app that answers everything so, and the requests that it got."""
    with answering_app(status, body) as (url, got):
        yield App(url, KEY), got


def test_a_question_and_its_answer() -> None:
    """Filters go into the query, an order into the body, the key into its header."""
    with an_app(200, b'{"x": 1}') as (app, got):
        assert app.get("operator/messages", {"state": "parked", "caller": "producer:a b"}) == {"x": 1}
        assert app.post("operator/find", {"to": "bob@contoso.test"}) == {"x": 1}
    assert got[0].startswith("GET /api/operator/messages?state=parked&caller=producer%3Aa+b HTTP/1.1 secret")
    assert got[1] == 'POST /api/operator/find HTTP/1.1 secret {"to":"bob@contoso.test"}'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"title": "No such mail", "detail": "There is no mail with this id."}, "There is no mail with this id."),
        ({"detail": "Not accepted.", "errors": [{"detail": "name is missing"}, {"detail": "x"}]}, "name is missing x"),
        ({"detail": "broken", "fix": "mend it"}, "broken → mend it"),
        ({"errors": ["odd"], "faults": 7}, "the app said no"),
        ({}, "the app said no and gave no reason"),
    ],
)
def test_no_is_told_with_its_reason(body: dict[str, object], told: str) -> None:
    """Faults by their names, or else what is wrong, and the cure; an odd body does not confuse anybody."""
    with an_app(422, json.dumps(body).encode()) as (app, _), pytest.raises(Refused) as refused:
        app.get("x")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"", "does not take this key"),
        (404, b"", "is --url the function app"),
        (200, b"<html>", "is --url the function app"),
        (200, b"[]", "is --url the function app"),
        (500, b"", "look at the app's log"),
        (503, b'{"detail": "down", "faults": [{"name": "a", "cause": "b", "cure": "c"}]}', "down a: b → c"),
    ],
)
def test_an_answer_that_says_nothing_is_no_answer(status: int, body: bytes, told: str) -> None:
    """With what to look at."""
    with an_app(status, body) as (app, _), pytest.raises(CouldNotAsk, match=told):
        app.get("x")


@pytest.mark.parametrize("proof", [{"key": "secret"}, {"token": "secret"}], ids=["key", "token"])
@pytest.mark.parametrize("url", ["http://contoso.test", "http://10.0.0.1:7071", "HTTP://localhost.evil.test"])
def test_key_and_token_are_not_sent_in_the_clear(url: str, proof: dict[str, Any]) -> None:
    """Only to this machine; everything else is https."""
    with pytest.raises(CouldNotAsk, match="not sent over plain http"):
        App(url, **proof).get("health")


@pytest.mark.parametrize(("key", "sent_key"), [("", "None"), (KEY, KEY)])
def test_a_token_goes_beside_the_key_or_instead_of_it(key: str, sent_key: str) -> None:
    """As a bearer token; what was not given is not sent, as the host refuses an empty key."""
    for proof, sent in (("authorization", "Bearer abc.def.ghi"), ("x-functions-key", sent_key)):
        with answering_app(200, b"{}", proof=proof) as (url, got):
            App(url, key, "abc.def.ghi").get("operator/messages")
        assert got == [f"GET /api/operator/messages HTTP/1.1 {sent} "]


def test_without_key_and_token_nothing_is_asked() -> None:
    """Both are named, with what to set."""
    with answering_app(200, b"{}") as (url, got), pytest.raises(CouldNotAsk, match="MAIL_OPS_KEY, or MAIL_OPS_TOKEN"):
        App(url).get("operator/messages")
    assert got == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            b'{"detail": "the bearer token has expired", "fix": "get a new one"}',
            "this token: the bearer token has expired → ",
        ),
        (b"", "az account get-access-token"),
        (b"<html>", "az account get-access-token"),
    ],
)
def test_a_token_that_is_not_taken_is_told_with_its_cause(body: bytes, told: str) -> None:
    """The app's own words where there are some; a gateway before it has none."""
    with answering_app(401, body) as (url, _), pytest.raises(CouldNotAsk, match=told):
        App(url, token="abc").get("operator/messages")


def test_a_token_without_the_role_is_like_a_wrong_key() -> None:
    """Exit code 2 and the app's words: nothing was found out about the mails."""
    body = b'{"detail": "no role: Mail.Operator", "fix": "assign it"}'
    with answering_app(403, body) as (url, _), pytest.raises(CouldNotAsk, match=r"no role: Mail\.Operator → assign it"):
        App(url, token="abc").get("operator/messages")


@pytest.mark.parametrize("url", ["", "contoso.test", "https://[", "ftp://contoso.test", "http://127.0.0.1:1"])
def test_an_address_that_leads_nowhere_is_named(url: str) -> None:
    """Never a traceback."""
    with pytest.raises(CouldNotAsk, match="--url or MAIL_OPS_URL"):
        App(url, "secret").get("health")


@pytest.mark.parametrize("proof", ["key", "token"])
@pytest.mark.parametrize("value", ["clé", "a\nb", "\u2019"])
def test_a_proof_that_no_header_can_hold_is_no_traceback(proof: str, value: str) -> None:
    """Nor is it repeated."""
    said: dict[str, Any] = {proof: value}
    with pytest.raises(CouldNotAsk) as failed:
        App("http://127.0.0.1:1", **said).get("health")
    assert value not in str(failed.value)


def test_an_app_does_not_print_its_proofs() -> None:
    """Neither key nor token stands in its representation."""
    assert "secret" not in repr(App("http://localhost", "secret-key", "secret-token"))
