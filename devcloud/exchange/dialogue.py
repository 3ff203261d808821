"""The dialogue from greeting to goodbye: reads a command, finds its handler, says the answer."""

import contextlib
from collections.abc import Awaitable, Callable

from devcloud.exchange import envelope, handshake, logging_in, names, replies, transfer
from devcloud.exchange.connection import Connection
from devcloud.exchange.replies import Reply, Response
from devcloud.exchange.syntax import MAX_AUTH_LINE, MAX_COMMAND, BadSyntax, split_command
from devcloud.exchange.wire import Idle, LineTooLong, Severed

Handler = Callable[[Connection, str], Awaitable[Response | None]]

MAX_ECHO = 16
"""Characters of an unknown verb that are repeated: it may be a secret that went astray."""

HIDDEN_WITH = {"BDAT": "CHUNKING"}
"""Verbs that go by another name in EHLO's answer."""


async def converse(link: Connection) -> None:
    """Hold the whole dialogue; returns when it is over, whoever ended it."""
    try:
        await _greet(link)
    except Idle:
        with contextlib.suppress(Severed):
            await link.say(replies.IDLE_TOO_LONG)
        await link.wire.close()
    except Severed:
        link.wire.abort()
    finally:
        link.leave()


async def _greet(link: Connection) -> None:
    response = await link.fault("connect")
    greeting = Reply(220, names.banner(link.service.clock(), link.session.ident))
    await link.say(response or greeting)
    if response is not None and response.closes:
        await link.wire.close()
        return
    while True:
        answer = await _answer(link)
        if answer is None:
            continue
        await link.say(answer)
        if answer.closes:
            await link.wire.close()
            return


async def _answer(link: Connection) -> Response | None:
    """The answer to the next command."""
    try:
        line = await link.wire.line(MAX_AUTH_LINE)
        verb, argument = split_command(line)
    except LineTooLong:
        return _error(link, replies.LINE_TOO_LONG)
    except BadSyntax:
        return _error(link, replies.unrecognized_command(""))
    if verb == "MAIL" and link.session.envelope is None:
        link.transcript.next_part()
    link.note("client", _shown(verb, argument))
    if len(line) > MAX_COMMAND and verb != "AUTH":
        return _error(link, replies.LINE_TOO_LONG)
    handler = HANDLERS.get(verb)
    if handler is None or HIDDEN_WITH.get(verb, verb) in link.session.quirks.hidden:
        await link.pause(link.service.config.tarpit)
        return _error(link, replies.unrecognized_command(_echo(verb)))
    try:
        answer = await handler(link, argument)
    except LineTooLong:
        answer = replies.LINE_TOO_LONG
    return _error(link, answer) if isinstance(answer, Reply) and answer.code in {500, 501, 503} else answer


def _error(link: Connection, answer: Reply) -> Reply:
    """Count a protocol error; one too many ends the connection."""
    link.session.errors += 1
    most = link.service.config.max_errors
    return replies.TOO_MANY_ERRORS if most and link.session.errors >= most else answer


def _shown(verb: str, argument: str) -> str:
    if verb != "AUTH":
        return f"{verb} {argument}".rstrip() if verb in HANDLERS else _echo(verb)
    mechanism, _, initial = argument.strip().partition(" ")
    return f"AUTH {mechanism[:MAX_ECHO]}{' [redacted]' if initial else ''}"


def _echo(verb: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in verb[:MAX_ECHO])


async def _noop(link: Connection, _argument: str) -> Response:
    return await link.fault("noop") or replies.NOTHING_DONE


async def _quit(link: Connection, _argument: str) -> Response:
    return await link.fault("quit") or replies.CLOSING


HANDLERS: dict[str, Handler] = {
    "EHLO": handshake.ehlo,
    "HELO": handshake.helo,
    "STARTTLS": handshake.starttls,
    "AUTH": logging_in.auth,
    "MAIL": envelope.mail,
    "RCPT": envelope.rcpt,
    "DATA": transfer.data,
    "BDAT": transfer.bdat,
    "RSET": envelope.rset,
    "NOOP": _noop,
    "QUIT": _quit,
}
"""What the server knows; VRFY and HELP are unknown to it like anything else."""
