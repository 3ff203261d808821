"""Event Grid's own schema."""

from typing import Any

import pytest

from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_bodies import MOST_EVENTS
from shared.rules.event_grid import Deleted, Validation, grid_events, is_event_grid
from shared.rules.field_rules import producer_key
from shared.rules.problems import Refused
from tests.unit.event_senders import GRID_EVENT, TOPIC, as_json, grid

OTHER_TOPIC = TOPIC.replace("/topics/kt1", "/topics/kt2")
CODE = "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"
ASKING: dict[str, Any] = {
    "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
    "topic": TOPIC,
    "subject": "",
    "data": {"validationCode": CODE, "validationUrl": "https://rp-eastus2.eventgrid.azure.net:553/validate?token=x"},
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "eventTime": "2018-01-25T22:12:19.4556811Z",
    "metadataVersion": "1",
    "dataVersion": "1",
}
"""As Microsoft's page on webhook delivery has it, with a topic of ours."""

GONE: dict[str, Any] = {
    **ASKING,
    "eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent",
    "data": {"eventSubscriptionId": TOPIC + "/providers/Microsoft.EventGrid/eventSubscriptions/s1"},
}


def events_of(delivery: Delivery, sources: tuple[str, ...] = (TOPIC,)) -> tuple[Event, ...]:
    """The events of a delivery."""
    found = grid_events(delivery, sources)
    assert isinstance(found, tuple)
    return found


def only(**changes: object) -> Event:
    """The event that the example becomes, once it is changed."""
    (event,) = events_of(grid([{**GRID_EVENT, **changes}]))
    return event


def refusal(delivery: Delivery) -> Refused:
    """The refusal of a delivery."""
    with pytest.raises(Refused) as caught:
        grid_events(delivery, [TOPIC])
    return caught.value


def code_of(delivery: Delivery, *sources: str) -> str:
    """The code by which a delivery is not believed."""
    with pytest.raises(DeliveryRefused) as caught:
        grid_events(delivery, sources)
    return caught.value.code


def test_an_event_is_read_as_it_came() -> None:
    """The data of the event is the whole event, fields of the future included."""
    event = only(newField={"a": 1})
    assert event.data == {**GRID_EVENT, "newField": {"a": 1}}
    assert producer_key(event.key) == event.key


def test_a_batch_gives_its_events_once_each() -> None:
    """The same topic and id with the same content is the same event."""
    events = events_of(grid([GRID_EVENT, {**GRID_EVENT, "id": "b"}, GRID_EVENT]))
    assert [event.data["id"] for event in events] == [GRID_EVENT["id"], "b"]
    assert events_of(grid([])) == ()


def test_a_batch_is_bounded() -> None:
    """Event Grid can send 5,000 events at once; the subscription's limit has to be lower."""
    most = [{**GRID_EVENT, "id": str(n)} for n in range(MOST_EVENTS)]
    assert len(events_of(grid(most))) == MOST_EVENTS
    assert refusal(grid([*most, GRID_EVENT])).code == "too-large"


def test_the_validation_gives_its_code() -> None:
    """And nothing else: the address that comes with it is never followed."""
    assert grid_events(grid([ASKING], "SubscriptionValidation"), [TOPIC.upper()]) == Validation(CODE)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [ASKING, ASKING],
        [GRID_EVENT],
        [{**ASKING, "eventType": "Microsoft.Storage.BlobCreated"}],
        [{**ASKING, "data": None}],
        [{**ASKING, "data": CODE}],
        *([{**ASKING, "data": {"validationCode": bad}}] for bad in (None, 1, "", "a b", "a\nb", "ü", "x" * 257, ["x"])),
    ],
)
def test_a_validation_is_exactly_one_event(events: list[object]) -> None:
    """Of the right type and with a code that can be repeated."""
    assert refusal(grid(events, "SubscriptionValidation")).code == "invalid"


def test_an_event_that_only_says_it_is_a_validation_is_an_event() -> None:
    """Whoever may publish to the topic can write this type; without the header nothing is repeated to anybody."""
    assert len(events_of(grid([ASKING]))) == 1


def test_the_notice_of_a_deletion_is_no_event() -> None:
    """There is nobody to write to about it."""
    assert grid_events(grid([GONE], "SubscriptionDeletion"), [TOPIC]) == Deleted()


@pytest.mark.parametrize("kind", ["Unsubscribe", "SubscriptionValidationx", "ü"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    """It may mean anything."""
    assert "aeg-event-type" in str(refusal(grid([GRID_EVENT], kind)))


@pytest.mark.parametrize("kind", ["", "notification", "NOTIFICATION"])
def test_the_kind_counts_without_case(kind: str) -> None:
    """A publisher's own test may leave it out."""
    assert events_of(grid([GRID_EVENT], kind)) == events_of(grid([GRID_EVENT]))


@pytest.mark.parametrize(
    ("event", "kind"), [(GRID_EVENT, ""), (ASKING, "SubscriptionValidation"), (GONE, "SubscriptionDeletion")]
)
def test_a_foreign_topic_is_refused(event: dict[str, Any], kind: str) -> None:
    """Any subscription of the tenant has a valid token; one foreign event spoils the batch, and the validation too."""
    foreign = {**event, "topic": OTHER_TOPIC}
    assert code_of(grid([foreign], kind), TOPIC) == "foreign-topic"
    assert code_of(grid([event, foreign], kind), TOPIC) == "foreign-topic"
    assert code_of(grid([{"topic": OTHER_TOPIC}], kind), TOPIC) == "foreign-topic"
    assert code_of(grid([event], kind)) == "no-sources"


@pytest.mark.parametrize(
    "topic", [TOPIC + "/", TOPIC + " ", TOPIC[:-1], "", TOPIC.replace("k", "\u212a"), TOPIC + "/topics/t2"]
)
def test_a_topic_is_the_whole_id(topic: str) -> None:
    """No prefix, and no letter that some other folding would make the same (the Kelvin sign is no k)."""
    assert code_of(grid([{**GRID_EVENT, "topic": topic}]), TOPIC) == "foreign-topic"


def test_topics_count_without_case() -> None:
    """Azure writes its ids now this way, now that: still one event, with one content."""
    (event,) = events_of(grid([{**GRID_EVENT, "topic": TOPIC.lower()}]), (TOPIC.upper(), OTHER_TOPIC))
    assert (event.key, event.content) == (only().key, only().content)


def test_topic_and_id_make_the_key() -> None:
    """Other topics have ids of their own; what the event says is its content."""
    (other,) = events_of(grid([{**GRID_EVENT, "topic": OTHER_TOPIC}]), (OTHER_TOPIC,))
    assert len({other.key, only().key, only(id="b").key}) == 3
    assert only(data=1).key == only().key
    assert only(data=1).content != only().content


@pytest.mark.parametrize("name", ["id", "topic", "subject", "eventType", "eventTime"])
def test_the_fields_of_the_schema_are_required(name: str) -> None:
    """Missing, null and of another type."""
    rest = {key: value for key, value in GRID_EVENT.items() if key != name}
    for event in (rest, {**rest, name: None}, {**rest, name: 1}, {**rest, name: ["x"]}):
        assert [problem.pointer for problem in refusal(grid([GRID_EVENT, event])).problems] == [f"/1/{name}"]


def test_what_may_be_empty_or_missing() -> None:
    """Event Grid stamps the versions, its own events have no subject, and data is the publisher's."""
    least = {name: GRID_EVENT[name] for name in ("id", "topic", "eventType", "eventTime")}
    assert events_of(grid([{**least, "subject": ""}]))
    assert only(dataVersion=None, metadataVersion=None, data=None).data["data"] is None
    for empty in ("id", "eventType", "eventTime"):
        assert refusal(grid([{**GRID_EVENT, empty: ""}])).problems[0].pointer == f"/0/{empty}"
    for version in ("dataVersion", "metadataVersion"):
        assert refusal(grid([{**GRID_EVENT, version: 1}])).problems[0].pointer == f"/0/{version}"


@pytest.mark.parametrize("time", ["2017-08-10T21:03:07+00:00", "2017-08-10T21:03:07+0000", "2019-11-18T15:13:39Z"])
def test_times_as_publishers_write_them(time: str) -> None:
    """ISO 8601 with an offset, with or without its colon; anything else is no time."""
    assert only(eventTime=time)
    for bad in ("noon", "2017-08-10", "2017-02-30T00:00:00Z", "2017-08-10T21:03:07"):
        assert refusal(grid([{**GRID_EVENT, "eventTime": bad}])).problems[0].pointer == "/0/eventTime"


def test_every_fault_is_told_at_once() -> None:
    """With its place."""
    bad = [{**GRID_EVENT, "id": "", "eventTime": "noon"}, 7, {**GRID_EVENT, "subject": 1}]
    assert [problem.pointer for problem in refusal(grid(bad)).problems] == ["/0/id", "/0/eventTime", "/1", "/2/subject"]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b"\xff", as_json(GRID_EVENT), b'[{"a":1,"a":1}]'])
def test_a_body_that_is_no_sound_array_is_refused(body: bytes) -> None:
    """Event Grid always sends an array."""
    assert refusal(Delivery(grid([]).headers, body)).code == "invalid"


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "text/plain", ""])
def test_another_schema_is_refused_with_the_cure(kind: str) -> None:
    """A subscription for CloudEvents needs another webhook."""
    refused = refusal(Delivery({**grid([]).headers, "Content-Type": kind}, as_json([GRID_EVENT])))
    assert refused.code == "unsupported-media-type"
    assert "Event Grid's own schema" in str(refused)


def test_the_caller_is_event_grid_by_role_or_by_application() -> None:
    """Microsoft's page on secure delivery names both; neither a part nor another role will do."""
    assert is_event_grid("any", ["AzureEventGridSecureWebhookSubscriber"])
    assert is_event_grid("4962773B-9CDB-44CF-A8BF-237846A00AB7", [])
    assert not is_event_grid("", [])
    assert not is_event_grid("4962773b-9cdb-44cf-a8bf-237846a00ab8", ["Mail.Send", "azureeventgridsecurewebhooksubscriber"])
