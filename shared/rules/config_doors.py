"""What `[webhooks.NAME]` and `[callers.NAME]` say about themselves and about other tables. Pure."""

from collections.abc import Collection, Iterator

from shared.rules.callers import FUNCTION_KEY
from shared.rules.config import CallerSetting, Verification, Webhook
from shared.rules.config_references import check_receivers, check_reference, check_template, is_secret_name
from shared.rules.faults import Fault
from shared.rules.mail_toml import Tables

_BY_SECRET_ONLY = frozenset({Verification.STANDARD_WEBHOOKS, Verification.GITHUB})
"""Sources that sign what they send and bring no token."""

_NAME_A_SETTING = 'write the NAME of an app setting, such as "GITHUB_WEBHOOK_SECRET", and put the secret there'


def check_webhook(webhook: Webhook, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    """How it proves itself, what becomes of its events, and who gets them."""
    path = f"webhooks.{webhook.name}"
    yield from _proof(path, webhook)
    yield from _limits(path, webhook)
    yield from _result(path, webhook, tables, templates)
    unsound_digest = webhook.digest in tables.digest_names and webhook.digest not in tables.digests
    if not unsound_digest:
        yield from check_receivers(path, webhook, tables)


def check_caller(caller: CallerSetting, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    """Its senders and templates exist, and its name is free."""
    path = f"callers.{caller.name}"
    if caller.name == FUNCTION_KEY:
        yield Fault(path, "is the name of whoever holds a function key", "rename the table")
    for number, name in enumerate(caller.senders):
        yield from check_reference(f"{path}.senders[{number}]", "senders", name, tables.sender_names)
    for number, name in enumerate(caller.templates or ()):
        yield from check_template(f"{path}.templates[{number}]", name, templates)


def _proof(path: str, webhook: Webhook) -> Iterator[Fault]:
    for number, name in enumerate(webhook.secrets):
        if not is_secret_name(name):
            # The name is not repeated: it may be the secret itself.
            cause = "is not the name of an app setting that may hold a webhook's secret"
            yield Fault(f"{path}.secrets[{number}]", cause, _NAME_A_SETTING)
    if webhook.verify in _BY_SECRET_ONLY:
        if webhook.audience is not None:
            yield Fault(f"{path}.audience", f"is for bearer tokens, which verify = {webhook.verify!r} has not", "remove it")
        elif not webhook.secrets:
            yield Fault(f"{path}.secrets", "is missing", _NAME_A_SETTING)
        return
    if webhook.secrets and webhook.audience is not None:
        yield Fault(f"{path}.audience", f"contradicts {path}.secrets: an event is proven by one of them", "remove one")
    if not webhook.secrets and webhook.audience is None:
        cure = "name the audience of Entra's tokens, or app settings with secrets"
        yield Fault(f"{path}.audience", "is missing, and so is secrets: how is an event proven?", cure)
    if webhook.audience is not None and not webhook.sources:
        # Any Azure subscription of the tenant can have a valid token made.
        cure = "list the topics or sources whose events count"
        yield Fault(f"{path}.sources", "is missing, but a token does not say whose events it brings", cure)


def _limits(path: str, webhook: Webhook) -> Iterator[Fault]:
    if webhook.sources and webhook.verify in _BY_SECRET_ONLY:
        yield Fault(f"{path}.sources", f"says nothing with verify = {webhook.verify!r}", "remove it, or use when")
    if webhook.origins and webhook.verify != Verification.CLOUDEVENTS:
        yield Fault(f"{path}.origins", 'is for the handshake of verify = "cloudevents"', "remove it")


def _result(path: str, webhook: Webhook, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    if webhook.template is not None and webhook.digest is not None:
        yield Fault(f"{path}.template", f"contradicts {path}.digest: an event becomes one of them", "remove one of the two")
    elif webhook.digest is not None:
        yield from check_reference(f"{path}.digest", "digests", webhook.digest, tables.digest_names)
    elif webhook.template is not None:
        yield from check_template(f"{path}.template", webhook.template, templates)
    else:
        yield Fault(f"{path}.template", "is missing, and so is digest: what does an event become?", "add one of them")
    if webhook.digest is not None and webhook.recipients is not None:
        yield Fault(f"{path}.recipients", "contradicts digest: a digest's mail goes to its own recipients", "remove it")
