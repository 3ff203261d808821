"""The `mail.toml` of a run: every door once, with the limits that the simulator has."""

import tomllib
from email.utils import parseaddr
from pathlib import Path

DEMO_SECRET = "DEMO_WEBHOOK_SECRET"  # noqa: S105 - the name of a setting, not its value
PRODUCER_QUEUE = "outbox"

_TEMPLATE = """\
# Written by `python -m devcloud up` for this run.
[cloud]
name = "custom"

[identity]
way = "managed-identity"
model = "rbac"

[senders.alerts]
from = "Contoso Alerts <alerts@contoso.test>"
mailboxes = ["alerts@contoso.test"]
on_unknown = "resend"
allow_recipients = ["*"]
messages_per_minute = {messages_per_minute}
connections = {connections}
recipients_per_day = 10000

[senders.reports]
from = "Contoso Reports <reports@contoso.test>"
mailboxes = ["reports@contoso.test"]
on_unknown = "hold"
allow_recipients = ["*"]
messages_per_minute = {messages_per_minute}
connections = {connections}
recipients_per_day = 10000

[http]
auth = "function-key"

[producers.default]
queue = "{queue}"
senders = ["alerts", "reports"]
readers = ["function-key"]

[webhooks.demo]
verify = "standard-webhooks"
secrets = ["{secret}"]
sender = "alerts"
to = ["ops@contoso.test"]
template = "event"

[digests.daily-ops]
schedule = "*/10 * * * * *"
time_zone = "Europe/London"
sender = "reports"
to = ["ops@contoso.test"]
template = "digest"
"""


def render(*, messages_per_minute: int, connections: int) -> str:
    """The file's text; both limits are of each mailbox."""
    return _TEMPLATE.format(
        messages_per_minute=messages_per_minute, connections=connections, queue=PRODUCER_QUEUE, secret=DEMO_SECRET
    )


def secret_names(path: Path) -> frozenset[str]:
    """Names of the settings that hold webhook secrets, as a `mail.toml` gives them."""
    return frozenset(name for table in _tables(path, "webhooks") for name in _texts(table.get("secrets")))


def producer_queues(path: Path) -> frozenset[str]:
    """Names of the queues that producers write to, as a `mail.toml` gives them."""
    return frozenset(name for table in _tables(path, "producers") for name in _texts([table.get("queue")]))


def send_as(path: Path) -> dict[str, list[str]]:
    """Mailbox → the From addresses that it has to be allowed to use besides its own, as a `mail.toml` needs them."""
    rights: dict[str, list[str]] = {}
    for table in _tables(path, "senders"):
        for address in (parseaddr(text)[1] for text in _texts([table.get("from")])):
            for mailbox in _texts(table.get("mailboxes")):
                rights.setdefault(mailbox, []).append(address)
    return rights


def _tables(path: Path, section: str) -> list[dict[str, object]]:
    """The tables of a section. What cannot be read has none: reporting a faulty file is the app's business."""
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    tables = document.get(section)
    return [table for table in tables.values() if isinstance(table, dict)] if isinstance(tables, dict) else []


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
