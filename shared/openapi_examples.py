"""Examples for every request and every answer of the OpenAPI document. Their times, ids and addresses are made up."""

from collections.abc import Mapping
from typing import Any

from shared.openapi_audit import AUDIT, EXPORT
from shared.rules.envelope_schema import EXAMPLES as ENVELOPES

Json = Any
"""Plain data for JSON."""

Route = tuple[str, str]
"""Method and path."""

_ID, _OTHER = "5d0b3cbb1c0f0d1c3d1f6f6c6f1b7a52", "c1a0a7f0f5c24d3f8a3c4a1b9d2e6f70"
_AT, _LATER = "2026-11-23T09:00:00.120+00:00", "2026-11-23T09:00:00.890+00:00"
_WHO = {"who": "Sam", "why": "template mended"}
_REASON = {
    "code": "template-value-missing",
    "text": "the template needs a value that the mail does not bring",
    "fix": "send the value in data, or mend the template",
}

_SENT: dict[str, Json] = {
    "id": _ID,
    "state": "sent",
    "attempts": 1,
    "timeline": [
        {"at": _AT, "state": "waiting", "reason": "accepted"},
        {"at": _LATER, "state": "sent", "reason": "accepted-by-exchange"},
    ],
    "recipients": [{"n": 0, "state": "accepted", "code": 250, "enhanced": "2.0.0"}],
    "reply": {"code": 250, "enhanced": "2.0.0", "exchange_id": f"<{_ID}@contoso.test>"},
    "reason": None,
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "possible_duplicate": False,
}
_CANCELLED: dict[str, Json] = {
    **_SENT,
    "state": "cancelled",
    "attempts": 0,
    "timeline": [
        {"at": _AT, "state": "waiting", "reason": "accepted"},
        {"at": _LATER, "state": "cancelled", "reason": "cancelled by its caller"},
    ],
    "recipients": [{"n": 0, "state": "pending", "code": None, "enhanced": None}],
    "reply": None,
}
_SEEN: dict[str, Json] = {
    **_CANCELLED,
    "state": "parked",
    "timeline": [{"at": _AT, "state": "parked", "reason": "template-value-missing"}],
    "reason": _REASON,
    "sender": "alerts",
    "message_id": f"<{_ID}@contoso.test>",
    "accepted_at": _AT,
    "due": None,
    "expires_at": None,
    "standstill_since": None,
    "stopped": None,
    "provenance": {
        "caller": "producer:default",
        "door": "queue",
        "rule": "senders.alerts.allow_recipients",
        "template": "event",
        "template_hash": "9f2c",
        "package_version": "0.1.0",
        "config_hash": "71d0",
    },
}
_PUT_BACK: dict[str, Json] = {
    **_SEEN,
    "state": "waiting",
    "timeline": [*_SEEN["timeline"], {"at": _LATER, "state": "waiting", "reason": "put back by Sam: template mended"}],
    "due": _LATER,
    "expires_at": "2026-11-24T09:00:00.890+00:00",
}
_STOP = {
    "scope": "sender",
    "name": "alerts",
    "since": _AT,
    "reason": {
        "code": "paused",
        "text": "an operator has paused sending here",
        "fix": "python -m ops resume, when the reason is gone",
    },
    "by": "Sam: wrong recipients",
    "ends": "by-hand",
    "next_trial": None,
    "failed_trials": 0,
}
_BOX = {
    "mailbox": "alerts@contoso.test",
    "key": "8a1f0c3b5d7e9a24",
    "last_minute": {"sent": 12, "allowed": 30, "limit": 30},
    "connections": {"held": 1, "allowed": 3, "limit": 3},
    "backlog": {"high": 0, "normal": 40, "bulk": 0, "mails": 40},
    "drains_at": "2026-11-23T09:01:25.000+00:00",
    "recipients": {"used": 812, "external": 3, "limit": 10_000},
    "wall": None,
    "foreign": {"messages_per_minute": 0, "connections": 0, "next_try_at": None, "felt": False},
}

_DIAGNOSIS = {
    "at": _AT,
    "verdict": "fault",
    "told": "something is in the way of mail",
    "findings": [
        {
            "step": "auth",
            "standing": "fault",
            "subject": "alerts@contoso.test",
            "seen": "535 5.7.139",
            "code": "smtp-auth-off",
            "cause": "SMTP AUTH is switched off for the organisation",
            "fix": "Set-CASMailbox -Identity alerts@contoso.test -SmtpClientAuthenticationDisabled $false",
        }
    ],
}

REQUESTS: Mapping[Route, Mapping[str, Json]] = {
    ("post", "/messages"): {**ENVELOPES, "an array": [ENVELOPES["a text"], ENVELOPES["a template"]]},
    ("post", "/webhooks/{name}"): {"an event": {"type": "disk.full", "data": {"host": "db-01", "used": 0.91}}},
    ("post", "/digests/{name}/events"): {"an item": {"id": "backup-47", "title": "Backup finished", "text": "41 GB"}},
    ("post", "/operator/messages/{id}/{action}"): {"an order": _WHO},
    ("post", "/operator/redrive"): {"look first": {**_WHO, "dry_run": True, "state": "parked", "sender": "alerts"}},
    ("post", "/operator/audit"): {"with an export": {**_WHO, "grants": EXPORT}, "with the last export": _WHO},
    ("post", "/operator/find"): {"an address": {"to": "ops@contoso.test", "limit": 20}},
    ("post", "/operator/pause"): {
        "one sender": {"scope": "sender", "name": "alerts", "who": "Sam", "why": "wrong recipients"},
        "everything": {"scope": "all", "who": "Sam", "why": "wrong recipients"},
    },
    ("post", "/operator/resume"): {
        "a mailbox": {"scope": "mailbox", "name": "alerts@contoso.test", "who": "Sam", "why": "licence is back"}
    },
    ("post", "/operator/doctor"): {"one sender, without a mail": {"who": "Sam", "sender": "alerts"}},
}
"""Bodies by what they show."""

ANSWERS: Mapping[Route, Mapping[str, Json]] = {
    ("post", "/messages"): {
        "one mail": {"id": _ID, "state": "waiting"},
        "an array": [{"id": _ID, "state": "waiting"}, {"id": _OTHER, "state": "waiting"}],
    },
    ("get", "/messages/{id}"): {"a mail that was sent": _SENT},
    ("delete", "/messages/{id}"): {"a mail that had not left": _CANCELLED},
    ("post", "/webhooks/{name}"): {"one event": {"events": 1, "passed_by": 0, "id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"}},
    ("post", "/digests/{name}/events"): {"an item": {"id": "backup-47", "window_end": "2026-11-24T07:00:00.000+00:00"}},
    ("get", "/health"): {
        "all is well": {
            "status": "ok",
            "parts": {"settings": {"ok": True}, "storage": {"ok": True}, "identity": {"ok": True}},
            "faults": [],
            "warnings": [],
        }
    },
    ("get", "/operator/messages"): {"one mail": {"stops": [], "messages": [_SEEN], "unreadable": [], "more": False}},
    ("get", "/operator/messages/{id}"): {"a parked mail": _SEEN},
    ("post", "/operator/messages/{id}/{action}"): {"a mail that was put back": _PUT_BACK},
    ("post", "/operator/redrive"): {
        "a dry run": {"dry_run": True, "messages": [_SEEN], "left": [], "unreadable": [], "after": None}
    },
    ("post", "/operator/find"): {
        "one mail": {"messages": [{**_SEEN, "addressed": _SEEN["recipients"]}], "unreadable": [], "more": False}
    },
    ("get", "/operator/pace"): {
        "one mailbox": {
            "at": _AT,
            "mailboxes": [_BOX],
            "unreadable": [],
            "tenant": {"external": 3, "licences": None, "limit": None, "trial_limit": 5000, "reached": False},
        }
    },
    ("get", "/operator/audit"): {"one audit": {"audits": [AUDIT]}},
    ("post", "/operator/audit"): {"excess": AUDIT},
    ("get", "/operator/stops"): {"a pause": {"stops": [_STOP]}},
    ("post", "/operator/pause"): {"a pause": _STOP},
    ("post", "/operator/resume"): {"two mails": {"stops": [_STOP], "messages": 2}},
    ("post", "/operator/doctor"): {"a fault": _DIAGNOSIS},
}
"""Answers of success by what they show."""

DOWN: Mapping[str, Json] = {
    "a setting is missing": {
        "status": "fault",
        "parts": {"settings": {"ok": False}},
        "faults": [{"name": "MailStorage", "cause": "is not set", "cure": "set MailStorage__accountName"}],
        "warnings": [],
    }
}
"""What health answers where something is at fault."""


def problem(status: int, *, path: str) -> Json:
    """An example of the problem details with this status, as this path answers it."""
    title, detail, members = _PROBLEMS.get((status, path.split("/")[1]), _PROBLEMS.get((status, ""), ("", "", {})))
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}


_FAULT = {
    "errors": [
        {"pointer": "#/to/0", "detail": "to[0] is not a mail address; give one bare address such as ops@contoso.test"}
    ]
}
_ITEM = {"errors": [{"pointer": "#/who", "detail": "who is missing; it is required"}]}
_EVENT = {"errors": [{"pointer": "#/source", "detail": "source is missing; it is required"}]}

_PROBLEMS: Mapping[tuple[int, str], tuple[str, str, dict[str, Json]]] = {
    (400, ""): ("Malformed", "Nothing was stored. The delivery does not have its form.", _EVENT),
    (401, ""): (
        "Not authenticated",
        "the request has no bearer token",
        {"code": "missing", "fix": "send the header Authorization: Bearer with one"},
    ),
    (401, "webhooks"): (
        "Not verified",
        "Nothing proves that this delivery comes from its source.",
        {"code": "wrong-signature"},
    ),
    (403, ""): (
        "Not allowed",
        "the bearer token is genuine, but no [callers.NAME] of mail.toml names its application or its object",
        {"code": "unknown-caller", "fix": "add a table with application or object"},
    ),
    (404, ""): ("No such mail", "There is no mail of yours with this id or key.", {}),
    (404, "operator"): ("No such mail", "There is no mail with this id.", {}),
    (404, "webhooks"): ("No such webhook", "mail.toml has no webhook of this name.", {}),
    (404, "digests"): ("No such digest", "mail.toml has no digest of this name for this caller.", {}),
    (405, ""): ("No consent", "This webhook does not allow this origin.", {}),
    (409, ""): ("Not possible now", "the mail is sent; only waiting mails can be cancelled", {}),
    (411, ""): ("Length required", "The Functions host drops a body sent in chunks; send it with Content-Length.", {}),
    (413, ""): ("Too large", "A body has at most 1000000 bytes; put large attachments into a blob.", {}),
    (415, ""): ("Not JSON", "Send the envelope as Content-Type: application/json.", {}),
    (415, "webhooks"): ("Not a media type of this webhook", "Send the type that errors names.", _EVENT),
    (422, ""): ("Not accepted", "Nothing was stored. Correct the fields named in errors.", _FAULT),
    (422, "operator"): ("Not accepted", "Nothing was stored. Correct the fields named in errors.", _ITEM),
    (429, ""): (
        "The day's amount is used up",
        "the caller's 1000 mails a day leave 0; nothing was stored",
        {"fix": "wait for the next day (UTC), or raise per_day of this caller in mail.toml"},
    ),
    (503, ""): (
        "Storage is not available",
        "storage did not answer",
        {"fix": "look at the storage account's network rules and at Azure's status"},
    ),
}
"""Title, detail and members by status and by the first part of the path; '' is any other path."""
