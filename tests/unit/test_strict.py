"""The facade through which JSON, conversion and refusal are used together."""

import msgspec
import pytest

from shared.rules import strict


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two numbers."""

    a: int
    b: int


def test_a_body_becomes_a_struct() -> None:
    """Parsing and converting are two calls."""
    assert strict.convert(strict.parse_json(b'{"a":1,"b":2}', limit=100), Pair) == Pair(1, 2)


def test_both_steps_refuse_in_the_same_way() -> None:
    """Whoever calls them handles one exception."""
    for body in (b"{", b'{"a":1}'):
        with pytest.raises(strict.Refused):
            strict.convert(strict.parse_json(body, limit=100), Pair)


def test_everything_that_is_offered_is_there() -> None:
    """Each name in `__all__` exists."""
    assert all(hasattr(strict, name) for name in strict.__all__)
