"""The pure parts of the benchmarks: ratios, targets, tables, and what counts as a mail's transaction."""

import io
import json

import pytest
from rich.console import Console

from bench.figures import Spread, Target, ratios
from bench.import_times import costliest
from bench.mail_costs import cost
from bench.report import Column, Report, Row


def test_a_ratio_compares_within_each_round() -> None:
    """A round in which the machine was busy is slow for both, so its ratio is like the others'."""
    assert ratios([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == Spread(median=2.0, low=2.0, high=4.0)


@pytest.mark.parametrize("peer", [[1.0], [1.0, 0.0]])
def test_a_measurement_without_a_peer_is_no_ratio(peer: list[float]) -> None:
    """Rounds that do not pair up, or a peer that took no time, are refused."""
    with pytest.raises(ValueError, match="peer"):
        ratios([1.0, 1.0], peer)


def test_nothing_measured_has_no_median() -> None:
    """An empty list is a mistake of the benchmark."""
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


@pytest.mark.parametrize(("at_most", "met"), [(True, False), (False, True)])
def test_a_target_is_judged_by_the_median(at_most: bool, met: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """One lucky or unlucky round decides nothing."""
    assert Target("ratio", Spread(0.9, 0.1, 5.0), limit=0.7, at_most=at_most).met is met


def a_report() -> Report:
    """A small one with every kind of cell."""
    columns = (Column("speed", "mails/s", 0), Column("ratio", "ratio", 2), Column("parts", "parts", 0))
    rows = (
        Row("peer", (Spread(1200.4, 1100.0, 1300.0), None, None)),
        Row("ours", (Spread(900.0, 900.0, 900.0), Spread(0.75, 0.7, 0.8), "[1 get]"), {"operations": {"get": 1}}),
    )
    return Report("send", "Send", 3, columns, rows, (Target("ratio", Spread.of([0.6]), 0.7, at_most=False),), ("how",))


def test_a_table_shows_medians_with_lowest_and_highest() -> None:
    """Spreads, texts that look like markup, the missed target and the footnote all stand there."""
    paper = io.StringIO()
    a_report().show(Console(file=paper, width=100))
    text = paper.getvalue()
    for words in ("1,200 (1,100-1,300)", "900", "0.75 (0.70-0.80)", "[1 get]", "✗ ratio: 0.60", "at least 0.7", "1. how"):
        assert words in text
    assert "900 (900" not in text


def test_json_holds_the_numbers() -> None:
    """Unrounded, by row and column, with the verdict."""
    document = json.loads(json.dumps(a_report().as_json()))
    assert document["rows"][0] == {"label": "peer", "speed": {"median": 1200.4, "low": 1100.0, "high": 1300.0}}
    assert document["rows"][1]["operations"] == {"get": 1}
    assert [target["met"] for target in document["targets"]] == [False]


def test_idle_polls_are_not_the_mails() -> None:
    """However often the host looked in vain, a mail costs one get for each of its messages."""
    counted = {"queue.put-message": 2, "queue.delete-message": 2, "queue.get-messages": 31, "table.update": 2}
    found = cost(counted)
    assert found.all == 8
    assert found.words("queue") == "2 delete, 2 get, 2 put"
    assert found.words("blob") == ""


PEER = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   json
import time:       200 |        300 | azure.functions
"""
APP = (
    PEER
    + """import time:      9000 |       9000 |     shared.slow
import time:        50 |       9050 |   shared
import time:       700 |      10050 | function_app
warning: something else on standard error
"""
)


def test_the_costliest_modules_are_those_that_the_peer_does_not_import() -> None:
    """By their own time, the slowest first."""
    found = costliest(PEER, APP, 2)
    assert [(cost.module, cost.own) for cost in found] == [("shared.slow", 0.009), ("function_app", 0.0007)]
