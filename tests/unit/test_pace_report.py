"""What operators are told of the pace, and what the gauges say."""

import json
from dataclasses import replace

import pytest

from shared.pace_report import PaceReport
from shared.rules.config import MailConfig
from shared.rules.outcome import Reason
from shared.rules.pace import Hold, Lane, Line, Pace, Share, Slot, pace_key
from shared.rules.pace_day import BUCKET
from shared.rules.storage_errors import StorageUnavailable
from shared.telemetry import Attr, Metric
from tests.fakes.pace_rows import FakeRows
from tests.fakes.recorder import Recorder
from tests.stage import START, a_config

ALERTS, REPORTS = "alerts@contoso.test", "reports@contoso.test"
TODAY = int(START // BUCKET)
BUSY = Pace(
    slots=tuple(Slot(START - n, Lane.BULK) for n in (3, 2, 1)),
    holds=(Hold("a", 2, START - 5, START + 5),),
    lines={Lane.BULK: Line(tail=312 * 60.6 / 30, at=START)},
    share=Share(connections=2, next_try=START + 40, rate=0.8, slowed=START),
    days={TODAY: 9_900},
    external={TODAY: 700},
)


def a_story(rows: FakeRows, *, licences: int | None = None, recorder: Recorder | None = None) -> PaceReport:
    """The story at the start of the stage's time."""
    config: MailConfig = replace(a_config(), licences=licences)
    return PaceReport(config, rows, (recorder or Recorder()).telemetry, lambda: START)


async def busy_rows() -> FakeRows:
    """Rows in which alerts has everything that can be told."""
    rows = FakeRows()
    await rows.write(ALERTS, BUSY, await rows.read(ALERTS))
    return rows


async def test_a_mailbox_that_nobody_used_shows_an_empty_pace() -> None:
    """Every mailbox of mail.toml is there before its first mail."""
    rows = FakeRows()
    body = await a_story(rows).report()
    assert [box["mailbox"] for box in body["mailboxes"]] == [ALERTS, REPORTS]
    first = body["mailboxes"][0]
    assert first["last_minute"] == {"sent": 0, "allowed": 30, "limit": 30}
    assert (first["drains_at"], first["wall"], first["foreign"]["felt"]) == (None, None, False)
    assert rows.reads == 1


async def test_a_busy_mailbox_tells_all_as_json() -> None:
    """Rate, connections, backlog, wall and foreign load, with times that a program can read."""
    body = await a_story(await busy_rows()).report()
    box = json.loads(json.dumps(body))["mailboxes"][0]
    assert box["key"] == pace_key(ALERTS)
    assert box["last_minute"] == {"sent": 3, "allowed": 24, "limit": 30}
    assert box["connections"] == {"held": 2, "allowed": 2, "limit": 3}
    assert box["backlog"] == {"high": 0, "normal": 0, "bulk": 312, "mails": 312}
    assert box["recipients"] == {"used": 9_900, "external": 700, "limit": 10_000}
    assert box["wall"] == {
        "at": "2027-01-15T08:00:00.000+00:00",
        "reached": True,
        "recipients": 9_900,
        "kept": 100,
        "mails": 312,
        "next_at": "2027-01-16T08:05:00.600+00:00",
    }
    assert box["foreign"] == {
        "messages_per_minute": 6,
        "connections": 1,
        "next_try_at": "2027-01-15T08:00:40.000+00:00",
        "felt": True,
    }


async def test_foreign_load_that_is_over_as_far_as_anybody_knows_is_not_felt() -> None:
    """A connection that was refused in the night is tried with the next mail."""
    rows = FakeRows()
    await rows.write(ALERTS, Pace(share=Share(connections=1, next_try=START - 9)), await rows.read(ALERTS))
    foreign = (await a_story(rows).report())["mailboxes"][0]["foreign"]
    assert (foreign["connections"], foreign["felt"]) == (2, False)


@pytest.mark.parametrize(("licences", "limit", "reached"), [(None, None, False), (1, 10_000, False), (100, 22_059, False)])
async def test_the_tenants_limit_follows_from_its_licences(licences: int | None, limit: int | None, reached: object) -> None:
    """And is not known where nobody said how many there are."""
    tenant = (await a_story(await busy_rows(), licences=licences).report())["tenant"]
    assert (tenant["external"], tenant["licences"], tenant["limit"], tenant["reached"]) == (700, licences, limit, reached)


async def test_a_tenants_limit_counts_all_mailboxes() -> None:
    """Seven thousand of one and three of the other are a tenant's ten."""
    rows = FakeRows()
    for mailbox, external in ((ALERTS, 7_000), (REPORTS, 3_000)):
        await rows.write(mailbox, Pace(external={TODAY: external}), await rows.read(mailbox))
    tenant = (await a_story(rows, licences=1).report())["tenant"]
    assert (tenant["external"], tenant["reached"]) == (10_000, True)


async def test_a_row_of_a_newer_version_is_named_and_hides_no_other() -> None:
    """During a deployment, or after one was taken back; its gauges are left as they are."""
    rows, recorder = await busy_rows(), Recorder()
    rows.newer.add(REPORTS)
    story = a_story(rows, recorder=recorder)
    body = await story.report()
    assert [box["mailbox"] for box in body["mailboxes"]] == [ALERTS]
    assert [box["mailbox"] for box in body["unreadable"]] == [REPORTS]
    assert "version 2" in body["unreadable"][0]["reason"]
    await story.measure()
    assert {attributes[Attr.MAILBOX] for _, _, attributes in recorder.gauges} == {pace_key(ALERTS)}


async def test_a_mailbox_of_two_senders_is_one() -> None:
    """In whatever spelling."""
    config = a_config()
    second = replace(config.senders["reports"], mailboxes=("Alerts@contoso.test",))
    story = replace(a_story(FakeRows()), config=replace(config, senders={**config.senders, "reports": second}))
    assert [box["mailbox"] for box in (await story.report())["mailboxes"]] == [ALERTS]


async def test_the_gauges_name_no_address() -> None:
    """Mailboxes are told apart by the key of their row; the rows are read once."""
    rows, recorder = await busy_rows(), Recorder()
    before = rows.reads
    await a_story(rows, recorder=recorder).measure()
    assert rows.reads == before + 1
    key = pace_key(ALERTS)
    told = {(metric, attributes.get(Attr.LANE)): value for metric, value, attributes in recorder.gauges[:7]}
    assert told == {
        (Metric.PACE_SENT, None): 3,
        (Metric.PACE_FOREIGN, None): 6,
        (Metric.PACE_CONNECTIONS, None): 2,
        (Metric.PACE_RECIPIENTS, None): 9_900,
        (Metric.PACE_BACKLOG, "high"): 0,
        (Metric.PACE_BACKLOG, "normal"): 0,
        (Metric.PACE_BACKLOG, "bulk"): 312,
    }
    assert {attributes[Attr.MAILBOX] for _, _, attributes in recorder.gauges} == {key, pace_key(REPORTS)}
    assert "@" not in str(recorder.gauges)


async def test_storage_that_is_down_is_not_hidden() -> None:
    """The door answers 503, the tick names it."""
    rows = FakeRows()
    rows.fault = StorageUnavailable(Reason("storage-down", "made up"), 1.0)
    with pytest.raises(StorageUnavailable):
        await a_story(rows).report()
