"""Everything that can be decided, and refused, before the first connection is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcloud.host.connections import HOST_STORAGE, Connection, expand, resolve
from devcloud.host.faults import HostFault
from devcloud.host.http_front import http_routes
from devcloud.host.loaded import Binding, LoadedFunction
from devcloud.host.options import HostOptions, read_options
from devcloud.host.routes import Route
from devcloud.host.timers import Schedule


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """A queue by its resolved name and connection."""

    connection: Connection
    queue: str


@dataclass(frozen=True, slots=True)
class TimerTarget:
    """A timer by its resolved schedule."""

    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What this host will listen to, by function name (outputs by function and parameter name)."""

    functions: Mapping[str, LoadedFunction]
    routes: list[Route[LoadedFunction]]
    queues: Mapping[str, QueueTarget]
    outputs: Mapping[tuple[str, str], QueueTarget]
    timers: Mapping[str, TimerTarget]
    host_storage: Connection | None
    disabled: frozenset[str]


def host_options(directory: Path, settings: Mapping[str, str]) -> HostOptions:
    """Read the host.json of an app.

    Raises:
        HostFault: it is missing or wrong.
    """
    try:
        text = (directory / "host.json").read_text("utf-8")
    except FileNotFoundError:
        raise HostFault("host.json is missing in the app's folder") from None
    return read_options(text, settings)


def make_plan(functions: Sequence[LoadedFunction], options: HostOptions, settings: Mapping[str, str]) -> Plan:
    """Resolve every name that the bindings use.

    Raises:
        HostFault: a setting is missing, a schedule or a route is not valid.
    """
    triggers = {function.name: function for function in functions}
    queues = {name: f for name, f in triggers.items() if f.trigger.type == "queueTrigger"}
    timers = {name: f for name, f in triggers.items() if f.trigger.type == "timerTrigger"}
    return Plan(
        functions=triggers,
        routes=http_routes(functions, options.route_prefix),
        queues={name: _queue(f.trigger, name, settings) for name, f in queues.items()},
        outputs=_outputs(functions, settings),
        timers={name: _timer(f.trigger, name, settings) for name, f in timers.items()},
        # Needed for every trigger but HTTP: the real host keeps leases there.
        host_storage=resolve(HOST_STORAGE, settings) if queues or timers else None,
        disabled=frozenset(name for name in triggers if _is_disabled(name, settings)),
    )


def _outputs(functions: Sequence[LoadedFunction], settings: Mapping[str, str]) -> dict[tuple[str, str], QueueTarget]:
    return {
        (function.name, parameter.binding.name): _queue(parameter.binding, function.name, settings)
        for function in functions
        for parameter in [*function.outputs.values(), *([function.returns] if function.returns else [])]
        if parameter.binding.type == "queue"
    }


def _queue(binding: Binding, function: str, settings: Mapping[str, str]) -> QueueTarget:
    where = f"function {function}, binding {binding.name}"
    # The real host lowers the name; a queue cannot have capitals.
    name = expand(binding.text("queueName"), settings, where).lower()
    try:
        return QueueTarget(resolve(expand(binding.text("connection"), settings, where), settings), name)
    except HostFault as fault:
        raise HostFault(f"{where}: {fault}") from fault


def _timer(binding: Binding, function: str, settings: Mapping[str, str]) -> TimerTarget:
    where = f"function {function}, binding {binding.name}"
    try:
        schedule = Schedule(expand(binding.text("schedule"), settings, where))
    except HostFault as fault:
        raise HostFault(f"{where}: {fault}") from fault
    return TimerTarget(
        schedule=schedule,
        run_on_startup=binding.fields.get("runOnStartup") is True,
        use_monitor=binding.fields.get("useMonitor") is not False,
    )


def _is_disabled(function: str, settings: Mapping[str, str]) -> bool:
    spellings = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
    return any(settings.get(spelling, "").lower() in {"1", "true"} for spelling in spellings)
