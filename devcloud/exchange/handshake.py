"""EHLO, HELO and STARTTLS."""

import functools
import ssl
from datetime import UTC, datetime

import trustme

from devcloud.exchange import names, replies
from devcloud.exchange.connection import Connection
from devcloud.exchange.replies import Reply, Response
from devcloud.exchange.syntax import is_host_name

BEFORE_TLS = ("PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8")
"""Keywords after SIZE, in the order seen in April and November 2025; STARTTLS gives its place to AUTH afterwards."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LONG_AGO_ENDED = datetime(2020, 2, 1, tzinfo=UTC)

MECHANISMS = ("LOGIN", "XOAUTH2")


async def ehlo(link: Connection, argument: str) -> Response:
    """Answer with the extensions; EHLO also ends a running transaction (RFC 5321 4.1.4)."""
    refusal = await _hello(link, argument)
    if refusal is not None:
        return refusal
    keywords = [f"SIZE {link.service.config.size_limit}", *BEFORE_TLS]
    if link.session.secure:
        keywords[keywords.index("STARTTLS")] = f"AUTH {' '.join(mechanisms(link))}"
    hidden = link.session.quirks.hidden
    shown = [keyword for keyword in keywords if keyword.split()[0] not in hidden]
    return Reply(250, _greeting(link), more=tuple(shown))


async def helo(link: Connection, argument: str) -> Response:
    """Answer without extensions."""
    return await _hello(link, argument) or Reply(250, _greeting(link))


def mechanisms(link: Connection) -> list[str]:
    """AUTH mechanisms that are on offer."""
    return [name for name in MECHANISMS if name not in link.session.quirks.hidden]


async def starttls(link: Connection, argument: str) -> Response | None:
    """Say 220 and take the client over to TLS; a failed handshake ends the connection."""
    session = link.session
    if session.secure:
        return replies.BAD_SEQUENCE
    if argument.strip():
        return replies.INVALID_ARGUMENTS
    response = await link.fault("starttls")
    if response is not None:
        return response
    await link.say(replies.STARTTLS_READY)
    if session.quirks.injected:
        await link.say(replies.Raw(session.quirks.injected))
    await link.wire.start_tls(_context(link))
    session.secure = True
    session.forget_hello()
    return None


def _greeting(link: Connection) -> str:
    return f"{names.GREETING_NAME} Hello [{link.session.peer}]"


async def _hello(link: Connection, argument: str) -> Response | None:
    name = argument.strip()
    link.session.helo = ""
    response = await link.fault("ehlo", helo=name)
    if response is not None:
        return response
    if not is_host_name(name):
        await link.pause(link.service.config.tarpit)
        return replies.INVALID_DOMAIN
    link.session.helo = name
    link.end_transaction()
    return None


def _context(link: Connection) -> ssl.SSLContext:
    wanted = link.session.quirks.certificate
    if wanted is None:
        return link.service.tls
    return link.service.certificates.get(wanted) or untrusted_context()


@functools.cache
def untrusted_context() -> ssl.SSLContext:
    """A certificate for the right names from an authority that was made for it alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


def other_certificates(authority: trustme.CA) -> dict[str, ssl.SSLContext]:
    """Certificates of a trusted authority that must still not be accepted: for another host, and for a time long ago."""
    wrong_host = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.contoso.test").configure_cert(wrong_host)
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO_ENDED).configure_cert(expired)
    return {"wrong-host": wrong_host, "expired": expired}
