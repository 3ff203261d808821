"""Access keys (Microsoft Learn, "Work with access keys in Azure Functions"). Unlike Core Tools, they are enforced."""

import hmac
from dataclasses import dataclass

from aiohttp import web

KEY_HEADER = "x-functions-key"
KEY_PARAMETER = "code"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The two keys of this host. An empty key admits nobody."""

    function: str
    master: str

    def admits(self, level: str, request: web.Request) -> bool:
        """Tell whether the key of a request is strong enough for `ANONYMOUS`, `FUNCTION` or `ADMIN`."""
        if level == "ANONYMOUS":
            return True
        given = request.headers.get(KEY_HEADER) or request.query.get(KEY_PARAMETER) or ""
        wanted = (self.master,) if level == "ADMIN" else (self.function, self.master)
        return any(_equal(given, key) for key in wanted)


def _equal(given: str, key: str) -> bool:
    return bool(key) and hmac.compare_digest(given.encode(), key.encode())
