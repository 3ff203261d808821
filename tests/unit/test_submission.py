"""What HTTP callers send: single envelopes, batches and keys."""

import asyncio
import json

import pytest

from shared.accept import KeyConflict, Origin
from shared.quota import Quota
from shared.rules import callers, identifiers
from shared.rules.config import CallerSetting
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.quota import Count, QuotaExceeded
from shared.rules.states import State
from shared.rules.storage_errors import StorageUnavailable
from shared.submission import BATCH_LIMIT, Receipt, StillRunning, Submission, digest_item, idempotency_key
from shared.telemetry import Attr, Metric
from tests.fakes.quotas import FakeQuotas
from tests.fakes.recorder import Recorder
from tests.stage import Stage

SOUND = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk", "text": "full"}


async def take(stage: Stage, body: object, key: str = "k") -> Receipt:
    """Submit a JSON body as the function key's holder."""
    origin = Origin(door="http", key=key, parent="")
    return await a_submission(stage).take(json.dumps(body).encode(), callers.function_key(stage.config), origin)


def a_submission(stage: Stage) -> Submission:
    """The story on the stage's fakes."""
    return Submission(stage.accept_story, stage.unaccepted, Quota(FakeQuotas(), stage.ledger, stage.clock))


async def test_one_envelope_is_one_mail_under_the_header_key() -> None:
    """The Idempotency-Key names the mail."""
    stage = Stage()
    receipt = await take(stage, SOUND)
    assert not receipt.batch
    assert receipt.mails[0].row.id == identifiers.mail_id("function-key", "k")


async def test_a_batch_gives_each_item_a_key_of_its_own() -> None:
    """Item n of an array has the key key/n, unless it brings an id."""
    stage = Stage()
    accepted = await take(stage, [SOUND, {**SOUND, "id": "mine"}])
    assert accepted.batch
    assert [one.row.id for one in accepted.mails] == [identifiers.mail_id("function-key", key) for key in ("k/0", "mine")]


async def test_a_batch_with_one_fault_stores_nothing_and_points_at_it() -> None:
    """All or nothing, and every fault at once."""
    stage = Stage()
    with pytest.raises(Refused) as refused:
        await take(stage, [SOUND, {**SOUND, "subject": "a\nb"}, {**SOUND, "to": ["x@elsewhere.test"]}])
    assert [p.pointer for p in refused.value.problems] == ["/1/subject", "/2/to/0"]
    assert not stage.ledger.rows


async def test_a_mail_whose_end_has_come_is_refused() -> None:
    """The caller is there and can say a later time: alone, and by its place in a batch."""
    stage = Stage()
    late = {**SOUND, "expires_at": "2027-01-15T07:59:59Z"}
    for body, pointers in ((late, ["/expires_at"]), ([SOUND, late], ["/1/expires_at"])):
        with pytest.raises(Refused) as refused:
            await take(stage, body)
        assert [p.pointer for p in refused.value.problems] == pointers
    assert not stage.ledger.rows


@pytest.mark.parametrize("batch", [False, True])
async def test_a_repetition_after_the_mail_s_end_is_the_same_mail(batch: bool) -> None:  # noqa: FBT001 - a table
    """Whoever missed the answer and asks again is told what became of the mail, not that it is too late."""
    stage = Stage()
    envelope = {**SOUND, "expires_at": "2027-01-15T08:00:01Z"}
    first = await take(stage, [envelope] if batch else envelope)
    stage.later(3600)
    again = await take(stage, [envelope] if batch else envelope)
    assert (first.replayed, again.replayed) == (False, True)
    for one, other in zip(first.mails, again.mails, strict=True):
        assert (other.new, other.row.id) == (False, one.row.id)


async def test_a_mail_for_too_far_ahead_is_refused_by_its_place() -> None:
    """More than a year: in a batch nothing is stored either."""
    stage = Stage()
    with pytest.raises(Refused) as refused:
        await take(stage, [SOUND, {**SOUND, "send_at": "2100-01-01T00:00:00Z"}])
    assert [p.pointer for p in refused.value.problems] == ["/1/send_at"]
    assert not stage.ledger.rows


@pytest.mark.parametrize("size", [0, BATCH_LIMIT + 1])
async def test_a_batch_has_bounds(size: int) -> None:
    """Neither nothing nor too much."""
    with pytest.raises(Refused, match="a batch holds"):
        await take(Stage(), [SOUND] * size)


@pytest.mark.parametrize(("header", "key"), [('"a b"', "a b"), ("bare", "bare"), (' "q" ', "q"), ('"', '"')])
def test_keys_come_quoted_and_bare(header: str, key: str) -> None:
    """The draft wants a quoted string; most clients send it bare."""
    assert idempotency_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "é", "a\tb", "x" * 257])
def test_a_key_that_cannot_be_one_is_refused(header: str) -> None:
    """1 to 256 printable ASCII characters."""
    with pytest.raises(Refused, match="Idempotency-Key"):
        idempotency_key(header)


def test_a_digest_item_brings_its_key_or_gets_one() -> None:
    """An `id` makes a repetition harmless."""
    assert digest_item(b'{"id": "7"}', fresh_key="f")[0] == "7"
    assert digest_item(b'{"title": "x"}', fresh_key="f") == ("f", b'{"title": "x"}')


@pytest.mark.parametrize("body", [b"[]", b'{"id": 7}', b'{"id": ""}', b"x"])
def test_an_unsound_digest_item_is_refused(body: bytes) -> None:
    """An object with, at most, a text as id."""
    with pytest.raises(Refused):
        digest_item(body, fresh_key="f")


async def test_a_key_used_for_two_contents_is_told_refused_and_written_down() -> None:
    """One row for each content, however often the caller repeats it, and the metric counts every time."""
    recorder = Recorder()
    stage = Stage(telemetry=recorder.telemetry)
    await take(stage, SOUND)
    for text in ("other", "other", "third"):
        with pytest.raises(KeyConflict):
            await take(stage, {**SOUND, "text": text})
    rows = [entry.row for entry in stage.ledger.rows.values() if not entry.row.sender]
    assert [(row.state, row.why and row.why.code, row.payload_hash) for row in rows] == [
        (State.REJECTED, "key-conflict", "")
    ] * 2
    first = identifiers.mail_id("function-key", "k")
    assert all(row.why and first in row.why.text and row.provenance.door == "http" for row in rows)
    refused = [count for count in recorder.counts if count[0] is Metric.REFUSED]
    assert refused == [(Metric.REFUSED, {Attr.DOOR: "http", Attr.REASON: "key-conflict"})] * 3


async def test_a_conflict_inside_a_batch_is_written_down_and_nothing_else() -> None:
    """Two contents under one key in one array: no mail, one row that says so."""
    stage = Stage()
    with pytest.raises(KeyConflict):
        await take(stage, [{**SOUND, "id": "same"}, {**SOUND, "id": "same", "text": "other"}])
    assert [entry.row.state for entry in stage.ledger.rows.values()] == [State.REJECTED]


async def test_a_conflict_is_told_although_it_cannot_be_written_down() -> None:
    """Storage fails at the row: the caller's answer is the same."""
    stage = Stage()
    await take(stage, SOUND)
    caller = callers.function_key(stage.config)
    conflict = KeyConflict(identifiers.mail_id(caller.name, "k"), "0" * 64)
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    await stage.unaccepted.conflict(caller.name, Origin(door="http", key="k", parent=""), conflict)
    assert len(stage.ledger.rows) == 1


class Yielding(FakeQuotas):
    """A store that takes its time, as real ones do: meanwhile another request comes."""

    async def read(self, caller: str) -> tuple[Count | None, str]:
        """As the port says, after everybody else who can go on now."""
        await asyncio.sleep(0)
        return await super().read(caller)


async def test_a_key_whose_first_request_still_runs_is_refused() -> None:
    """And free again afterwards: the same request then gets the same mail."""
    stage = Stage()
    story = Submission(stage.accept_story, stage.unaccepted, Quota(Yielding(), stage.ledger, stage.clock))
    caller = callers.application(CallerSetting("shop", ("alerts",), application="a", per_day=2))
    origin, body = Origin("http", "k", ""), json.dumps(SOUND).encode()
    first, second = await asyncio.gather(
        story.take(body, caller, origin), story.take(body, caller, origin), return_exceptions=True
    )
    assert isinstance(first, Receipt)
    assert isinstance(second, StillRunning)
    assert (await story.take(body, caller, origin)).replayed
    assert len(stage.ledger.rows) == 1


async def test_a_failed_request_leaves_its_key_free() -> None:
    """Nothing is remembered of a request that was refused."""
    stage = Stage()
    story = a_submission(stage)
    caller, origin = callers.function_key(stage.config), Origin("http", "k", "")
    with pytest.raises(Refused):
        await story.take(b"{}", caller, origin)
    assert not (await story.take(json.dumps(SOUND).encode(), caller, origin)).replayed


async def test_a_batch_beyond_the_days_amount_stores_nothing() -> None:
    """All or nothing; what was accepted before is not counted twice."""
    stage = Stage()
    story = a_submission(stage)
    shop = callers.application(CallerSetting("shop", ("alerts",), application="a", per_day=2))
    receipt = await story.take(json.dumps([SOUND, SOUND]).encode(), shop, Origin("http", "k", ""))
    assert receipt.standing is not None
    assert receipt.standing.left == 0
    assert (await story.take(json.dumps([SOUND, SOUND]).encode(), shop, Origin("http", "k", ""))).replayed
    with pytest.raises(QuotaExceeded):
        await story.take(json.dumps([SOUND]).encode(), shop, Origin("http", "l", ""))
    with pytest.raises(QuotaExceeded):
        await story.take(json.dumps(SOUND).encode(), shop, Origin("http", "m", ""))
    assert len(stage.ledger.rows) == 2


async def test_what_is_refused_is_not_counted() -> None:
    """A caller's faults do not use up its day."""
    stage = Stage()
    story = a_submission(stage)
    shop = callers.application(CallerSetting("shop", ("alerts",), application="a", per_day=1))
    for key, body in (("k", {**SOUND, "to": ["a@elsewhere.test"]}), ("l", {**SOUND, "priority": "urgent"})):
        with pytest.raises(Refused):
            await story.take(json.dumps(body).encode(), shop, Origin("http", key, ""))
    assert (await story.take(json.dumps(SOUND).encode(), shop, Origin("http", "m", ""))).mails
