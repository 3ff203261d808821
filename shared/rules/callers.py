"""Who asks: every door names its caller as one of these before it calls `accept`."""

from dataclasses import dataclass

from shared.rules.config import CallerSetting, Digest, HttpAuth, MailConfig, Priority, Producer, Webhook

FUNCTION_KEY = "function-key"
"""The one caller of the HTTP API where the host's function keys are the proof."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller's name (the namespace of its keys), the senders that it may use and the rule that says so.

    None is no limit beyond the sender's: `templates`, `recipients` and `reply_to` (domains; replies to the sender's own are
    always allowed), `per_day` (mails in a UTC day).
    """

    name: str
    senders: frozenset[str]
    rule: str
    templates: frozenset[str] | None = None
    recipients: frozenset[str] | None = None
    reply_to: frozenset[str] | None = None
    highest: Priority = "high"
    per_day: int | None = None


def producer(setting: Producer) -> Caller:
    """The owner of a producer's queue."""
    return Caller(f"producer:{setting.name}", frozenset(setting.senders), f"producers.{setting.name}")


def application(setting: CallerSetting) -> Caller:
    """An application whose bearer token names the id of `[callers.NAME]`."""
    return Caller(
        f"caller:{setting.name}",
        frozenset(setting.senders),
        f"callers.{setting.name}",
        templates=_optional(setting.templates),
        recipients=_optional(setting.recipients),
        reply_to=frozenset(setting.reply_to or ()),
        highest=setting.priority,
        per_day=setting.per_day,
    )


def function_key(config: MailConfig) -> Caller:
    """Whoever holds a function key: every sender of the file."""
    return Caller(FUNCTION_KEY, frozenset(config.senders), "http.auth = function-key")


def webhook(setting: Webhook) -> Caller:
    """A verified event source; it sends as the one sender that its table names."""
    return Caller(f"webhook:{setting.name}", frozenset({setting.sender}), f"webhooks.{setting.name}")


def digest(setting: Digest) -> Caller:
    """A digest's closed window."""
    return Caller(f"digest:{setting.name}", frozenset({setting.sender}), f"digests.{setting.name}")


def visible_to(config: MailConfig, caller: Caller) -> tuple[str, ...]:
    """Names of the callers whose mails `caller` may ask for: its own, and producers that list it in `readers`.

    Where function keys are the proof there is one caller, the app's owner: it also sees what webhooks and digests became.
    """
    reader = caller.name.removeprefix("caller:")
    readable = [producer(p).name for p in config.producers.values() if reader in p.readers]
    if caller.name == FUNCTION_KEY:
        readable += [webhook(w).name for w in config.webhooks.values()]
        readable += [digest(d).name for d in config.digests.values()]
    return (caller.name, *readable)


def all_of(config: MailConfig) -> tuple[Caller, ...]:
    """The callers that the file names."""
    keys = (function_key(config),) if config.http_auth is HttpAuth.FUNCTION_KEY else ()
    return (
        *keys,
        *(application(one) for one in config.callers.values()),
        *(producer(one) for one in config.producers.values()),
        *(webhook(one) for one in config.webhooks.values()),
        *(digest(one) for one in config.digests.values()),
    )


def _optional(values: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
