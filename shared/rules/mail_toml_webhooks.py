"""From a table `[webhooks.NAME]` to the value that the webhook's story works with."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from shared.rules.config import Condition, Digest, RecipientMap, Webhook
from shared.rules.mail_toml_schema import ConditionTable, RecipientsTable, WebhookTable

T = TypeVar("T")


def webhook(name: str, table: WebhookTable, digests: Mapping[str, Digest]) -> Webhook:
    """The webhook; with a digest it has the digest's sender and recipients unless it names its own."""
    digest = digests.get(table.digest or "")
    return Webhook(
        name=name,
        verify=table.verify,
        secrets=tuple(table.secrets or ()),
        sender=table.sender or (digest.sender if digest else ""),
        to=tuple(table.to or (digest.to if digest else ())),
        template=table.template,
        digest=table.digest,
        audience=table.audience,
        sources=tuple(table.sources or ()),
        origins=tuple(table.origins or ()),
        rate=table.rate,
        when=tuple(_condition(one) for one in table.when),
        recipients=_recipients(table.recipients),
        links=tuple(table.links),
    )


def optional(values: Sequence[T] | None) -> tuple[T, ...] | None:
    """A list as a tuple; None where nothing was said."""
    return None if values is None else tuple(values)


def _condition(table: ConditionTable) -> Condition:
    values = tuple(table.in_) if table.in_ is not None else () if table.equals is None else (table.equals,)
    return Condition(table.field, values, table.starts_with)


def _recipients(table: RecipientsTable | None) -> RecipientMap | None:
    return None if table is None else RecipientMap(table.field, dict(table.map))
