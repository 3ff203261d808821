"""AUTH XOAUTH2 in both forms, and AUTH LOGIN, which is answered and refused."""

import base64
import binascii

from devcloud.exchange import replies
from devcloud.exchange.connection import Connection
from devcloud.exchange.handshake import mechanisms
from devcloud.exchange.replies import Reply, Response
from devcloud.exchange.syntax import MAX_AUTH_LINE
from devcloud.exchange.tokens import BadSasl, BadToken, Login, SwitchedOff, check, claimed_appid, parse_xoauth2

CANCELLED = replies.front(501, "5.5.4 Authentication cancelled")  # our wording; RFC 4954 section 4 asks for a 501


async def auth(link: Connection, argument: str) -> Response:
    """Log in. A refusal is direct, without Google's JSON step, and is remembered for the 530 of a later MAIL."""
    session = link.session
    if not session.helo:
        return replies.SEND_HELLO_FIRST
    if session.mailbox is not None or session.envelope is not None:
        return replies.BAD_SEQUENCE
    mechanism, _, initial = argument.strip().partition(" ")
    if not session.secure or mechanism.upper() not in mechanisms(link):
        return replies.UNRECOGNIZED_AUTH
    response = await (_xoauth2 if mechanism.upper() == "XOAUTH2" else _login)(link, initial.strip())
    if isinstance(response, Reply) and response.code != 235:
        link.service.stats.auth_failures += 1
        session.auth_error = response
    return response


async def _xoauth2(link: Connection, initial: str) -> Response:
    data = initial.encode() if initial else await _ask(link, replies.AUTH_CONTINUE)
    if data == b"*":
        return CANCELLED
    try:
        user, token = parse_xoauth2(data)
    except BadSasl:
        return await link.fault("auth") or replies.UNAUTHENTICATED
    facts = {"mailbox": user, "appid": claimed_appid(token)}
    response = await link.fault("auth", **{name: value for name, value in facts.items() if value})
    if response is not None:
        return response
    service = link.service
    config, access, keys = service.config, service.access, service.public_keys()
    try:
        login = check(token, user, config=config, access=access, keys=keys, now=service.clock())
    except BadToken:
        return replies.UNAUTHENTICATED
    except SwitchedOff as off:
        return replies.smtp_auth_disabled(off.switch)
    _enter(link, user, login)
    return replies.AUTHENTICATED


async def _login(link: Connection, initial: str) -> Response:
    name = initial.encode() if initial else await _ask(link, replies.AUTH_USERNAME)
    if name == b"*" or await _ask(link, replies.AUTH_PASSWORD) == b"*":
        return CANCELLED
    try:
        user = base64.b64decode(name, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        user = ""
    return await link.fault("auth", mailbox=user) or link.service.config.basic_auth


async def _ask(link: Connection, prompt: Reply) -> bytes:
    await link.say(prompt)
    line = await link.wire.line(MAX_AUTH_LINE)
    link.note("client", "*" if line == b"*" else "[redacted]")
    return line


def _enter(link: Connection, user: str, login: Login) -> None:
    session = link.session
    session.mailbox = user.lower()
    session.appid = login.appid
    session.may_submit = login.may_submit
    session.auth_error = None
    link.service.logged_in.enter(session.mailbox, session.number)
