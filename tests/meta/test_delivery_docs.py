"""The page on delivery is drawn from the state table."""

from pathlib import Path

from shared.rules.states import State, diagram

PAGE = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text()


def test_the_diagram_is_the_table() -> None:
    """What operators see drawn is what the program does."""
    assert f"```mermaid\n{diagram()}\n```" in PAGE


def test_every_state_is_explained() -> None:
    """Each state has a row that says what it means."""
    assert {state for state in State if f"| `{state}` |" not in PAGE} == set()


def test_every_proof_that_is_named_exists() -> None:
    """The page points only to tests that are there."""
    root = Path(__file__).parents[2]
    named = {word.strip("`,") for word in PAGE.split() if word.startswith("`tests/")}
    assert named
    assert {name for name in named if not (root / name).exists()} == set()
