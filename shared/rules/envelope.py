"""The envelope: what a producer puts on its queue, and the body of `POST /api/messages` (design 3.4).

One mail per envelope. `envelope_from` finds every fault at once; the structs are also the source of the OpenAPI document.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.rules import field_rules as rules
from shared.rules.addresses import check_address
from shared.rules.config import OnUnknown, Priority
from shared.rules.strict import Check, Faults, Problem, Read, Refused, child, examine, parse_json, place, sound_fields

QUEUE_BODY_LIMIT = 64 * 1024
"""Bytes of a storage queue message (Azure Storage's own limit)."""

HTTP_BODY_LIMIT = 1_000_000
"""Bytes of an HTTP body. Larger content goes by blob, so that a request never fills an instance's memory."""

MOST_RECIPIENTS = 500
"""To, cc and bcc together: Exchange Online's default recipient limit of a message."""

MOST_REPLY_TO = 10
MOST_ATTACHMENTS = 50
MOST_HEADERS = 50
"""More than anybody uses; they bound the work that one small body can cause."""

MOST_TAGS = 20
LONGEST_TAG = 64
LONGEST_SENDER = 64
"""Characters of a sender's name in mail.toml."""

Address = Annotated[str, Meta(examples=["ops@contoso.test"]), Check(check_address)]


class Attachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a mail: its content, or the name of a blob that holds it. With `content_id` the HTML may show it inline."""

    name: Annotated[str, Meta(min_length=1, max_length=rules.LONGEST_NAME), Check(rules.attachment_name)]
    content_type: Annotated[str, Meta(max_length=rules.LONGEST_NAME), Check(rules.content_type)]
    content: bytes | None = None
    blob: Annotated[str, Meta(max_length=1024), Check(rules.blob_name)] | None = None
    content_id: Annotated[str, Check(rules.content_id)] | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mail as its producer describes it. Made by `envelope_from` only, which applies all rules."""

    sender: Annotated[str, Meta(min_length=1, max_length=LONGEST_SENDER), Check(rules.single_line)]
    to: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=MOST_RECIPIENTS)]
    cc: Annotated[tuple[Address, ...], Meta(max_length=MOST_RECIPIENTS)] = ()
    bcc: Annotated[tuple[Address, ...], Meta(max_length=MOST_RECIPIENTS)] = ()
    reply_to: Annotated[tuple[Address, ...], Meta(max_length=MOST_REPLY_TO)] = ()
    id: Annotated[str, Meta(min_length=1, max_length=rules.LONGEST_KEY), Check(rules.producer_key)] | None = None
    subject: Annotated[str, Check(rules.subject)] | None = None
    text: Annotated[str, Meta(max_length=rules.LONGEST_BODY_TEXT), Check(rules.body_text)] | None = None
    html: Annotated[str, Meta(max_length=rules.LONGEST_BODY_TEXT), Check(rules.body_text)] | None = None
    template: Annotated[str, Check(rules.template_name)] | None = None
    data: dict[str, Any] | None = None
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=MOST_ATTACHMENTS)] = ()
    headers: Annotated[
        dict[Annotated[str, Check(rules.header_name)], Annotated[str, Check(rules.header_value)]],
        Meta(max_length=MOST_HEADERS),
        Check(rules.distinct_headers),
    ] = msgspec.field(default_factory=dict)
    tags: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_TAG), Check(rules.single_line)], ...],
        Meta(max_length=MOST_TAGS),
    ] = ()
    priority: Priority = "normal"
    send_at: Annotated[datetime | None, Read(rules.moment)] = None
    expires_at: Annotated[datetime | None, Read(rules.moment)] = None
    on_unknown: OnUnknown | None = None
    traceparent: Annotated[str | None, Read(rules.traceparent)] = None
    tracestate: Annotated[str | None, Read(rules.tracestate)] = None


def parse_envelope(body: bytes, *, limit: int) -> Envelope:
    """The envelope in a JSON text of at most `limit` bytes; raises `Refused` with every fault."""
    return _read(parse_json(body, limit=limit), "")


def envelope_from(value: object, *, pointer: str = "") -> Envelope:
    """The envelope in plain values; raises `Refused` with every fault. `pointer` is where it stands in a larger body."""
    examine(value, pointer)
    return _read(value, pointer)


def _read(value: object, pointer: str) -> Envelope:
    faults = Faults()
    if not isinstance(value, Mapping):
        raise Refused([Problem(pointer, f"{place(pointer)} has to be an object; send one mail per envelope")])
    given = _given(value)
    _check_recipient_count(given, pointer, faults)
    faults.raise_any()
    sound = sound_fields(given, Envelope, pointer=pointer, faults=faults)
    _check_content(given, pointer, faults)
    _check_attachments(given.get("attachments"), child(pointer, "attachments"), faults)
    _check_content_ids(sound.get("attachments", ()), child(pointer, "attachments"), faults)
    _check_times(sound, pointer, faults)
    faults.raise_any()
    return Envelope(**sound)


def _given(value: Mapping[str, object]) -> dict[str, object]:
    """The fields that say something: many serialisers write null for what was not set. Unknown ones stay, to be refused."""
    return {name: item for name, item in value.items() if item is not None or name not in Envelope.__struct_fields__}


def _check_recipient_count(given: Mapping[str, object], pointer: str, faults: Faults) -> None:
    """Counted before any address is read: reading one costs far more than sending one."""
    lists = [given.get(name) for name in ("to", "cc", "bcc")]
    if sum(len(item) for item in lists if isinstance(item, list | tuple)) > MOST_RECIPIENTS:
        faults.add(child(pointer, "to"), f"to, cc and bcc name more than {MOST_RECIPIENTS} recipients; split the mail")


def _check_content(given: Mapping[str, object], pointer: str, faults: Faults) -> None:
    """Either a template with its data, or a subject with text, HTML or both."""
    if "template" in given:
        for name in given.keys() & {"text", "html"}:
            faults.add(child(pointer, name), f"{name} and template exclude each other; send one of them")
        return
    if "data" in given:
        faults.add(child(pointer, "data"), "data is for a template; name the template, or remove data")
    if "text" not in given and "html" not in given:
        faults.add(child(pointer, "text"), "the mail has no content; send text, html or template")
    if "subject" not in given:
        faults.add(child(pointer, "subject"), "subject is missing; it is required where no template makes it")


def _check_attachments(attachments: object, pointer: str, faults: Faults) -> None:
    for n, attachment in enumerate(attachments[:MOST_ATTACHMENTS] if isinstance(attachments, list | tuple) else ()):
        if not isinstance(attachment, Mapping):
            continue
        sources = [name for name in ("content", "blob") if attachment.get(name) is not None]
        if len(sources) != 1:
            where = child(pointer, n)
            faults.add(where, f"{place(where)} needs either content or blob; send exactly one of them")


def _check_content_ids(attachments: tuple[Attachment, ...], pointer: str, faults: Faults) -> None:
    seen: set[str] = set()
    for n, attachment in enumerate(attachments):
        if attachment.content_id in seen:
            where = child(child(pointer, n), "content_id")
            faults.add(where, f"{place(where)} is used twice; give each inline image its own")
        if attachment.content_id is not None:
            seen.add(attachment.content_id)


def _check_times(sound: Mapping[str, Any], pointer: str, faults: Faults) -> None:
    begin, end = sound.get("send_at"), sound.get("expires_at")
    if begin is not None and end is not None and end <= begin:
        faults.add(child(pointer, "expires_at"), "expires_at is not after send_at; give the mail time to be sent")
