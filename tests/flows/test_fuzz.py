"""Requests that nobody thought of: the running app answers each as its OpenAPI document says, and never with 5xx.

`make bench-fuzz` sends many more.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.flows.client import Client
from tests.flows.fuzzing import Fuzz, labels

CASES = 12
"""Requests for each route, half of them wrong on purpose: about twenty seconds in all."""


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
