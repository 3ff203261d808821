"""The family tree of the storage faults is the one that the module's head draws."""

import re

from shared.rules import storage_errors
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageFault, StorageForbidden, StorageUnavailable


def test_the_tree_in_the_docstring_is_true() -> None:
    """Every class stands in the tree and inherits from the root."""
    drawn = set(re.findall(r"[├└]── (\w+)", storage_errors.__doc__ or "")) | {"StorageFault"}
    classes = {
        name: kind
        for name, kind in vars(storage_errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and not name.startswith("_")
    }
    assert set(classes) == drawn
    assert all(issubclass(kind, StorageFault) for kind in classes.values())


def test_a_fault_says_why_and_what_to_do() -> None:
    """The text of a fault is its reason, with the cure where there is one."""
    assert str(StorageForbidden(Reason("role", "a right is missing", "give it"))) == "role: a right is missing (give it)"
    assert str(StorageUnavailable(Reason("busy", "too busy"), 5.0)) == "busy: too busy"
