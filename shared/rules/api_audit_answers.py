"""What the HTTP API answers to operators about permission audits, as structs; see `api_answers`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.rules.api_answers import Time
from shared.rules.audit import Kind, Verdict


class AuditFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody should know."""

    code: str
    kind: Annotated[Kind, Meta(description="excess and alarm make the verdict excess, unknown makes it unknown.")]
    cause: str
    command: Annotated[str, Meta(description="What removes it; what is not known stands in angle brackets.")]


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """One permission audit."""

    id: str
    at: Time
    who: str
    why: str
    verdict: Annotated[Verdict, Meta(description="Whether the identity may do more than sending needs.")]
    findings: tuple[AuditFinding, ...]
    grants: Annotated[dict[str, tuple[str, ...]], Meta(description="Names by area; areas nobody could see are not there.")]
    added: Annotated[tuple[str, ...], Meta(description="Granted since the last audit that could see it.")]
    removed: Annotated[tuple[str, ...], Meta(description="Gone since then.")]
    decoy: Annotated[
        Literal["refused", "accepted", "inconclusive"] | None, Meta(description="null where mail.toml names none.")
    ]
    exported_at: Annotated[Time | None, Meta(description="Of the grants export that counted; null where none did.")]


class Audits(msgspec.Struct, frozen=True, kw_only=True):
    """The audits that are kept, the newest first."""

    audits: tuple[AuditView, ...]
