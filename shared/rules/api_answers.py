"""What the HTTP API answers to callers, as structs: the source of the OpenAPI document's answers.

The doors make their answers as plain data; a test holds what they make against these structs.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.rules.identifiers import MAIL_ID_LENGTH
from shared.rules.outcome import Fate
from shared.rules.states import State

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, description="ISO 8601 with an offset, in UTC")]
MailId = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{MAIL_ID_LENGTH}}}$", description="The mail's id.")]
Count = Annotated[int, Meta(ge=0)]
Code = Annotated[int, Meta(description="SMTP reply code (RFC 5321 4.2).")]
Enhanced = Annotated[str, Meta(description="Enhanced status code (RFC 3463).")]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is stored and queued."""

    id: MailId
    state: Annotated[State, Meta(description="Where it stands now; `waiting` for a new one.")]


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a mail's way."""

    at: Time
    state: Annotated[State, Meta(description="The state that was reached, or kept.")]
    reason: Annotated[str, Meta(description="Why, as a code; for what a person did, who and why.")]


class RecipientView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recipient; never an address."""

    n: Annotated[int, Meta(ge=0, description="The recipient's number: to, then cc, then bcc, counted from 0.")]
    state: Fate
    code: Annotated[Code | None, Meta(description="SMTP reply code that decided it.")]
    enhanced: Annotated[Enhanced | None, Meta(description="Enhanced status code that decided it.")]


class ReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answered last; its codes, never its text."""

    code: Code
    enhanced: Enhanced | None
    exchange_id: Annotated[str | None, Meta(description="The Message-ID under which Exchange took the mail.")]


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is as it is: a stable code, one sentence, and what to do ('' if nothing)."""

    code: str
    text: str
    fix: str


class MailView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mail. "Sent" means accepted by Exchange, not delivered."""

    id: MailId
    state: State
    attempts: Annotated[int, Meta(ge=0, description="How often sending it was tried.")]
    timeline: Annotated[
        tuple[TimelineEntry, ...], Meta(description="Oldest first; the middle of a very long one is left out.")
    ]
    recipients: tuple[RecipientView, ...]
    reply: Annotated[ReplyView | None, Meta(description="null before the first attempt.")]
    reason: Annotated[ReasonView | None, Meta(description="The last setback; null where there was none.")]
    trace_id: Annotated[str | None, Meta(description="W3C trace id under which every attempt is traced.")]
    possible_duplicate: Annotated[
        bool,
        Meta(description="true where it was tried again although nobody could know whether the first try had been taken."),
    ]


class DigestReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is stored for the next digest."""

    id: Annotated[str, Meta(description="The item's key: the same key is one item.")]
    window_end: Annotated[Time, Meta(description="When the window ends in which it lies; the digest leaves then.")]


class WebhookReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Verified events that are stored, or that match nothing."""

    events: Annotated[int, Meta(ge=0, description="Events of the delivery.")]
    passed_by: Annotated[int, Meta(ge=0, description="Of them, those that no condition of mail.toml wants, or nobody gets.")]
    id: Annotated[
        str | UnsetType, Meta(description="The event's key, where there was one event: the same key is one mail.")
    ] = UNSET


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to Event Grid's question whether this endpoint wants its events."""

    validationResponse: Annotated[str, Meta(description="The code of the question.")]  # noqa: N815 - Event Grid's spelling


class SettingFault(msgspec.Struct, frozen=True, kw_only=True):
    """An app setting, or a place in mail.toml, that is wrong."""

    name: Annotated[str, Meta(description="The setting.")]
    cause: str
    cure: Annotated[str, Meta(description="What to set.")]


class HealthPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the app; where it is down, with the cause and the cure."""

    ok: bool
    code: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    fix: str | UnsetType = UNSET


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the app could send."""

    status: Literal["ok", "fault"]
    parts: Annotated[
        dict[str, HealthPart], Meta(description="settings, storage, identity; settings alone where they are wrong.")
    ]
    faults: Annotated[tuple[SettingFault, ...], Meta(description="What has to be put right before anything is sent.")]
    warnings: Annotated[tuple[SettingFault, ...], Meta(description="What should be put right; mail is sent without it.")]


class FieldFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a request's body or query."""

    pointer: Annotated[str, Meta(description="JSON pointer as a URI fragment (RFC 6901 section 6); `#` is the whole body.")]
    detail: Annotated[str, Meta(description="Cause and cure; never a value of the request.")]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, as RFC 9457 has it; programs go by `status`, and by `code` where there is one."""

    type: Annotated[
        str, Meta(extra_json_schema={"format": "uri-reference"}, description="`about:blank`, or the kind's URI.")
    ]
    title: str
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status.")]
    detail: str
    errors: Annotated[tuple[FieldFault, ...] | UnsetType, Meta(description="Each fault of the request.")] = UNSET
    faults: Annotated[tuple[SettingFault, ...] | UnsetType, Meta(description="Each fault of the app's settings.")] = UNSET
    fix: Annotated[str | UnsetType, Meta(description="What an operator can do.")] = UNSET
    code: Annotated[str | UnsetType, Meta(description="Why, for programs.")] = UNSET
    id: Annotated[MailId | UnsetType, Meta(description="The mail that the used key stands for.")] = UNSET
