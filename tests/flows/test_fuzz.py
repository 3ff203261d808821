"""Requests that nobody thought of: the running app answers each as its OpenAPI document says, and never with 5xx.

`make bench-fuzz` sends many more.
"""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.flows.client import Client
from tests.flows.fuzzing import Fuzz, labels

CASES = 12
"""Requests for each route, a third of them wrong on purpose, and a third about what there is: some twenty seconds in all."""

ANONYMOUS = re.compile("webhooks|health|openapi|docs|schema")
"""Routes that ask for no key."""


@pytest.fixture(scope="module")
def fuzz(client: Client) -> Iterator[Fuzz]:
    """The app's own document, and its keys. What the requests have paused is resumed for the tests that follow."""
    fuzz = Fuzz.of(client.cloud.line)
    yield fuzz
    fuzz.resume_all()


@pytest.mark.parametrize("label", labels())
def test_every_answer_is_one_of_the_document(fuzz: Fuzz, label: str) -> None:
    """Status, headers, media type and body, for requests as described and for others."""
    operation = fuzz.operation(label)

    @seed(4711)
    @settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        fuzz.check(data.draw(fuzz.requests(operation)))

    ask()


@pytest.mark.parametrize("label", [label for label in labels() if not ANONYMOUS.search(label)])
def test_nothing_is_answered_without_a_key(fuzz: Fuzz, label: str) -> None:
    """401, as the document says, whatever else is right with the request."""
    assert fuzz.without_a_key(label) == 401


def test_the_requests_got_beyond_the_doors(fuzz: Fuzz) -> None:
    """Requests of chance alone would all be refused: mails were accepted, seen and steered, and items taken."""
    succeeded = {label for (label, status), count in fuzz.answered.items() if 200 <= status < 300 and count}
    wanted = {label for label in labels() if not re.search("webhooks|docs", label)}
    assert wanted - succeeded == set()
