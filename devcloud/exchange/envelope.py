"""MAIL, RCPT and RSET: the envelope, and in which order it may be given."""

from devcloud.exchange import replies
from devcloud.exchange.connection import Connection
from devcloud.exchange.faults import unknown_scenario
from devcloud.exchange.replies import Response
from devcloud.exchange.session import Envelope
from devcloud.exchange.syntax import BadAddress, BadSyntax, PathCommand, parse_mail, parse_rcpt

MAX_RECIPIENTS = 1_000
"""RCPT commands answered with 250 in one transaction: the most that a mailbox's RecipientLimits can be set to."""


async def mail(link: Connection, argument: str) -> Response:
    """Begin a transaction."""
    refusal = _out_of_order(link)
    if refusal is not None:
        return refusal
    try:
        command = parse_mail(argument)
    except BadAddress:
        return replies.INVALID_SENDER
    except BadSyntax:
        return replies.INVALID_ARGUMENTS
    link.session.transactions += 1
    response = await link.fault("mail", **{"from": command.address})
    return response or _begun(link, command)


def _begun(link: Connection, command: PathCommand) -> Response:
    session = link.session
    if int(command.parameters.get("SIZE", "0")) > link.service.config.size_limit:
        return replies.TOO_LARGE
    if not command.address.isascii() and "SMTPUTF8" not in command.parameters:
        return replies.INVALID_SENDER
    session.envelope = Envelope(command.address, command.parameters)
    link.service.submitting.enter(str(session.mailbox), session.number)
    return replies.SENDER_OK


def _out_of_order(link: Connection) -> Response | None:
    session = link.session
    if not session.helo:
        return replies.SEND_HELLO_FIRST
    if not session.secure:
        return replies.STARTTLS_REQUIRED
    if session.mailbox is None:
        return replies.not_authenticated(session.auth_error)
    return replies.BAD_SEQUENCE if session.envelope is not None else None


async def rcpt(link: Connection, argument: str) -> Response:
    """Add a recipient. Recipients that do not exist are taken too: Exchange tells by a bounce."""
    envelope = link.session.envelope
    if envelope is None:
        return replies.NEED_MAIL
    if envelope.chunks is not None:
        return replies.BAD_SEQUENCE
    try:
        command = parse_rcpt(argument)
    except BadAddress:
        return _refused(link)
    except BadSyntax:
        return replies.INVALID_ARGUMENTS
    response = await link.fault("rcpt", to=(command.address,))
    return response or _added(link, envelope, command)


def _added(link: Connection, envelope: Envelope, command: PathCommand) -> Response:
    if not command.address.isascii() and "SMTPUTF8" not in envelope.parameters:
        return _refused(link)
    unknown = unknown_scenario(command.address)
    if unknown is not None:
        return replies.front(501, f"5.1.3 Invalid address; no scenario {unknown!r} for a recipient")
    if len(envelope.recipients) >= MAX_RECIPIENTS:
        return replies.TOO_MANY_AT_RCPT
    envelope.recipients.append(command.address)
    return replies.RECIPIENT_OK


def _refused(link: Connection) -> Response:
    service = link.service
    service.lockout.note(str(link.session.mailbox), replies.INVALID_RECIPIENT, service.clock())
    return replies.INVALID_RECIPIENT


async def rset(link: Connection, _argument: str) -> Response:
    """Forget the transaction."""
    response = await link.fault("rset")
    if response is not None:
        return response
    link.end_transaction()
    return replies.RESETTING
