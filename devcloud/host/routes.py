"""Route templates of HTTP triggers: `{param}`, `{param?}`, `{param:int}`, `{*rest}`, as in ASP.NET Core routing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from devcloud.host.faults import HostFault

Target = TypeVar("Target")

ALL_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"})
RESERVED = frozenset({"admin", "runtime"})  # the host's own routes begin so
_CONSTRAINTS = {
    "int": r"-?\d{1,10}",
    "long": r"-?\d{1,19}",
    "alpha": r"[A-Za-z]+",
    "bool": r"(?i:true|false)",
    "guid": r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}",
}
_PARAMETER = re.compile(r"\{(?P<stars>\*{0,2})(?P<name>[A-Za-z_]\w*)(?P<constraint>:\w+)?(?P<optional>\?)?\}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a template between slashes; literal text has an empty `name`."""

    text: str
    name: str = ""
    pattern: re.Pattern[str] | None = None
    optional: bool = False
    rest: bool = False

    @property
    def rank(self) -> int:
        """Literals go before constrained parameters, these before free ones, these before the rest of the path."""
        if not self.name:
            return 0
        if self.rest:
            return 3
        return 1 if self.pattern else 2


@dataclass(frozen=True, slots=True)
class Route(Generic[Target]):
    """A template with its methods and what it leads to."""

    template: str
    segments: tuple[Segment, ...]
    methods: frozenset[str]
    target: Target

    def match(self, path: Sequence[str]) -> dict[str, str] | None:
        """Return the route values for the decoded segments of a path, or None when the template does not fit."""
        values: dict[str, str] = {}
        for place, segment in enumerate(self.segments):
            if segment.rest:
                values[segment.name] = "/".join(path[place:])
                return values
            if place >= len(path):
                if not segment.optional:
                    return None
                continue
            if not _takes(segment, path[place]):
                return None
            if segment.name:
                values[segment.name] = path[place]
        return values if len(path) <= len(self.segments) else None


def parse(template: str, prefix: str, methods: Iterable[str], target: Target) -> Route[Target]:
    """Read a template below the route prefix of host.json; no methods means all of them.

    Raises:
        HostFault: the template uses something that this host does not know, or a path of the host's own.
    """
    full = "/".join(part for part in (prefix, template.strip("/")) if part)
    segments = tuple(_segment(part, template) for part in full.split("/"))
    if segments[0].text.lower() in RESERVED:
        raise HostFault(f"route {template!r} collides with the host's own routes; choose another one")
    if any(segment.rest for segment in segments[:-1]):
        raise HostFault(f"route {template!r}: {{*rest}} must be the last part")
    return Route(template, segments, frozenset(method.upper() for method in methods) or ALL_METHODS, target)


def find(routes: Iterable[Route[Target]], method: str, raw_path: str) -> tuple[Target, dict[str, str]] | None:
    """Return the target and route values of the most specific route for a request, or None."""
    path = [_decoded(part) for part in raw_path.split("?", maxsplit=1)[0].strip("/").split("/")]
    for route in sorted(routes, key=lambda route: [segment.rank for segment in route.segments]):
        if method.upper() not in route.methods:
            continue
        values = route.match(path)
        if values is not None:
            return route.target, values
    return None


def _takes(segment: Segment, part: str) -> bool:
    if not segment.name:
        return part.lower() == segment.text.lower()
    return bool(part) and (segment.pattern is None or segment.pattern.fullmatch(part) is not None)


def _segment(part: str, template: str) -> Segment:
    if "{" not in part and "}" not in part:
        return Segment(part)
    match = _PARAMETER.fullmatch(part)
    constraint = match["constraint"] if match else None
    if match is None or (constraint and constraint[1:] not in _CONSTRAINTS):
        raise HostFault(f"route {template!r}: this host does not know {part!r} (see devcloud/host/README.md)")
    return Segment(
        text=part,
        name=match["name"],
        pattern=re.compile(_CONSTRAINTS[constraint[1:]]) if constraint else None,
        optional=bool(match["optional"]),
        rest=bool(match["stars"]),
    )


def _decoded(part: str) -> str:
    # An encoded slash stays encoded, as in ASP.NET Core: it belongs to the value and does not divide the path.
    return unquote(re.sub("%2f", "%252F", part, flags=re.IGNORECASE))
