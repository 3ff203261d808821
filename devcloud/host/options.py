"""host.json and the app settings that override it (Microsoft Learn, "host.json reference for Azure Functions")."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devcloud.host.faults import HostFault

OVERRIDE_PREFIX = "azurefunctionsjobhost__"
MAX_BATCH_SIZE = 32  # what one Get Messages request may ask for
DEFAULT_BATCH_SIZE = 16
DEFAULT_MAX_DEQUEUE_COUNT = 5
DEFAULT_MAX_POLLING_SECONDS = 60.0
MINIMUM_POLLING_SECONDS = 0.1
DEFAULT_FUNCTION_TIMEOUT = 1800.0  # 30 minutes, the default on every plan but Consumption
DEFAULT_ROUTE_PREFIX = "api"

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,7})?")

Encoding = Literal["base64", "none"]


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """`extensions.queues`; times in seconds."""

    batch_size: int = DEFAULT_BATCH_SIZE
    new_batch_threshold: int = DEFAULT_BATCH_SIZE // 2
    max_polling_interval: float = DEFAULT_MAX_POLLING_SECONDS
    visibility_timeout: float = 0.0
    max_dequeue_count: int = DEFAULT_MAX_DEQUEUE_COUNT
    message_encoding: Encoding = "base64"


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What this host reads of host.json; `function_timeout` is in seconds, None for no limit."""

    queues: QueueOptions
    route_prefix: str = DEFAULT_ROUTE_PREFIX
    function_timeout: float | None = DEFAULT_FUNCTION_TIMEOUT


class _Section:
    """One object of host.json; names match whatever their case, as in .NET configuration."""

    def __init__(self, values: Mapping[str, object], path: str) -> None:
        self._values = {name.lower(): value for name, value in values.items()}
        self._path = path

    def _fault(self, name: str, want: str) -> HostFault:
        return HostFault(f"host.json: {self._path}{name} must be {want}")

    def section(self, name: str) -> "_Section":
        value = self._values.get(name.lower(), {})
        if not isinstance(value, dict):
            raise self._fault(name, "an object")
        return _Section(value, f"{self._path}{name}.")

    def whole(self, name: str, default: int, lowest: int, highest: int | None = None) -> int:
        value = self._values.get(name.lower(), default)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
        if not isinstance(value, int) or not fits or (highest is not None and value > highest):
            raise self._fault(name, f"a whole number from {lowest}" + (f" to {highest}" if highest else ""))
        return value

    def seconds(self, name: str, default: float, lowest: float = 0.0) -> float:
        value = self._values.get(name.lower())
        if value is None:
            return default
        seconds = time_span(value)
        if seconds is None or seconds < lowest:
            raise self._fault(name, f'a time such as "00:00:01", at least {lowest} s')
        return seconds

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name.lower(), default)
        if not isinstance(value, str):
            raise self._fault(name, "a text")
        return value


def time_span(value: object) -> float | None:
    """Return the seconds of a .NET TimeSpan text (`[days.]hours:minutes:seconds[.fraction]`), or None."""
    match = _TIME_SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    days, hours, minutes, seconds, fraction = match.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(fraction or 0)


def read_options(host_json: str, settings: Mapping[str, str]) -> HostOptions:
    """Read host.json and its overrides `AzureFunctionsJobHost__…` among the settings.

    Raises:
        HostFault: no JSON object, another version than 2.0, or a value out of its range; the text names the key.
    """
    try:
        document = json.loads(host_json)
    except ValueError as error:
        raise HostFault(f"host.json is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise HostFault('host.json must be an object with "version": "2.0"')
    root = _Section(_overridden(document, settings), "")
    extensions = root.section("extensions")
    return HostOptions(
        queues=_queue_options(extensions.section("queues")),
        route_prefix=extensions.section("http").text("routePrefix", DEFAULT_ROUTE_PREFIX).strip("/"),
        function_timeout=_function_timeout(root),
    )


def _queue_options(queues: _Section) -> QueueOptions:
    batch_size = queues.whole("batchSize", DEFAULT_BATCH_SIZE, 1, MAX_BATCH_SIZE)
    encoding = queues.text("messageEncoding", "base64").lower()
    if encoding not in {"base64", "none"}:
        raise HostFault('host.json: extensions.queues.messageEncoding must be "base64" or "none"')
    return QueueOptions(
        batch_size=batch_size,
        # The real default is multiplied by the number of cores on some plans; one core here, as on Consumption.
        new_batch_threshold=queues.whole("newBatchThreshold", batch_size // 2, 0),
        max_polling_interval=queues.seconds("maxPollingInterval", DEFAULT_MAX_POLLING_SECONDS, MINIMUM_POLLING_SECONDS),
        visibility_timeout=queues.seconds("visibilityTimeout", 0.0),
        max_dequeue_count=queues.whole("maxDequeueCount", DEFAULT_MAX_DEQUEUE_COUNT, 1),
        message_encoding="none" if encoding == "none" else "base64",
    )


def _function_timeout(root: _Section) -> float | None:
    if root.text("functionTimeout", "") == "-1":
        return None
    return root.seconds("functionTimeout", DEFAULT_FUNCTION_TIMEOUT, 1.0)


def _overridden(document: dict[str, object], settings: Mapping[str, str]) -> dict[str, object]:
    for name, value in settings.items():
        if name.lower().startswith(OVERRIDE_PREFIX):
            _override(document, name[len(OVERRIDE_PREFIX) :].split("__"), value)
    return document


def _override(section: dict[str, object], path: list[str], value: str) -> None:
    *parents, leaf = path
    for parent in parents:
        known = _spelling(section, parent)
        inner = section.setdefault(known, {})
        if not isinstance(inner, dict):
            inner = section[known] = {}
        section = inner
    section[_spelling(section, leaf)] = value


def _spelling(section: Mapping[str, object], name: str) -> str:
    return next((known for known in section if known.lower() == name.lower()), name)
