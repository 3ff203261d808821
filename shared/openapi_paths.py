"""Every route of the app as the OpenAPI document tells of it: what it takes, what it answers, and who may ask."""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import Meta

from shared.audit_order import AuditOrder
from shared.doctor import Question
from shared.operator_questions import FindQuestion
from shared.overview import LISTABLE, LISTED
from shared.redrive import BulkOrder
from shared.rules import api_answers as api
from shared.rules import api_audit_answers as audits
from shared.rules import api_operator_answers as operator
from shared.rules.envelope import Envelope
from shared.rules.field_rules import single_line
from shared.rules.mail_filter import LONGEST_NAME
from shared.rules.schema_marks import SAYS
from shared.rules.schema_twins import Meanings
from shared.steer import Order
from shared.stop_button import PauseOrder, ResumeOrder

Struct = type[msgspec.Struct]
Access = Literal["caller", "operator", "source", "anybody"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `problems` are the statuses that can be answered besides `status`; `headers` come with the latter.

    `takes` is the struct of the body; with `batch` an array of them is taken, too. `answer` None is no fixed form.
    """

    method: str
    path: str
    summary: str
    access: Access
    status: int
    answer: Struct | None
    problems: tuple[int, ...]
    takes: Struct | None = None
    batch: bool = False
    raw: bool = False
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[str, ...] = ()


_MAIL = (404,)
_BODY = (411, 422)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/messages",
        "Have one mail sent, or up to 100: all are checked before any is stored",
        "caller",
        202,
        api.Receipt,
        (409, 411, 413, 415, 422, 429),
        takes=Envelope,
        batch=True,
        headers=("Location", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"),
    ),
    Operation("get", "/messages/{id}", "What became of a mail: by its id or your key", "caller", 200, api.MailView, _MAIL),
    Operation("delete", "/messages/{id}", "Cancel a mail that has not left", "caller", 200, api.MailView, (404, 409)),
    Operation(
        "post",
        "/webhooks/{name}",
        "Deliver an event, in the form and with the proof of its source (docs/webhooks.md)",
        "source",
        202,
        api.WebhookReceipt,
        (400, 401, 404, 411, 413, 415, 422),
        raw=True,
    ),
    Operation(
        "options",
        "/webhooks/{name}",
        "Ask for consent to deliveries: the handshake of CloudEvents' web hooks",
        "source",
        200,
        None,
        (404, 405),
        headers=("Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate"),
    ),
    Operation(
        "post",
        "/digests/{name}/events",
        "Add an item to a digest's open window",
        "caller",
        202,
        api.DigestReceipt,
        (404, 411, 413, 415, 422),
        raw=True,
    ),
    Operation("get", "/health", "Whether the app could send, and if not, what to set", "anybody", 200, api.Health, ()),
    Operation("get", "/openapi.json", "This document", "anybody", 200, None, ()),
    Operation("get", "/docs", "This document as a page", "anybody", 200, None, ()),
    Operation("get", "/envelope.schema.json", "The envelope's JSON Schema", "anybody", 200, None, ()),
    Operation(
        "get",
        "/operator/messages",
        "Mails that a person should look at, and what holds mails back",
        "operator",
        200,
        operator.MailListing,
        (422,),
        query=(
            ("state", "only mails in this state"),
            ("sender", "only mails of this sender"),
            ("caller", "only mails of this caller"),
            ("reason", "only mails with this code of their reason"),
            ("limit", "at most so many"),
        ),
    ),
    Operation("get", "/operator/messages/{id}", "Any mail", "operator", 200, operator.OperatorMailView, _MAIL),
    Operation(
        "post",
        "/operator/messages/{id}/{action}",
        "Put a mail back (redrive), or cancel it",
        "operator",
        200,
        operator.OperatorMailView,
        (404, 409, *_BODY),
        takes=Order,
    ),
    Operation(
        "post",
        "/operator/redrive",
        "Put back the mails that fit",
        "operator",
        200,
        operator.PutBack,
        _BODY,
        takes=BulkOrder,
    ),
    Operation(
        "post", "/operator/find", "Mails to one address", "operator", 200, operator.FoundMails, _BODY, takes=FindQuestion
    ),
    Operation("get", "/operator/pace", "How fast the mailboxes send", "operator", 200, operator.PaceReport, ()),
    Operation("get", "/operator/audit", "The newest permission audits", "operator", 200, audits.Audits, ()),
    Operation(
        "post", "/operator/audit", "Audit the permissions", "operator", 200, audits.AuditView, _BODY, takes=AuditOrder
    ),
    Operation("get", "/operator/stops", "What holds mails back now", "operator", 200, operator.Stops, ()),
    Operation(
        "post", "/operator/pause", "The stop button", "operator", 200, operator.StopView, (409, *_BODY), takes=PauseOrder
    ),
    Operation("post", "/operator/resume", "End a stop", "operator", 200, operator.Resumed, (409, *_BODY), takes=ResumeOrder),
    Operation(
        "post", "/operator/doctor", "Walk the way of a mail", "operator", 200, operator.Diagnosis, _BODY, takes=Question
    ),
)

MEANS: dict[int, str] = {
    200: "Done.",
    202: "Stored and queued.",
    400: "The delivery does not have the form of its source; nothing was stored.",
    401: "Nothing proves who asks.",
    403: "Whoever asks may not do this.",
    404: "There is nothing of this name for whoever asks.",
    405: "No consent, or another method than this route has.",
    409: "Not possible now: it is at work, or somebody else changed it. `Retry-After` where waiting helps.",
    411: "The body came without Content-Length; the Functions host drops such bodies.",
    413: "Too large.",
    415: "Not a content type of this route.",
    422: "The body is understood and cannot be accepted: `errors` names each fault. Nothing was stored.",
    429: "The caller's daily amount is used up.",
    503: "Settings, storage or Entra's signing keys are missing for the moment; come back after `Retry-After`.",
}
"""What each status says."""

HEADERS: dict[str, str] = {
    "Location": "Where to ask for the mail; not for an array.",
    "Idempotency-Replayed": "`true` where every mail had been accepted before.",
    "RateLimit": "What is left of the caller's day (draft-ietf-httpapi-ratelimit-headers-10).",
    "RateLimit-Policy": "The caller's daily amount.",
    "Retry-After": "Seconds after which to come back.",
    "WWW-Authenticate": "The challenge of RFC 6750 section 3; from the host without one.",
    "Allow": "POST.",
    "WebHook-Allowed-Origin": "The origin that may deliver.",
    "WebHook-Allowed-Rate": "Deliveries a minute.",
}
"""What each header says."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "maxLength": 512},
    "name": {"type": "string", "maxLength": 64},
    "action": {"type": "string", "enum": ["redrive", "cancel"]},
}
"""Parts of a path."""

_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, **SAYS[single_line]}

QUERY: dict[str, dict[str, Any]] = {
    "state": {"type": "string", "enum": sorted(LISTABLE)},
    "sender": _NAME,
    "caller": _NAME,
    "reason": _NAME,
    "limit": {"type": "integer", "minimum": 1, "maximum": LISTED, "default": LISTED},
}
"""Parameters of a query."""

_WHO, _WHY = "Who says so; kept with the mail.", "Why; kept with the mail."

MEANINGS: Meanings = {
    "Order": {"who": _WHO, "why": _WHY},
    "BulkOrder": {
        "who": _WHO,
        "why": _WHY,
        "dry_run": "true only looks, and changes nothing.",
        "after": "What the last call for this order answered; left out to begin.",
        "state": "Only mails in this state.",
        "sender": "Only mails of this sender.",
        "caller": "Only mails of this caller.",
        "reason": "Only mails with this code of their reason.",
    },
    "FindQuestion": {
        "to": "One bare address.",
        "limit": Meta(ge=1, le=LISTED, description="At most so many, the newest."),
    },
    "PauseOrder": {"who": _WHO, "why": _WHY, "scope": "What is stopped.", "name": "Of the sender, caller or template."},
    "ResumeOrder": {
        "who": _WHO,
        "why": _WHY,
        "scope": "What goes on.",
        "name": "Of the sender, caller, template or mailbox.",
    },
}
"""What the fields of operators' orders mean."""

FILES: dict[str, dict[str, Any]] = {
    "/openapi.json": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "/docs": {"content": {"text/html": {"schema": {"type": "string"}}}},
    "/envelope.schema.json": {"content": {"application/schema+json": {"schema": {"type": "object"}}}},
}
"""Bodies of the routes that answer a document."""
