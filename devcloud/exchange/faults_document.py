"""The JSON of `GET` and `PUT /api/faults` (design 3.1): reading it strictly, and writing it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from devcloud.exchange.access import Access
from devcloud.exchange.actions import STAGES
from devcloud.exchange.config import Limits
from devcloud.exchange.faults import FACTS, FLAG_FACTS, NUMBER_FACTS, TEXT_FACTS, Rule
from devcloud.exchange.scenarios import REGISTRY, Scenario

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`\Z")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")

State = TypeVar("State", bound=msgspec.Struct)


class RuleDocument(msgspec.Struct, forbid_unknown_fields=True):
    """One element of `scenarios`; `fired` is given in answers and ignored in requests."""

    name: str
    count: Annotated[int, msgspec.Meta(ge=0)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    match: dict[str, Any] | None = None
    options: dict[str, Any] | None = msgspec.field(default=None, name="with")
    fired: int = 0


class FaultsDocument(msgspec.Struct, forbid_unknown_fields=True):
    """The whole document; what is left out stays, a list of scenarios replaces all. Its parts are read one by one, so that
    the faults of all are found."""

    scenarios: list[Any] | msgspec.UnsetType = msgspec.UNSET
    limits: dict[str, Any] = {}
    access: dict[str, Any] = {}


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
    """The rules (None: leave them) and limits that a document asks for, where nobody has access to give; see `read_all`."""
    rules, limits, _access = read_all(body, limits, Access())
    return rules, limits


def read_all(body: bytes, limits: Limits, access: Access) -> tuple[list[Rule] | None, Limits, Access]:
    """The rules (None: leave them), limits and access that a document asks for.

    Raises BadDocument, which names every bad field.
    """
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
    limits = _changed(limits, document.limits, "limits", errors)
    access = _changed(access, document.access, "access", errors)
    if errors:
        raise BadDocument(errors)
    return rules, limits, access


def write(rules: Sequence[Rule], limits: Limits, access: Access) -> dict[str, Any]:
    """The document that describes the present state."""
    return {
        "scenarios": [_describe(rule) for rule in rules],
        "limits": msgspec.to_builtins(limits),
        "access": msgspec.to_builtins(access),
    }


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


def _changed(state: State, given: Mapping[str, Any], where: str, errors: list[FieldError]) -> State:
    """The state with the given fields changed, objects inside it likewise; faults are added to `errors`."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(state)}
    changes: dict[str, Any] = {}
    for name, value in given.items():
        place, present = f"{where}.{name}", getattr(state, name, None)
        if name not in kinds:
            errors.append(FieldError(place, f"no such field; one of {', '.join(kinds)}"))
        elif isinstance(present, msgspec.Struct) and isinstance(value, dict):
            changes[name] = _changed(present, value, place, errors)
        else:
            changes[name] = _converted(value, kinds[name], place, errors)
    return msgspec.structs.replace(state, **changes)


def _converted(value: object, kind: Any, where: str, errors: list[FieldError]) -> Any:  # noqa: ANN401 - of any field's type
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        errors.append(_field_error(str(error), where))
        return None


def _rule(raw: object, place: int, errors: list[FieldError]) -> Rule | None:
    where = f"scenarios[{place}]"
    item: RuleDocument | None = _converted(raw, RuleDocument, where, errors)
    if item is None:
        return None
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


def _field_error(text: str, where: str = "") -> FieldError:
    found = _PLACE.search(text)
    field = where + (found.group(1) if found else "")
    unknown = _UNKNOWN_FIELD.search(text)
    if unknown:
        field = f"{field}.{unknown.group(1)}"
    return FieldError(field.lstrip(".") or "$", _PLACE.sub("", text))
