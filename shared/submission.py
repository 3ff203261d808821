"""What an HTTP caller sends: one envelope or a batch, all or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.accept import Accept, Accepted, KeyConflict, Origin
from shared.quota import Quota
from shared.rules import identifiers
from shared.rules.callers import Caller
from shared.rules.envelope import HTTP_BODY_LIMIT, Envelope, envelope_from
from shared.rules.quota import Standing
from shared.rules.strict import Problem, Refused, parse_json
from shared.unaccepted import Unaccepted

BATCH_LIMIT = 100
"""Envelopes in one request (design 3.5): what can be validated and stored well inside a caller's patience."""

ITEM_LIMIT = 32_768
"""Bytes of one digest item: a table row holds it beside its columns, and a digest is read by people."""

KEY_LIMIT = 256
"""Characters of an idempotency key, as the envelope's `id`."""


class StillRunning(Exception):
    """Another request of this caller with the same key has not been answered yet; nothing was stored for this one."""

    def __init__(self) -> None:
        super().__init__("the first request with this Idempotency-Key is still running; repeat it in a moment")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was accepted: one mail for an envelope, several for an array; and what is left of the caller's daily amount."""

    mails: Sequence[Accepted]
    batch: bool
    standing: Standing | None = None

    @property
    def replayed(self) -> bool:
        """Whether every mail had been accepted before."""
        return not any(mail.new for mail in self.mails)


@dataclass(frozen=True, slots=True)
class Submission:
    """The story of `POST /messages`. `running` are the callers and keys of requests that this process is at work on.

    The same request at another instance at the same moment is not refused: both get the same mail, which is sent once.
    """

    accept: Accept
    unaccepted: Unaccepted
    quota: Quota
    read: Callable[[object], Envelope] = envelope_from
    running: set[tuple[str, str]] = field(default_factory=set)

    async def take(self, body: bytes, caller: Caller, origin: Origin) -> Receipt:
        """Accept an envelope, or every envelope of an array.

        `origin.key` is the `Idempotency-Key`, or a fresh key where there was none. Raises `Refused` with a pointer per fault
        before anything is stored, `StillRunning`, `QuotaExceeded`, `KeyConflict` (of which a row tells afterwards), and the
        storage's errors.
        """
        mark = (caller.name, origin.key)
        if mark in self.running:
            raise StillRunning
        self.running.add(mark)
        try:
            return await self._take(body, caller, origin)
        except KeyConflict as conflict:
            await self.unaccepted.conflict(caller.name, origin, conflict)
            raise
        finally:
            self.running.discard(mark)

    async def _take(self, body: bytes, caller: Caller, origin: Origin) -> Receipt:
        value = parse_json(body, limit=HTTP_BODY_LIMIT)
        if isinstance(value, list):
            return await self._batch(value, caller, origin)
        envelope = self.read(value)
        keyed = _with_key(origin, envelope)
        await self.accept.check_not_over(envelope, caller, keyed.key)
        if caller.per_day is not None:  # only what will be accepted may be counted
            await self.accept.check(envelope, caller)
        standing = await self._counted([(keyed, envelope)], caller)
        return Receipt([await self.accept(envelope, caller, keyed)], batch=False, standing=standing)

    async def _batch(self, values: list[Any], caller: Caller, origin: Origin) -> Receipt:
        keyed = await self._validated(values, caller, origin)
        await self._check_keys(keyed, caller)
        standing = await self._counted(keyed, caller)
        return Receipt([await self.accept(e, caller, o) for o, e in keyed], batch=True, standing=standing)

    async def _counted(self, keyed: Sequence[tuple[Origin, Envelope]], caller: Caller) -> Standing | None:
        return await self.quota.take(caller, [origin.key for origin, _ in keyed])

    async def _check_keys(self, keyed: list[tuple[Origin, Envelope]], caller: Caller) -> None:
        """Raise `KeyConflict` where a key stands for two contents, in storage or in this array; stores nothing."""
        contents: dict[str, str] = {}
        for origin, envelope in keyed:
            content = identifiers.content_hash(envelope)
            if contents.setdefault(origin.key, content) != content:
                raise KeyConflict(identifiers.mail_id(caller.name, origin.key), content)
            await self.accept.check_key(envelope, caller, origin.key)

    async def _validated(self, values: list[Any], caller: Caller, origin: Origin) -> list[tuple[Origin, Envelope]]:
        if not 1 <= len(values) <= BATCH_LIMIT:
            raise Refused((Problem("", f"a batch holds 1 to {BATCH_LIMIT} envelopes; split it"),))
        problems: list[Problem] = []
        sound: list[tuple[Origin, Envelope]] = []
        for n, value in enumerate(values):
            try:
                envelope = self.read(value)
                keyed = _with_key(replace(origin, key=f"{origin.key}/{n}"), envelope)
                await self.accept.check(envelope, caller)
                await self.accept.check_not_over(envelope, caller, keyed.key)
                sound.append((keyed, envelope))
            except Refused as refused:
                problems += [Problem(f"/{n}{p.pointer}", p.message) for p in refused.problems]
        if problems:
            raise Refused(tuple(problems))
        return sound


def _with_key(origin: Origin, envelope: Envelope) -> Origin:
    """The envelope's own id is the key; its traceparent, which a caller whom we know may set, is continued."""
    return replace(origin, key=envelope.id or origin.key, parent=envelope.traceparent or origin.parent)


def idempotency_key(header: str) -> str:
    """The key in an `Idempotency-Key` header: quoted as the draft wants it, or bare as most clients send it.

    Source: draft-ietf-httpapi-idempotency-key-header, section 2. Raises `Refused`.
    """
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > KEY_LIMIT or not (key.isascii() and key.isprintable()):
        message = f"Idempotency-Key must be 1 to {KEY_LIMIT} printable ASCII characters"
        raise Refused((Problem("", message),))
    return key


def digest_item(body: bytes, *, fresh_key: str) -> tuple[str, bytes]:
    """Key and stored form of a digest's item: a JSON object of at most `ITEM_LIMIT` bytes, keyed by its `id` if it has one.

    Raises `Refused`.
    """
    item = parse_json(body, limit=ITEM_LIMIT)
    if not isinstance(item, dict):
        raise Refused((Problem("", 'an item must be a JSON object, for example {"title": …, "text": …}'),))
    key = item.get("id", fresh_key)
    if not isinstance(key, str) or not 1 <= len(key) <= KEY_LIMIT:
        raise Refused((Problem("/id", f"id must be a text of 1 to {KEY_LIMIT} characters"),))
    return key, body
