"""Requests made of the app's OpenAPI document, and what every answer has to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.openapi_paths import OPERATIONS

Operation = APIOperation[Any, Any, Any, Any]
"""One route of a document."""

SECONDS = 30.0
"""Of one request on a busy machine."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

NOT_READY = frozenset({"unready"})
"""Webhooks of the tests' settings that answer 503 by design."""


def labels() -> list[str]:
    """Every route, as method and path."""
    return [f"{one.method.upper()} /api{one.path}" for one in OPERATIONS]


@dataclass(frozen=True, slots=True)
class Fuzz:
    """An app under test: its address, its document, and the keys for its routes."""

    address: str
    schema: Any
    keys: Mapping[str, str]

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self:
        """The first host of a local cloud."""
        address = line["functions"][0]
        document = httpx.get(f"{address}/api/openapi.json", trust_env=False, timeout=SECONDS).json()
        return cls(address, schemathesis.openapi.from_dict(document), {"x-functions-key": line["master_key"]})

    def operation(self, label: str) -> Operation:
        """The route of this name."""
        found: Operation = self.schema.find_operation_by_label(label)
        return found

    def requests(self, operation: Operation) -> "st.SearchStrategy[Case[Any]]":
        """Requests as the document describes them, and others."""
        sound = operation.as_strategy(GenerationMode.POSITIVE)
        return st.one_of(sound, operation.as_strategy(GenerationMode.NEGATIVE)) if _can_be_wrong(operation) else sound

    def resume_all(self) -> None:
        """End every stop that some request has made; those of breakers end by themselves."""
        with httpx.Client(
            base_url=f"{self.address}/api/operator/", headers=self.keys, trust_env=False, timeout=SECONDS
        ) as app:
            for stop in (stop for stop in app.get("stops").json()["stops"] if stop["by"]):
                order = {"scope": stop["scope"], "who": "fuzz", "why": "over"}
                named = {**order, "name": stop["name"]} if stop["name"] else order
                app.post("resume", json=named).raise_for_status()

    def check(self, case: Case[Any]) -> None:
        """Send one request; raises where the answer is not one of the document."""
        if (case.path_parameters or {}).get("name") in NOT_READY:
            return
        response = case.call(base_url=self.address, headers={**dict(case.headers or {}), **self.keys}, timeout=SECONDS)
        case.validate_response(response, checks=CHECKS)


def _can_be_wrong(operation: Operation) -> bool:
    return bool(list(operation.iter_parameters()) or operation.body)
