"""The JSON of `GET` and `PUT /api/faults` (design 3.1): reading it strictly, and writing it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec

from devcloud.exchange.actions import STAGES
from devcloud.exchange.config import Limits, OverRate
from devcloud.exchange.faults import FACTS, FLAG_FACTS, NUMBER_FACTS, TEXT_FACTS, Rule
from devcloud.exchange.scenarios import REGISTRY, Scenario

_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`\Z")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")

Positive = Annotated[int, msgspec.Meta(ge=1)]


class RuleDocument(msgspec.Struct, forbid_unknown_fields=True):
    """One element of `scenarios`; `fired` is given in answers and ignored in requests."""

    name: str
    count: Annotated[int, msgspec.Meta(ge=0)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    match: dict[str, Any] | None = None
    options: dict[str, Any] | None = msgspec.field(default=None, name="with")
    fired: int = 0


class LimitsDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The object `limits`; what is left out stays."""

    messages_per_minute: Positive | msgspec.UnsetType = msgspec.UNSET
    connections: Positive | msgspec.UnsetType = msgspec.UNSET
    idle_counts: bool | msgspec.UnsetType = msgspec.UNSET
    over_rate: OverRate | msgspec.UnsetType = msgspec.UNSET


class FaultsDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The whole document; what is left out stays, a list of scenarios replaces all."""

    scenarios: list[RuleDocument] | msgspec.UnsetType = msgspec.UNSET
    limits: LimitsDocument | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True)
class FieldError:
    """One fault in the document: where, and what to do."""

    field: str
    detail: str


class BadDocument(Exception):
    """The document is refused; nothing was changed."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors


def read(body: bytes, limits: Limits) -> tuple[list[Rule] | None, Limits]:
    """The rules (None: leave them) and limits that a document asks for; raises BadDocument naming every bad field."""
    try:
        document = msgspec.json.decode(body, type=FaultsDocument)
    except msgspec.ValidationError as error:
        raise BadDocument([_field_error(str(error))]) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadDocument([FieldError("$", f"not JSON: {error}")]) from error
    errors: list[FieldError] = []
    rules: list[Rule] | None = None
    if not isinstance(document.scenarios, msgspec.UnsetType):
        rules = [rule for place, item in enumerate(document.scenarios) if (rule := _rule(item, place, errors))]
    if errors:
        raise BadDocument(errors)
    return rules, _merged(limits, document.limits)


def write(rules: Sequence[Rule], limits: Limits) -> dict[str, Any]:
    """The document that describes the present state."""
    return {"scenarios": [_describe(rule) for rule in rules], "limits": msgspec.to_builtins(limits)}


def _describe(rule: Rule) -> dict[str, Any]:
    described = {
        "name": rule.scenario.name,
        "count": rule.count,
        "probability": rule.probability,
        "seed": rule.seed,
        "match": dict(rule.match),
        "fired": rule.fired,
    }
    return {**described, "with": dict(rule.options)} if rule.options else described


def _merged(limits: Limits, document: LimitsDocument | msgspec.UnsetType) -> Limits:
    if isinstance(document, msgspec.UnsetType):
        return limits
    return replace(limits, **msgspec.to_builtins(document))


def _rule(item: RuleDocument, place: int, errors: list[FieldError]) -> Rule | None:
    where = f"scenarios[{place}]"
    scenario = REGISTRY.get(item.name)
    if scenario is None:
        errors.append(FieldError(f"{where}.name", f"no scenario is called {item.name!r}; see SCENARIOS.md"))
        return None
    match, options = item.match or {}, item.options or {}
    errors += [FieldError(f"{where}.match.{name}", text) for name, text in _match_faults(scenario, match)]
    errors += [FieldError(f"{where}.with.{name}", text) for name, text in _option_faults(scenario, options)]
    return Rule(scenario, item.count, item.probability, item.seed, match, options)


def _match_faults(scenario: Scenario, match: Mapping[str, Any]) -> list[tuple[str, str]]:
    faults = _option_faults(scenario, {name: value for name, value in match.items() if name in scenario.options})
    for name, value in match.items():
        if name == "stage" and value not in scenario.stages:
            faults.append((name, f"one of {', '.join(s for s in STAGES if s in scenario.stages)}"))
        elif name in TEXT_FACTS and not isinstance(value, str):
            faults.append((name, "must be a string"))
        elif name in NUMBER_FACTS and type(value) is not int:
            faults.append((name, "must be an integer"))
        elif name in FLAG_FACTS and type(value) is not bool:
            faults.append((name, "must be true or false"))
        elif name not in {"stage", *FACTS, *scenario.options}:
            faults.append((name, f"neither a fact nor an option of {scenario.name}"))
    return faults


def _option_faults(scenario: Scenario, options: Mapping[str, Any]) -> list[tuple[str, str]]:
    faults = []
    for name, value in options.items():
        if name not in scenario.options:
            faults.append((name, f"not an option of {scenario.name}"))
            continue
        kind = type(scenario.options[name])
        fits = type(value) in ({int, float} if kind is float else {kind})
        if not fits:
            faults.append((name, f"must be of type {kind.__name__}"))
        elif kind in {int, float} and value < 0:
            faults.append((name, "must not be negative"))
    return faults


def _field_error(text: str) -> FieldError:
    place = _PLACE.search(text)
    field = place.group(1) if place else ""
    unknown = _UNKNOWN_FIELD.search(text)
    if unknown:
        field = f"{field}.{unknown.group(1)}".lstrip(".")
    return FieldError(field or "$", _PLACE.sub("", text))
