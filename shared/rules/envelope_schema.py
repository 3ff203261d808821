"""The JSON Schema of the envelope, as it is published: made of the structs that read it.

What no schema can say, and the reader refuses all the same: more than 500 recipients in to, cc and bcc together; a subject
or header value of more than 900 bytes (the schema counts characters); two headers whose names differ in case only; one
content id twice; an `expires_at` that is not after `send_at`; a time that no calendar has; an address that looks like one
but is none; a name twice in an object, NUL anywhere in `data`, integers beyond 2**53 and nesting beyond 32 levels. And, of
course, what the app's mail.toml does not allow.
"""

from collections.abc import Mapping
from typing import Any

from shared.rules.envelope import HTTP_BODY_LIMIT, MOST_RECIPIENTS, QUEUE_BODY_LIMIT, Envelope
from shared.rules.schema_twins import Meanings, schemas

Schema = dict[str, Any]
"""A JSON Schema."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MEANINGS: Meanings = {
    "Envelope": {
        "": "One mail as its producer describes it: one envelope is one mail. Unknown fields are refused by name; null in "
        "an optional field is the same as leaving it out.",
        "sender": "Who the mail is from: the NAME of a [senders.NAME] in the app's mail.toml that this caller may use.",
        "to": f"Bare addresses, one in each entry. to, cc and bcc have at most {MOST_RECIPIENTS} together.",
        "cc": "Bare addresses that all recipients see.",
        "bcc": "Bare addresses that no other recipient sees.",
        "reply_to": "Where answers go; without it to the sender's address.",
        "id": "The producer's own key: the same key and content is the same mail, sent once; other content is a conflict.",
        "subject": "One line, at most 900 bytes of UTF-8. Required without a template, which otherwise makes it.",
        "text": "The mail as plain text; without it one is derived from the HTML.",
        "html": "The mail as HTML.",
        "template": "Name of a template of the app, which makes the content instead of text and html.",
        "data": "What fills the template; a value that is missing there is refused by name.",
        "attachments": "Files, each with its content or the name of a blob.",
        "headers": "X- headers of the mail, but none that Exchange uses (X-MS-, X-Microsoft-, X-Forefront-).",
        "tags": "Words to find the mail by; they are not sent.",
        "priority": "Which line the mail stands in where its mailbox is busy.",
        "send_at": "Not sent before this time, at most 366 days ahead: ISO 8601 with an offset.",
        "expires_at": "Not sent after this time, which lies after send_at: ISO 8601 with an offset.",
        "on_unknown": "hold: no second try where nobody can know whether the first was taken. It may only tighten what the "
        "sender says.",
        "traceparent": "W3C trace context to continue; a broken one is left out and never fails the mail.",
        "tracestate": "Vendors' data of that trace; likewise.",
    },
    "Attachment": {
        "": "A file of a mail: either its content or the name of a blob that holds it.",
        "name": "File name, without a path.",
        "content_type": "Media type with at most three parameters; no container such as multipart.",
        "content": f"The file in Base64. Over HTTP the whole body has at most {HTTP_BODY_LIMIT} bytes, on a queue "
        f"{QUEUE_BODY_LIMIT}.",
        "blob": "Name of a blob in container attachments, below the caller's own folder; pinned when the mail is accepted.",
        "content_id": "Lets the HTML show the file inline, as cid:….",
    },
}
"""What each field means."""

_ABSENT: Schema = {"type": "null"}
_TEXT: Schema = {"type": "string"}

WORDS: Mapping[str, Schema] = {
    "Envelope": {
        "anyOf": [
            {
                "title": "content by a template",
                "required": ["template"],
                "properties": {"template": _TEXT, "text": _ABSENT, "html": _ABSENT},
            },
            {
                "title": "content as text",
                "required": ["subject", "text"],
                "properties": {"subject": _TEXT, "text": _TEXT, "template": _ABSENT, "data": _ABSENT},
            },
            {
                "title": "content as HTML",
                "required": ["subject", "html"],
                "properties": {"subject": _TEXT, "html": _TEXT, "template": _ABSENT, "data": _ABSENT},
            },
        ]
    },
    "Attachment": {
        "oneOf": [
            {"title": "content here", "required": ["content"], "properties": {"content": _TEXT, "blob": _ABSENT}},
            {"title": "content in a blob", "required": ["blob"], "properties": {"blob": _TEXT, "content": _ABSENT}},
        ]
    },
}
"""Rules about fields that depend on each other."""

EXAMPLES: Mapping[str, Schema] = {
    "a text": {
        "id": "disk-files-07-2026-11-23",
        "sender": "alerts",
        "to": ["ops@contoso.test"],
        "subject": "Disk almost full",
        "text": "/var on files-07 is 91 % full.\n",
    },
    "a template": {
        "sender": "reports",
        "to": ["ops@contoso.test"],
        "cc": ["lead@contoso.test"],
        "template": "event",
        "data": {"webhook": "monitor", "event": {"type": "disk.full", "data": {"host": "db-01"}}},
        "tags": ["nightly"],
        "priority": "bulk",
        "send_at": "2026-12-24T07:00:00+01:00",
    },
    "with attachments": {
        "sender": "reports",
        "to": ["ops@contoso.test"],
        "subject": "Report for week 47",
        "html": '<p>The report is attached.</p><img src="cid:chart" alt="">',
        "attachments": [
            {"name": "note.txt", "content_type": "text/plain; charset=utf-8", "content": "QWxsIGlzIHdlbGwuCg=="},
            {
                "name": "chart.png",
                "content_type": "image/png",
                "blob": "function-key/2026/47/chart.png",
                "content_id": "chart",
            },
        ],
        "headers": {"X-Report": "47"},
        "on_unknown": "hold",
    },
}
"""By what they show. The third needs the blob to be there."""


def envelope_parts(place: str) -> dict[str, Schema]:
    """The schemas of the envelope and of what it is made of, by name; `place` is where references find them."""
    parts = schemas([Envelope], MEANINGS, place=place)
    return {name: {**schema, **WORDS.get(name, {})} for name, schema in parts.items()}


def envelope_schema() -> Schema:
    """The envelope's schema as a document of its own (JSON Schema 2020-12)."""
    parts = envelope_parts("#/$defs")
    envelope = parts.pop("Envelope")
    return {"$schema": DIALECT, **envelope, "examples": list(EXAMPLES.values()), "$defs": parts}
