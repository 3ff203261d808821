"""What the doors answer to what the stories raise: a named problem each, and no content."""

import json
from typing import Any

import pytest

from functions.refusals import answer_to
from shared.rules.outcome import Reason
from shared.rules.storage_errors import (
    BrokenRow,
    NewerPayload,
    NewerRow,
    StorageForbidden,
    StorageUnavailable,
)

REASON = Reason("row-broken", "column State is none of the states", "put the column right")
RIGHT = Reason("storage-role-missing", "the app's identity may not do this with a table", "give it the role")


def answered(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    answer = answer_to(error)
    assert answer is not None
    assert answer.headers["Retry-After"]
    return answer.status_code, json.loads(answer.get_body())


def test_a_row_edited_into_nonsense_is_named() -> None:
    """503: once somebody has put the row right, the same request is answered."""
    status, body = answered(BrokenRow(REASON))
    assert (status, body["title"]) == (503, "A row in storage cannot be read")
    assert (body["detail"], body["fix"]) == (REASON.text, REASON.fix)


@pytest.mark.parametrize("error", [NewerRow(7), NewerPayload(7)])
def test_what_a_newer_version_wrote_is_named(error: NewerRow) -> None:
    """503: while versions change, an instance of the newer one answers."""
    status, body = answered(error)
    assert (status, body["title"]) == (503, "Written by a newer version")
    assert "version 7" in body["detail"]


@pytest.mark.parametrize("error", [StorageForbidden(RIGHT), StorageUnavailable(RIGHT, 1.0)])
def test_a_missing_right_is_named_with_its_cure(error: StorageForbidden | StorageUnavailable) -> None:
    """503: nothing was stored."""
    status, body = answered(error)
    assert (status, body["detail"], body["fix"]) == (503, RIGHT.text, RIGHT.fix)


@pytest.mark.parametrize("error", [RuntimeError("a bug")])
def test_a_bug_is_left_to_the_host(error: Exception) -> None:
    """What has no translation has to be seen."""
    assert answer_to(error) is None
