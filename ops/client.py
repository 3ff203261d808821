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
        address = f"{self.url.rstrip('/')}/api/{path}"
        try:
            answer = httpx.get(address, headers={"x-functions-key": self.key}, timeout=TIMEOUT, trust_env=False)
        except httpx.HTTPError as error:
            raise CouldNotAsk(
                f"{self.url} cannot be reached ({type(error).__name__}); check --url or MAIL_OPS_URL"
            ) from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise CouldNotAsk("the app does not take this key; set --key or MAIL_OPS_KEY to its master key (_master)")
        try:
            body = answer.json()
        except ValueError:
            raise CouldNotAsk(f"the app's answer ({answer.status_code}) is not JSON; is --url the function app?") from None
        return answer.status_code, body
