"""Sound envelopes for tests, and the refusal that a changed one gets."""

from typing import Any

import pytest

from shared.rules.envelope import envelope_from
from shared.rules.problems import Refused

SMALL: dict[str, Any] = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk full", "text": "On server 12."}
FILE: dict[str, Any] = {"name": "a.pdf", "content_type": "application/pdf", "content": "YWJj"}


def refusal(value: object, pointer: str = "") -> dict[str, str]:
    """Message by pointer."""
    with pytest.raises(Refused) as caught:
        envelope_from(value, pointer=pointer)
    return {p.pointer: p.message for p in caught.value.problems}


def without(*names: str) -> dict[str, Any]:
    """The small envelope with fields missing."""
    return {k: v for k, v in SMALL.items() if k not in names}
