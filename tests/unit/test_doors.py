"""The doors before anything is parsed, and what importing them does to the process's logs."""

import logging
import subprocess
import sys
from pathlib import Path

import azure.functions as func
import pytest

from functions.answers import unread
from functions.messages import unfit_body

ROOT = Path(__file__).parents[2]
JSON = {"content-type": "application/json"}


def request(body: bytes, headers: dict[str, str]) -> func.HttpRequest:
    """A POST as the worker hands it over: header names in lower case, b'' where the host has no body."""
    return func.HttpRequest("POST", "https://localhost/api/messages", headers=headers, body=body)


@pytest.mark.parametrize("coding", ["chunked", "gzip, Chunked"])
def test_a_chunked_body_is_named_as_lost(coding: str) -> None:
    """The host drops a body without a length; its sender is told so, and not that the body was empty or forged."""
    answer = unread(request(b"", {**JSON, "transfer-encoding": coding}))
    assert answer is not None
    assert answer.status_code == 411
    assert b"Content-Length" in answer.get_body()
    assert unfit_body(request(b"", {**JSON, "transfer-encoding": coding})) is not None


@pytest.mark.parametrize("headers", [JSON, {**JSON, "transfer-encoding": "chunked"}, {**JSON, "content-length": "2"}])
def test_a_body_that_is_there_is_read(headers: dict[str, str]) -> None:
    """Whatever the headers say, a body that arrived was not lost."""
    assert unread(request(b"{}", headers)) is None
    assert unfit_body(request(b"{}", headers)) is None


def test_an_empty_body_is_not_a_lost_one() -> None:
    """Who sent nothing is not told to send it with a length."""
    assert unread(request(b"", JSON)) is None


def test_the_sdks_do_not_log_their_requests() -> None:
    """The worker's logs are at INFO, where Azure's SDKs would write addresses and headers of every request."""
    ask = "import logging; logging.root.setLevel(logging.INFO); import function_app; "
    ask += "print(logging.getLogger('azure.core.pipeline.policies.http_logging_policy').getEffectiveLevel())"
    found = subprocess.run(  # noqa: S603 - our own command, no shell
        [sys.executable, "-c", ask], cwd=ROOT, env={"PATH": ""}, capture_output=True, check=True, timeout=60
    )
    assert int(found.stdout) == logging.WARNING
