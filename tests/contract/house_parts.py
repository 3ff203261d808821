"""The real house as the wiring builds it, with some of its parts replaced: a clock, a token, a port of the test's own."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from devcloud.directory import SYSTEM_ASSIGNED, Directory
from devcloud.tokens import SigningKeys
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.settings import read
from shared.wiring_graph import House, build

ROOT = Path(__file__).parents[2]
"""The folder of `function_app.py`."""

AUDIENCE = "https://outlook.office365.com"

CONFIG = """
[cloud]
name = "custom"

[identity]
way = "managed-identity"
model = "rbac"

[http]
auth = "function-key"

[producers.default]
queue = "outbox"
senders = ["alerts", "reports"]

[senders.alerts]
from = "Contoso Alerts <alerts@contoso.test>"
mailboxes = ["alerts@contoso.test"]
on_unknown = "resend"
messages_per_minute = 6000
connections = 100

[senders.reports]
from = "Contoso Reports <reports@contoso.test>"
mailboxes = ["reports@contoso.test"]
on_unknown = "hold"
messages_per_minute = 6000
connections = 100
"""
"""A `mail.toml` with a sender for each rule for unknown outcomes; its limits are in nobody's way."""


@dataclass(frozen=True, slots=True)
class Given:
    """One token, good for as long as a worker lives: fetching one writes nothing, so nothing can die there."""

    token: Token

    @classmethod
    def text(cls, text: str) -> "Given":
        """From a token's text; it says nothing of its times, and nobody here outlives it."""
        now = time.time()
        return cls(Token(text, now, now + 3600.0))

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:  # noqa: ARG002 - the port's shape
        """As the port says."""
        return self.token

    async def drop(self, token: Token) -> None:
        """As the port says."""


def environment(storage: str, smtp_port: int, folder: Path) -> dict[str, str]:
    """The app settings; `folder` holds `mail.toml` and `ca.pem`."""
    return {
        "MailStorage": storage,
        "MAIL_CONFIG": str(folder / "mail.toml"),
        "MAIL_SMTP_HOST": "localhost",
        "MAIL_SMTP_PORT": str(smtp_port),
        "MAIL_CA_FILE": str(folder / "ca.pem"),
        "MAIL_AUTHORITY": "https://localhost",
        "MAIL_TOKEN_SCOPE": f"{AUDIENCE}/.default",
    }


def issued(keys: SigningKeys) -> str:
    """A token that the simulator takes, good for a day."""
    return Directory(keys=keys, clock=time.time).issue(SYSTEM_ASSIGNED, AUDIENCE, endpoint="identity")[0]


def house_with(environ: Mapping[str, str], parts: Mapping[str, Any]) -> House:
    """The house of these settings; `parts` replace the fields of these names, in whichever story they stand."""
    found = read(environ, root=ROOT)
    assert found.mail is not None, found.faults
    assert found.storage is not None, found.faults
    house: House = with_other(build(found, found.mail, found.storage, root=ROOT), parts)
    return house


def with_other(part: Any, other: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any story, and the stories in it
    """The part with the fields of these names replaced, and those of the dataclasses that it holds."""
    if not is_dataclass(part) or isinstance(part, type):
        return part
    changes = {}
    for field in fields(part):
        value = getattr(part, field.name)
        new = other[field.name] if field.name in other else with_other(value, other)
        if new is not value:
            changes[field.name] = new
    return replace(part, **changes) if changes else part
