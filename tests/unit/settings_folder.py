"""An app's folder as settings are read from, and the least that can stand in it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from shared.rules.faults import Fault
from shared.settings import Settings, read

STORAGE = {"MailStorage": "UseDevelopmentStorage=true"}

SENDER = """
[senders.alerts]
from = "Contoso Alerts <Alerts@Contoso.test>"
mailboxes = ["alerts@contoso.test"]
on_unknown = "resend"
"""
WEBHOOK = """
[webhooks.demo]
verify = "standard-webhooks"
secrets = ["DEMO_SECRET"]
sender = "alerts"
to = ["ops@contoso.test"]
template = "event"
"""


def furnish(folder: Path) -> Path:
    """The folder with one template and a minimal mail.toml in it."""
    template = folder / "templates" / "event"
    template.mkdir(parents=True)
    (template / "subject.txt").write_text("subject")
    (template / "text.txt").write_text("text")
    (folder / "mail.toml").write_text(SENDER)
    return folder


def load(app: Path, text: str, environ: Mapping[str, str] = STORAGE) -> Settings:
    """The settings with this mail.toml."""
    (app / "mail.toml").write_text(text, "utf-8")
    return read(environ, root=app)


def names(faults: Iterable[Fault]) -> list[str]:
    """Just the names, in order."""
    return [fault.name for fault in faults]
