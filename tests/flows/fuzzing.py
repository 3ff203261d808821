"""Requests made of the app's OpenAPI document, and what every answer has to be."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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

KEY = "fuzz-known"
"""Key of a mail that is there before any request: chance alone never meets one."""

LIKELY = {
    "sender": "alerts",
    "to": ["ops@contoso.test"],
    "cc": [],
    "bcc": [],
    "reply_to": [],
    "attachments": [],
    "template": None,
    "data": None,
    "subject": "Fuzz",
    "text": "x",
    "send_at": None,
    "expires_at": None,
}
"""What makes an envelope of chance one that the tests' mail.toml allows; its other fields stay what they are."""

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
    mail: str
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self:
        """The first host of a local cloud."""
        address = line["functions"][0]
        document = httpx.get(f"{address}/api/openapi.json", trust_env=False, timeout=SECONDS).json()
        keys = {"x-functions-key": line["master_key"]}
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        known = {**{name: value for name, value in LIKELY.items() if value}, "id": KEY, "send_at": tomorrow.isoformat()}
        told = httpx.post(f"{address}/api/messages", json=known, headers=keys, trust_env=False, timeout=SECONDS)
        return cls(address, schemathesis.openapi.from_dict(document), keys, told.raise_for_status().json()["id"])

    def operation(self, label: str) -> Operation:
        """The route of this name."""
        found: Operation = self.schema.find_operation_by_label(label)
        return found

    def requests(self, operation: Operation) -> "st.SearchStrategy[Case[Any]]":
        """Requests as the document describes them, such ones about what there is, and others."""
        sound = operation.as_strategy(GenerationMode.POSITIVE)
        if operation.path.endswith("/doctor"):
            sound = sound.map(_narrow)
        if not _can_be_wrong(operation):
            return sound
        return st.one_of(sound, sound.map(self._likely), operation.as_strategy(GenerationMode.NEGATIVE))

    def _likely(self, case: Case[Any]) -> Case[Any]:
        """The request, about a mail, a webhook and a digest that are there, with senders and names that are known."""
        names = {"id": self.mail, "name": "daily-ops" if "digests" in case.path else "demo"}
        case.path_parameters = {name: names.get(name, value) for name, value in (case.path_parameters or {}).items()}
        if case.path.endswith("/messages"):
            case.body = _sound(case.body)
        elif isinstance(case.body, dict) and case.body.get("scope") in ("sender", "all"):
            case.body = {**case.body, "name": "reports" if case.body["scope"] == "sender" else None}
        return case

    def resume_all(self) -> None:
        """End every stop that some request has made; those of breakers end by themselves."""
        with httpx.Client(
            base_url=f"{self.address}/api/operator/", headers=self.keys, trust_env=False, timeout=SECONDS
        ) as app:
            for stop in (stop for stop in app.get("stops").json()["stops"] if stop["by"]):
                order = {"scope": stop["scope"], "who": "fuzz", "why": "over"}
                named = {**order, "name": stop["name"]} if stop["name"] else order
                app.post("resume", json=named).raise_for_status()

    def without_a_key(self, label: str) -> int:
        """The status of a request to this route that proves nothing."""
        method, path = label.split(" ")
        return httpx.request(method, f"{self.address}{path}", json={}, trust_env=False, timeout=SECONDS).status_code

    def check(self, case: Case[Any]) -> None:
        """Send one request; raises where the answer is not one of the document."""
        if (case.path_parameters or {}).get("name") in NOT_READY:
            return
        response = case.call(base_url=self.address, headers={**dict(case.headers or {}), **self.keys}, timeout=SECONDS)
        self.answered[f"{case.method} {case.path}", response.status_code] += 1
        case.validate_response(response, checks=CHECKS)


def _sound(body: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(body, list):
        return [_sound(one) for one in body]
    return {**body, **LIKELY} if isinstance(body, dict) else body


def _narrow(case: Case[Any]) -> Case[Any]:
    """The doctor's walk takes its time for every mailbox: one sender, and no mail."""
    if isinstance(case.body, dict):
        case.body = {**case.body, "sender": "reports", "send": False}
    return case


def _can_be_wrong(operation: Operation) -> bool:
    return bool(list(operation.iter_parameters()) or operation.body)
