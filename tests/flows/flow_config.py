"""The `mail.toml` of these tests: every door, and senders enough that a test can have a mailbox of its own."""

from collections.abc import Iterator

FRESH_SENDERS = 40
"""Mailboxes that no other test uses, so that nobody has left an open connection of theirs in the app's pool."""

WINDOW_SECONDS = 5
"""Length of the digest's window: short, because a test waits for its end."""

_HEAD = """\
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
readers = ["function-key"]

[producers.small]
queue = "small-box"
senders = ["alerts"]
readers = ["function-key"]

[producers.secretive]
queue = "quiet-box"
senders = ["alerts"]

[webhooks.demo]
verify = "standard-webhooks"
secrets = ["DEMO_WEBHOOK_SECRET"]
sender = "alerts"
to = ["webhook@contoso.test"]
template = "event"

[webhooks.hub]
verify = "github"
secrets = ["DEMO_WEBHOOK_SECRET"]
sender = "alerts"
to = ["hub@contoso.test"]
template = "github-event"
links = ["github.com"]
when = [{ field = "action", in = ["opened", "closed"] }]

[webhooks.hub.recipients]
field = "sender.login"
map = { octocat = "octo@contoso.test" }

[webhooks.cloud]
verify = "cloudevents"
secrets = ["DEMO_WEBHOOK_SECRET"]
origins = ["eventgrid.azure.net"]
rate = 60
sender = "alerts"
to = ["cloud@contoso.test"]
template = "event"

[webhooks.unready]
verify = "github"
secrets = ["UNSET_WEBHOOK_SECRET"]
sender = "alerts"
to = ["hub@contoso.test"]
template = "event"

[webhooks.collected]
verify = "standard-webhooks"
secrets = ["DEMO_WEBHOOK_SECRET"]
digest = "daily-ops"
"""

_DIGEST = """
[digests.daily-ops]
schedule = "*/{seconds} * * * * *"
time_zone = "Europe/London"
sender = "reports"
to = ["digest@contoso.test"]
template = "digest"
"""

_SENDER = """
[senders.{name}]
from = "Contoso {title} <{name}@contoso.test>"
mailboxes = ["{name}@contoso.test"]
on_unknown = "{on_unknown}"
allow_recipients = [{recipients}]
messages_per_minute = 6000
connections = 3
"""


def fresh_sender_names() -> Iterator[str]:
    """Names of senders, each with a mailbox of its own."""
    return (f"fresh-{number}" for number in range(FRESH_SENDERS))


def mail_toml() -> str:
    """The file's text; limits are far above what the tests send, so that nothing waits for its turn."""
    senders = [
        _sender("alerts", on_unknown="resend"),
        _sender("reports", on_unknown="hold"),
        _sender("strict", on_unknown="resend", recipients="contoso.test"),
        *(_sender(name, on_unknown="resend") for name in fresh_sender_names()),
    ]
    return "".join([_HEAD, _DIGEST.format(seconds=WINDOW_SECONDS), *senders])


def _sender(name: str, *, on_unknown: str, recipients: str = "*") -> str:
    return _SENDER.format(name=name, title=name.title(), on_unknown=on_unknown, recipients=f'"{recipients}"')
