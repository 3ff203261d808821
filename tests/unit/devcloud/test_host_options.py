"""host.json, its overrides and the command line."""

import json

import pytest

from devcloud.host.crash import read_crash_plan
from devcloud.host.faults import HostFault
from devcloud.host.options import HostOptions, QueueOptions, read_options, time_span


def options(queues: dict[str, object], **settings: str) -> HostOptions:
    """Return the options of a host.json with this queue section."""
    return read_options(json.dumps({"version": "2.0", "extensions": {"queues": queues}}), settings)


def test_an_empty_host_json_gives_the_documented_defaults() -> None:
    """Batch size 16, half of it as threshold, one minute, no delay, five attempts, Base64, prefix api, 30 minutes."""
    read = read_options('{"version": "2.0"}', {})
    assert read.queues == QueueOptions(16, 8, 60.0, 0.0, 5, "base64")
    assert (read.route_prefix, read.function_timeout) == ("api", 1800.0)


def test_every_value_is_read_whatever_the_case_of_its_key() -> None:
    """Keys match without regard to case, as in .NET."""
    read = options({"BatchSize": 32, "newbatchthreshold": 96, "maxPollingInterval": "00:00:01", "messageEncoding": "None"})
    assert read.queues == QueueOptions(32, 96, 1.0, 0.0, 5, "none")


def test_app_settings_override_host_json() -> None:
    """A setting AzureFunctionsJobHost__… wins over the file."""
    read = options({"batchSize": 4}, AzureFunctionsJobHost__extensions__queues__batchSize="8")
    assert (read.queues.batch_size, read.queues.new_batch_threshold) == (8, 4)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:00.1000000", 0.1), ("00:10:00", 600.0), ("1.02:03:04", 93784.0), ("5", None), (5, None)],
)
def test_time_spans_are_read(text: object, seconds: float | None) -> None:
    """Days, hours, minutes, seconds and fractions are read; anything else is no time span."""
    assert time_span(text) == seconds


@pytest.mark.parametrize(
    ("queues", "named"),
    [
        ({"batchSize": 33}, "batchSize"),
        ({"batchSize": 0}, "batchSize"),
        ({"batchSize": True}, "batchSize"),
        ({"newBatchThreshold": -1}, "newBatchThreshold"),
        ({"maxPollingInterval": "00:00:00.05"}, "maxPollingInterval"),
        ({"visibilityTimeout": 30}, "visibilityTimeout"),
        ({"maxDequeueCount": 0}, "maxDequeueCount"),
        ({"messageEncoding": "hex"}, "messageEncoding"),
    ],
)
def test_a_wrong_value_is_refused_by_name(queues: dict[str, object], named: str) -> None:
    """A value out of its range stops the host and the fault names its key."""
    with pytest.raises(HostFault, match=named):
        options(queues)


@pytest.mark.parametrize("text", ["", "[]", '{"version": "1.0"}', "{"])
def test_another_host_json_is_refused(text: str) -> None:
    """Only an object of version 2.0 is taken."""
    with pytest.raises(HostFault, match=r"host\.json"):
        read_options(text, {})


def test_a_crash_plan_counts_down_at_its_own_point_and_function() -> None:
    """Only the named function at the named point counts, and the host dies the Nth time."""
    deaths: list[str] = []
    plan = read_crash_plan("before-delete@send:2")
    plan.die = lambda: deaths.append("dead")
    for point, function in [("before-call", "send"), ("before-delete", "other"), ("before-delete", "send")]:
        plan.reach(point, function)
    assert deaths == []
    plan.reach("before-delete", "send")
    plan.reach("before-delete", "send")
    assert deaths == ["dead"]


@pytest.mark.parametrize("text", ["sometime", "before-call:0", "before-call:x"])
def test_a_wrong_crash_plan_is_refused(text: str) -> None:
    """An unknown point or a count that is none stops the host."""
    with pytest.raises(HostFault, match="DEVCLOUD_CRASH"):
        read_crash_plan(text)
