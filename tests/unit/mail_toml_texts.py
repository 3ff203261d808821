"""A sound mail.toml in parts, and ways to change and read it."""

import tomllib

from shared.rules.config_checks import check
from shared.rules.faults import Fault
from shared.rules.mail_toml import Tables, read_tables

TEMPLATES = ("event", "digest")

GUID = "6f0e4d7a-9a55-4f2d-8a3c-9e115b0d0f0c"
"""An application's id."""

SENDERS = """
[senders.alerts]
from = "alerts@contoso.test"
mailboxes = ["alerts@contoso.test"]
on_unknown = "resend"
[senders.reports]
from = "reports@contoso.test"
mailboxes = ["reports@contoso.test"]
on_unknown = "hold"
"""
PRODUCER = """
[producers.default]
queue = "outbox"
senders = ["alerts", "reports"]
"""
WEBHOOK = """
[webhooks.demo]
verify = "github"
secrets = ["DEMO_SECRET"]
sender = "alerts"
to = ["ops@contoso.test"]
template = "event"
"""
DIGEST = """
[digests.daily]
schedule = "0 7 * * *"
time_zone = "Europe/London"
sender = "reports"
to = ["ops@contoso.test"]
template = "digest"
"""
WHOLE = SENDERS + PRODUCER + WEBHOOK + DIGEST


def read(text: str) -> tuple[Tables, list[Fault]]:
    """The tables of a file and every fault of it."""
    tables, faults = read_tables(tomllib.loads(text))
    return tables, faults + check(tables, TEMPLATES)


def names(text: str) -> list[str]:
    """Just the names of the faults."""
    return [fault.name for fault in read(text)[1]]


def changed(old: str, new: str, text: str = WHOLE) -> str:
    """The text with one change, which must be one."""
    if old not in text:
        raise ValueError(old)
    return text.replace(old, new, 1)
