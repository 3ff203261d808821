"""The answer to a complete message: limits, rights, content, quota, and then the mail is stored and the 250 said."""

from devcloud.exchange import names, replies, store_replies
from devcloud.exchange.bounces import report
from devcloud.exchange.connection import Connection
from devcloud.exchange.content import Headers, author, first, parse_headers, with_message_id
from devcloud.exchange.replies import Reply, Response
from devcloud.exchange.session import Envelope
from devcloud.exchange.store import Message


async def submit(link: Connection, raw: bytes) -> Response:
    """Decide about the mail and end the transaction; the connection counts as submitting until the answer is said."""
    service, mailbox = link.service, str(link.session.mailbox)
    service.rate.dot(mailbox, service.clock())
    envelope = link.session.envelope
    if envelope is None:
        return replies.NEED_MAIL
    try:
        response = await link.fault("dot") or await _decide(link, mailbox, envelope, raw)
        if isinstance(response, Reply):
            service.lockout.note(mailbox, response, service.clock())
        return response
    finally:
        link.end_transaction()


async def _decide(link: Connection, mailbox: str, envelope: Envelope, raw: bytes) -> Response:
    headers = parse_headers(raw)
    refusal = _busy(link, mailbox, envelope)
    if refusal is not None:
        return refusal
    service, now = link.service, link.service.clock()
    wait = service.rate.wait(mailbox, now, service.limits.messages_per_minute)
    if wait and service.limits.over_rate == "reject":
        return store_replies.RATE_EXCEEDED
    service.rate.take(mailbox, now + wait)
    refusal = _unacceptable(link, mailbox, envelope, headers)
    if refusal is not None:
        return refusal
    service.quota.take(mailbox, len(envelope.recipients), now)
    message_id = _deliver(link, mailbox, envelope, headers, raw)
    response = await link.fault("accepted")
    for code in link.bounces:
        _bounce(link, envelope, code, message_id)
    if response is not None:
        return response
    if wait:
        service.stats.delayed += 1
        await link.pause(wait)
    return store_replies.accepted(message_id)


def _busy(link: Connection, mailbox: str, envelope: Envelope) -> Reply | None:
    """Refusals that do not depend on what the mail says."""
    service = link.service
    if envelope.too_large:
        return replies.TOO_LARGE
    locked = service.lockout.refusal(mailbox, service.clock())
    if locked is not None:
        return locked
    if service.counted.rank(mailbox, link.session.number) >= service.limits.connections:
        return store_replies.CONCURRENT
    return None if link.session.may_submit else store_replies.LOGON_FAILED


def _unacceptable(link: Connection, mailbox: str, envelope: Envelope, headers: Headers) -> Reply | None:
    """Refusals of this mail: From, Send As, recipients."""
    service = link.service
    config, recipients = service.config, len(envelope.recipients)
    origin = author(headers)
    if not origin.addresses:
        return store_replies.FROM_NOT_COMPLIANT
    if len(origin.addresses) > 1 and not origin.has_sender:
        return store_replies.MULTIPLE_FROM
    for address in origin.addresses:
        if address.lower() not in service.access.senders(mailbox):
            return store_replies.send_as_denied(mailbox, address)
    if recipients > config.recipients_per_message:
        return store_replies.TOO_MANY_RECIPIENTS
    fits = service.quota.fits(mailbox, recipients, service.clock(), config.recipients_per_day)
    return None if fits else store_replies.QUOTA_EXCEEDED


def _deliver(link: Connection, mailbox: str, envelope: Envelope, headers: Headers, raw: bytes) -> str:
    """Store the mail and return the Message-ID that it has there."""
    service = link.service
    own = first(headers, "Message-ID")
    suppresses = service.config.suppress_duplicates and bool(own)
    if suppresses and service.deliveries.is_repeated(mailbox, own, first(headers, "Date"), service.clock()):
        service.stats.suppressed_duplicates += 1
        return own
    number = service.store.next_number()
    keep = service.config.message_id == "keep" and own.isascii() and own
    message_id = own if keep else names.assigned_message_id(number)
    if not keep:
        raw = with_message_id(raw, message_id)
        headers = parse_headers(raw)
    message = Message(
        number=number,
        sender=envelope.sender,
        recipients=tuple(envelope.recipients),
        mailbox=mailbox,
        headers=tuple(headers),
        received_at=service.clock(),
        message_id=message_id,
        raw=raw,
        dialogue=link.transcript.current(),
    )
    service.store.add(message)
    service.stats.accepted += 1
    return message_id


def _bounce(link: Connection, envelope: Envelope, code: str, message_id: str) -> None:
    if not envelope.sender:
        return  # never a bounce for a bounce (RFC 5321 6.1)
    service = link.service
    number, now = service.store.next_number(), service.clock()
    raw = report(envelope.sender, envelope.recipients, code, message_id, names.assigned_message_id(number), now)
    headers = tuple(parse_headers(raw))
    new_id = first(headers, "Message-ID")
    service.store.add(Message(number, "", (envelope.sender,), "", headers, now, new_id, raw))
    service.stats.bounces += 1
