"""Which armed scenario hits a request."""

import pytest

from devcloud.scenarios import Scenario, ScenarioBook, ScenarioFault


@pytest.fixture
def book() -> ScenarioBook[Scenario]:
    """A book that knows two names and two facts."""
    return ScenarioBook(names=frozenset({"status", "drop"}), facts=frozenset({"operation", "resource"}))


def hits(book: ScenarioBook[Scenario], times: int, **facts: str) -> list[str | None]:
    """Names of the scenarios that hit so many requests with these facts."""
    drawn = [book.draw(facts) for _ in range(times)]
    return [None if scenario is None else scenario.name for scenario in drawn]


def test_nothing_is_armed_at_first(book: ScenarioBook[Scenario]) -> None:
    """Without scenarios every request goes its way."""
    assert hits(book, 1, operation="x") == [None]


def test_a_count_is_spent(book: ScenarioBook[Scenario]) -> None:
    """A scenario hits as often as its count says, the next one after it, and hits are told."""
    book.arm([Scenario(name="status", count=2), Scenario(name="drop", count=1)])
    assert hits(book, 4, operation="x") == ["status", "status", "drop", None]
    assert [(line["name"], line["fired"]) for line in book.describe()] == [("status", 2), ("drop", 1)]


def test_a_count_of_zero_never_hits(book: ScenarioBook[Scenario]) -> None:
    """Zero is a count, not "for ever"."""
    book.arm([Scenario(name="drop", count=0)])
    assert hits(book, 1) == [None]


def test_every_pattern_must_match(book: ScenarioBook[Scenario]) -> None:
    """Patterns are those of file names, letter case counts, and all facts that are named must match."""
    book.arm([Scenario(name="drop", match={"operation": "queue.*", "resource": "out???"})])
    assert hits(book, 1, operation="queue.put", resource="outbox") == ["drop"]
    assert hits(book, 1, operation="queue.put", resource="Outbox") == [None]
    assert hits(book, 1, operation="table.get", resource="outbox") == [None]
    assert hits(book, 1, operation="queue.put") == [None]


def test_chance_is_repeatable(book: ScenarioBook[Scenario]) -> None:
    """The same seed hits the same requests again, another seed hits others."""

    def drawn(seed: int) -> list[str | None]:
        book.arm([Scenario(name="drop", probability=0.5, seed=seed)])
        return hits(book, 64)

    assert set(drawn(1)) == {"drop", None}
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Scenario(name="explode"), "name 'explode'"),
        (Scenario(name="drop", probability=1.5), "probability 1.5"),
        (Scenario(name="drop", count=-1), "count -1"),
        (Scenario(name="drop", match={"mailbox": "x"}), "match.mailbox"),
    ],
)
def test_a_wrong_scenario_changes_nothing(book: ScenarioBook[Scenario], wrong: Scenario, said: str) -> None:
    """A name, number or fact that does not exist is refused by name, and what was armed stays."""
    book.arm([Scenario(name="status")])
    with pytest.raises(ScenarioFault, match=said):
        book.arm([Scenario(name="drop"), wrong])
    assert hits(book, 1) == ["status"]
