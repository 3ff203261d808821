"""DATA and BDAT: the content on its way in."""

from devcloud.exchange import replies
from devcloud.exchange.connection import Connection
from devcloud.exchange.content import DotReader
from devcloud.exchange.replies import Response
from devcloud.exchange.session import Envelope
from devcloud.exchange.submission import submit
from devcloud.exchange.syntax import BadSyntax, parse_bdat
from devcloud.exchange.wire import CHUNK


async def data(link: Connection, argument: str) -> Response:
    """Ask for the content, read it to its only valid end, and hand it over."""
    refusal = _not_ready(link)
    if refusal is not None:
        return refusal
    envelope = _envelope(link)
    if envelope.chunks is not None or envelope.parameters.get("BODY", "").upper() == "BINARYMIME":
        return replies.BAD_SEQUENCE  # RFC 3030 section 3: BINARYMIME needs BDAT, and BDAT is not mixed with DATA
    if argument.strip():
        return replies.INVALID_ARGUMENTS
    response = await link.fault("data")
    if response is not None:
        return response
    await link.say(replies.START_INPUT)
    reader = DotReader(link.service.config.size_limit)
    while (rest := reader.feed(await link.wire.some(CHUNK))) is None:
        pass
    link.wire.push_back(rest)
    envelope.too_large = reader.too_large
    return await submit(link, reader.content())


async def bdat(link: Connection, argument: str) -> Response:
    """Take one chunk (RFC 3030); its octets are read even when it is refused, or they would be taken for commands."""
    try:
        size, last = parse_bdat(argument)
    except BadSyntax:
        return replies.INVALID_ARGUMENTS
    refusal = await _chunk_refusal(link)
    if refusal is not None:
        await _read_chunk(link, size, None)
        return refusal
    envelope = _envelope(link)
    if envelope.chunks is None:
        envelope.chunks = bytearray()
    await _read_chunk(link, size, envelope)
    if last:
        return await submit(link, bytes(envelope.chunks))
    return replies.chunk_received(size)


async def _chunk_refusal(link: Connection) -> Response | None:
    refusal = _not_ready(link)
    if refusal is None and _envelope(link).chunks is None:
        refusal = await link.fault("data")
    if refusal is not None:
        link.end_transaction()  # after a refused chunk the next one must not start the message in its middle
    return refusal


async def _read_chunk(link: Connection, size: int, envelope: Envelope | None) -> None:
    limit = link.service.config.size_limit
    while size > 0:
        piece = await link.wire.some(min(size, CHUNK))
        size -= len(piece)
        if envelope is None or envelope.chunks is None:
            continue
        if len(envelope.chunks) + len(piece) > limit:
            envelope.too_large = True
            envelope.chunks.clear()
        if not envelope.too_large:
            envelope.chunks += piece


def _not_ready(link: Connection) -> Response | None:
    envelope = link.session.envelope
    if envelope is None:
        return replies.NEED_MAIL
    return None if envelope.recipients else replies.NEED_RCPT


def _envelope(link: Connection) -> Envelope:
    envelope = link.session.envelope
    if envelope is None:
        raise LookupError("no transaction")
    return envelope
