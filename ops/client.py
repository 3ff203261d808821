"""One question to the app, and its answer."""

from dataclasses import dataclass, field
from typing import Any

import httpx

TIMEOUT = 30.0
"""Seconds. A cold app needs some before it answers; nobody waits longer at a prompt."""


class CouldNotAsk(Exception):
    """The app gave no answer that could be read: wrong address, wrong key, or it is down."""


@dataclass(frozen=True, slots=True)
class App:
    """The app's address (without `/api`) and its master key."""

    url: str
    key: str = field(repr=False)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of `GET /api/{path}`; raises `CouldNotAsk`."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of `POST /api/{path}`; raises `CouldNotAsk`."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, dict[str, Any]]:
        address = f"{self.url.rstrip('/')}/api/{path}"
        try:
            answer = httpx.request(
                method, address, json=body, headers={"x-functions-key": self.key}, timeout=TIMEOUT, trust_env=False
            )
        except httpx.HTTPError as error:
            raise CouldNotAsk(
                f"{self.url} cannot be reached ({type(error).__name__}); check --url or MAIL_OPS_URL"
            ) from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CouldNotAsk("the app does not take this key; set --key or MAIL_OPS_KEY to its master key (_master)")
        try:
            return answer.status_code, answer.json()
        except ValueError:
            raise CouldNotAsk(f"the app's answer ({answer.status_code}) is not JSON; is --url the function app?") from None
