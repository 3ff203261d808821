"""Which events count, and who gets the mail: both asked of a verified event as its source sent it, before any text is tamed.

A path names a field from the event's root: `repository.full_name`, `labels.0.name`. Comparisons are exact, to the letter
and to the type; what an event does not have never matches anything.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, Literal

from shared.rules.config import Condition, RecipientMap

LONGEST_PATH = 200
"""Characters of a path. Real ones stay below fifty; a longer one is a slip of the clipboard."""

MOST_STEPS = 32
"""Steps of a path. No event that is read here is nested deeper (`json_text.MOST_DEPTH`), so a longer path finds nothing."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
"""A place in an array, from 0. Neither `-1` nor `007` is one: every place has one name."""


class Absence(Enum):
    """The type of `MISSING`, so that a type checker knows it is no value of an event."""

    MISSING = auto()


MISSING: Final[Literal[Absence.MISSING]] = Absence.MISSING
"""What `value_at` gives where there is nothing; null is something, and is given as None."""


def check_path(path: str) -> None:
    """Raise `ValueError`, with cause and cure, for a path that can name no field; called when mail.toml is read."""
    if not path:
        raise ValueError('is empty; name a field of the event, such as "repository.full_name"')
    if len(path) > LONGEST_PATH:
        raise ValueError(f"is longer than {LONGEST_PATH} characters; name one field of the event")
    steps = path.split(".")
    if not all(steps):
        raise ValueError('has an empty step; put exactly one dot between the names, such as "repository.full_name"')
    if len(steps) > MOST_STEPS:
        raise ValueError(f"has more than {MOST_STEPS} steps, and no event is nested that deep; name one field of the event")
    if not path.isprintable() or any(step != step.strip() for step in steps):
        raise ValueError("has a space at the end of a name, or a character that cannot be seen; write only the names")


def value_at(event: Mapping[str, Any], path: str) -> object:
    """The value at a path, `MISSING` where there is none; whatever the path and the event are, nothing is raised.

    A number is a place in an array and a name in an object. A name that itself holds a dot cannot be reached.
    """
    value: object = event
    for step in path.split("."):
        value = _member(value, step)
        if value is MISSING:
            break
    return value


def matches(conditions: Sequence[Condition], event: Mapping[str, Any]) -> bool:
    """Whether every condition holds; without conditions every event counts.

    `values` are equal in type and value: true is not 1, "1" is not 1, 1.0 is not 1, and "Opened" is not "opened".
    """
    return all(_holds(condition, value_at(event, condition.field)) for condition in conditions)


def recipients(mapping: RecipientMap, event: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that the map gives for the text, or the texts of the array, at its field; () where it has no entry.

    In the order of the event, each address once, however it is capitalised. Only the map's own addresses come out: what an
    event says chooses among them, so that no event can make this app write to anybody else.
    """
    found = value_at(event, mapping.field)
    keys = found if isinstance(found, list | tuple) else (found,)
    chosen: dict[str, str] = {}
    for key in keys:
        if isinstance(key, str) and key in mapping.map:
            chosen.setdefault(mapping.map[key].lower(), mapping.map[key])
    return tuple(chosen.values())


def _member(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step, MISSING)
    if isinstance(value, list | tuple) and _INDEX.fullmatch(step) and int(step) < len(value):
        return value[int(step)]
    return MISSING


def _holds(condition: Condition, value: object) -> bool:
    if any(type(value) is type(wanted) and value == wanted for wanted in condition.values):
        return True
    return condition.starts_with is not None and isinstance(value, str) and value.startswith(condition.starts_with)
