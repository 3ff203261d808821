"""The pure parts of the pace benchmark: its figures, its verdict on mails, its settings, its table and its picture."""

import io
import json
import math
import tomllib
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from bench.pace import RUNS, parse
from bench.pace_cloud import config, host_of
from bench.pace_feed import envelopes
from bench.pace_figures import Finding, between, percentile, reached, settled, sliding, use
from bench.pace_foreign import Sights
from bench.pace_latency import Took, took
from bench.pace_picture import draw
from bench.pace_plan import LOADS, Load, Setup, lengthened, shortened
from bench.pace_report import as_json, show, written
from bench.pace_seen import Dot, Row, Seen, judge

STATS: Mapping[str, Any] = {"throttles": 0, "delayed": 0, "replies": {"250 2.0.0": 3}, "peak_per_minute": {"a": 3}}


def a_run(
    *dots: str, rows: Mapping[str, str] | None = None, accepted: str = "abc", messages: int = 0, load: Load | None = None
) -> Seen:
    """A run in which Exchange took these mails, one a second, at 60 a minute; rows are given by their states."""
    return Seen(
        load=load or Load(name="a run", setup=Setup(hosts=2, per_minute=60), mails=len(accepted), least_use=0.9),
        dots=tuple(Dot(float(second), "a", second % 2 + 1, mail) for second, mail in enumerate(dots)),
        stats=STATS,
        puts=2 * len(accepted),
        accepted=frozenset(accepted),
        rows={mail: Row(state, stopped=False, paced=1) for mail, state in (rows or {}).items()},
        messages=messages,
        happened={},
        since=0.0,
        seconds=9.0,
    )


def test_use_is_the_part_of_the_allowance_between_first_and_last_mail() -> None:
    """One mail a second is all of 60 a minute and half of 120; one mail is no use at all."""
    assert use([0.0, 1.0, 2.0, 3.0], 60) == 1.0
    assert use([0.0, 1.0, 2.0, 3.0], 120) == 0.5
    assert use([5.0], 60) == 0.0
    assert use([5.0, 5.0], 60) == math.inf


def test_tail_and_beginning_are_not_measured_where_a_run_says_so() -> None:
    """The first nine of ten are measured, and of them those from a moment on."""
    times = [*map(float, range(9)), 100.0]
    assert between(times, since=0.0, part=0.9) == times[:-1]
    assert between(times, since=3.0, part=1.0) == times[3:]


def test_a_sliding_minute_forgets_what_is_a_minute_old() -> None:
    """The window is open at its beginning and closed at its end."""
    assert [sliding([0.0, 30.0, 60.0], at) for at in (0.0, 59.9, 60.0, 90.0, 200.0)] == [1, 2, 2, 1, 0]


def test_settled_means_without_a_break() -> None:
    """A number that comes back up has not settled, and who was never seen has not either."""
    samples = [(0.0, 3), (1.0, 1), (2.0, 2), (3.0, 1), (4.0, 0), (5.0, 1)]
    assert settled(samples, 1, stays=2.0) == 3.0
    assert settled(samples, 1, stays=3.0) == math.inf
    assert reached(samples, 2) == 0.0
    assert reached([], 1) == math.inf


def test_percentiles_are_measured_values() -> None:
    """The nearest rank, the last one for p99 of a few; of nothing there is none."""
    assert [percentile([3.0, 1.0, 2.0], percent) for percent in (50, 99)] == [2.0, 3.0]
    assert math.isnan(percentile([], 50))


@pytest.mark.parametrize(
    ("rows", "messages", "lost"),
    [
        ({}, 9, 2),  # no row
        ({"b": "sent", "c": "sent"}, 9, 2),  # said to be there, and not there
        ({"b": "unknown", "c": "parked"}, 0, 0),  # says why
        ({"b": "waiting", "c": "sending"}, 2, 0),  # each has a message
        ({"b": "waiting", "c": "sending"}, 1, 1),  # one has none
    ],
)
def test_a_mail_is_lost_when_nothing_explains_or_moves_it(rows: dict[str, str], messages: int, lost: int) -> None:
    """What Exchange has is not lost; the other two are judged by their rows and by the messages that are left."""
    assert a_run("a", rows=rows, messages=messages).lost == lost


def test_every_figure_is_judged() -> None:
    """A run at its allowance that lost nothing meets its targets; deferrals count puts beyond the first."""
    seen = a_run("a", "b", "c")
    assert (seen.use, seen.deferrals, seen.arrived) == (1.0, 1.0, 3)
    assert [(finding.figure, finding.met) for finding in judge(seen)] == [
        ("throttles", True),
        ("use", True),
        ("mails at Exchange", True),
        ("lost", True),
    ]


def test_who_never_gave_way_did_not_come_back() -> None:
    """Two connections beside the other client's two miss both targets, even if there are three afterwards."""
    stats = {"replies": {"432 4.3.2": 4}, "accepted": 0}
    findings = Sights([(0.0, 2), (20.0, 2)], [(0.0, 3)], stats).findings()
    assert [finding.met for finding in findings] == [False, False, False]
    down = Sights([(0.0, 2), (2.0, 1), (20.0, 1)], [(0.0, 1), (5.0, 3)], {"replies": {}, "accepted": 9}).findings()
    assert [(finding.value, finding.met) for finding in down] == [(2.0, True), (5.0, True), (0, True)]


def test_the_pick_up_is_taken_out_of_a_mails_time() -> None:
    """What lies between the put and the host's call is not ours; without a beginning of its own, accepting begins it."""
    times = {"accept": (1, 2), "send sending": (1, 2), "process sending": (5, 7), "smtp transaction": (6, 7)}
    spans = {
        name: {"start": f"2026-11-30T10:00:0{start}.000000Z", "end": f"2026-11-30T10:00:0{end}.000000Z"}
        for name, (start, end) in times.items()
    }
    assert took(spans, None) == Took(own=3000.0, pick_up=3000.0)


def test_each_host_signs_its_mails() -> None:
    """The number is read from the display name of From; a foreign one has none."""
    assert host_of("host-12 <alerts@contoso.test>") == 12
    assert host_of("Contoso Alerts <alerts@contoso.test>") == 0


def test_a_pool_has_all_its_mailboxes_and_only_one_sender_has_it() -> None:
    """The settings of a pool are the local cloud's own but for the mailboxes of the sender."""
    senders = tomllib.loads(config(Setup(hosts=1, per_minute=60, mailboxes=10)))["senders"]
    assert len(set(senders["alerts"]["mailboxes"])) == 10
    assert senders["alerts"]["messages_per_minute"] == 60
    assert len(senders["reports"]["mailboxes"]) == 1


def test_lengths_differ_and_names_do_not() -> None:
    """A quick run is the same with few mails, a long one is long at the true limit alone."""
    assert all(shortened(load).mails < load.mails for load in LOADS)
    assert [load.name for load in LOADS if lengthened(load).mails > load.mails] == ["true-30"]
    assert len(set(RUNS)) == len(RUNS)
    assert parse(["--run", "pool", "--run", "foreign"]).run == ["pool", "foreign"]
    assert len({mail["id"] for mail in envelopes("a run", 7, 50)}) == 50


def test_the_report_says_never_where_nothing_was_reached() -> None:
    """JSON holds null for it, and a missed target or a run without result spoils the whole."""
    findings = [
        Finding("a run", "use", 0.985, 0.97, at_most=False, unit="%"),
        Finding("b", "back", math.inf, 9, at_most=True),
    ]
    document = json.loads(json.dumps(as_json(findings, seed=7, faults=[]), allow_nan=False))
    assert [finding["met"] for finding in document["findings"]] == [True, False]
    assert document["findings"][1]["value"] is None
    assert not document["good"]
    assert as_json(findings[:1], seed=7, faults=[])["good"]
    assert not as_json(findings[:1], seed=7, faults=["b"])["good"]
    assert written(0.985, "%") == "98.5 %"
    console = Console(file=io.StringIO(), width=120)
    show(findings, console, seed=7)
    assert isinstance(console.file, io.StringIO)
    assert "never" in console.file.getvalue()


def test_the_picture_has_a_line_for_each_host_and_one_for_all() -> None:
    """It is well-formed, also where nothing was sent."""
    picture = ElementTree.fromstring(draw(a_run("a", "b", "c")))  # noqa: S314 - our own text
    assert len(picture.findall("{*}polyline")) == 3
    assert len(ElementTree.fromstring(draw(a_run())).findall("{*}polyline")) == 1  # noqa: S314 - our own text
