"""Content on its way in: where DATA ends, dots, BDAT, sizes, what is stored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.exchange import ExchangeConfig
from devcloud.exchange.content import DotReader, parse_headers, with_message_id
from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, RECIPIENT, World, simulator
from tests.unit.devcloud.exchange_tokens import NOW

HEAD = b"From: alerts@contoso.test\r\n\r\n"


def only(world: World) -> bytes:
    """The one mail that was stored."""
    assert world.exchange.count() == 1
    return next(world.exchange.raw(number) or b"" for number, _ in world.exchange.newest(1))


def stuffed(content: bytes) -> bytes:
    """Dot-stuffing as RFC 5321 4.5.2 tells it."""
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))


pieces = st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"a", b".\r\n", b"\r\n.", b"\n.\n", b"\r.\r"]), max_size=30)


@given(content=pieces.map(b"".join), cuts=st.lists(st.integers(1, 5), max_size=40), tail=st.sampled_from([b"", b"QUIT\r\n"]))
def test_content_survives_any_division(content: bytes, cuts: list[int], tail: bytes) -> None:
    """Whatever lines, dots and lone CRs or LFs there are, and however they are divided, what was meant is what arrives."""
    content += b"" if not content or content.endswith(b"\r\n") else b"\r\n"
    wire = stuffed(content) + b".\r\n" + tail
    reader, at, rest = DotReader(10_000), 0, None
    for size in [*cuts, len(wire)]:
        rest = reader.feed(wire[at : at + size])
        at += size
        if rest is not None:
            break
    assert rest is not None
    assert rest + wire[at:] == tail
    assert reader.content() == content


def test_known_dot_stuffing() -> None:
    """The literal example: a line with one dot is sent with two."""
    reader = DotReader(100)
    assert reader.feed(b"..\r\n.a\r\n...\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"
    assert reader.content() == b".\r\na\r\n..\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n"])
async def test_only_one_end_of_data(end: bytes) -> None:
    """No other line end around the dot ends the content, so what follows is no command but text."""
    async with simulator() as world:
        client = await world.ready()
        smuggled = end + b"MAIL FROM:<eve@contoso.test>\r\nRCPT TO:<eve@contoso.test>\r\nDATA\r\nSmuggled\r\n"
        assert (await client.mail(content=HEAD + b"Hi" + smuggled)).code == 250
        assert (await client.ask("NOOP")).text == "2.0.0 OK"
        assert b"Smuggled" in only(world)


async def test_accepted_mail_is_stored_as_sent() -> None:
    """The reply names the id and the mailbox server; the store has envelope, mailbox, headers and bytes."""
    async with simulator() as world:
        client = await world.ready()
        done = await client.mail("bob@contoso.test", "eve@contoso.test")
        assert done.code == 250
        hostname = r"\[Hostname=\w+\.\w+\.PROD\.OUTLOOK\.COM\]"
        assert re.fullmatch(rf"2\.0\.0 OK <1@contoso\.test> {hostname}", done.text)
        [stored] = world.exchange.messages()
        assert {name: stored[name] for name in ("from", "to", "mailbox", "message_id", "size", "received_at")} == {
            "from": MAILBOX,
            "to": ["bob@contoso.test", "eve@contoso.test"],
            "mailbox": MAILBOX,
            "message_id": "<1@contoso.test>",
            "size": len(MAIL),
            "received_at": "2026-11-18T11:06:40.000+00:00",
        }
        assert ["Subject", "Hello"] in stored["headers"]
        assert only(world) == MAIL


async def test_replaced_message_id() -> None:
    """With replace-id the stored mail and the reply carry an id of Exchange's own; a mail without one gets one anyway."""
    async with simulator(ExchangeConfig(message_id="replace")) as world:
        client = await world.ready()
        ids = [(await client.mail()).text.split()[2] for _ in range(2)]
        assert len(set(ids)) == 2
        assert [message["message_id"] for message in world.exchange.messages()] == ids
        assert f"Message-ID: {ids[1]}\r\n".encode() in (world.exchange.raw(2) or b"")
        assert b"<1@contoso.test>" not in (world.exchange.raw(2) or b"")
    async with simulator() as world:
        client = await world.ready()
        done = await client.mail(content=HEAD + b"Hi\r\n")
        assert only(world).startswith(f"Message-ID: {done.text.split()[2]}\r\n".encode())


def test_message_id_is_replaced_in_the_header_block_only() -> None:
    """A folded id goes as a whole, and a line of the body that looks like one stays."""
    raw = b"A: b\r\nmessage-id:\r\n <old@x.test>\r\nC: d\r\n\r\nMessage-ID: <body@x.test>\r\n"
    assert with_message_id(raw, "<new@x.test>") == (
        b"A: b\r\nMessage-ID: <new@x.test>\r\nC: d\r\n\r\nMessage-ID: <body@x.test>\r\n"
    )


@pytest.mark.parametrize("chunks", [[MAIL], [MAIL[:1], MAIL[1:40], MAIL[40:]], [MAIL, b""]])
async def test_chunks(chunks: list[bytes]) -> None:
    """BDAT takes the message in pieces, each answered; nothing in them is a command or a dot."""
    async with simulator() as world:
        client = await world.ready()
        await client.envelope()
        for number, chunk in enumerate(chunks, 1):
            last = b" LAST" if number == len(chunks) else b""
            await client.send(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
            assert (await client.reply()).code == 250
        assert only(world) == MAIL


async def test_binary_content_needs_chunks() -> None:
    """BODY=BINARYMIME is refused with DATA and taken with BDAT, bare line ends, dots and NUL included."""
    async with simulator() as world:
        client = await world.ready()
        await client.ask(f"MAIL FROM:<{MAILBOX}> BODY=BINARYMIME")
        await client.ask(f"RCPT TO:<{RECIPIENT}>")
        assert (await client.ask("DATA")).code == 503
        content = HEAD + b"\x00\n.\n\r\n.\r\n\xff\r"
        await client.send(b"BDAT %d LAST\r\n" % len(content) + content)
        assert (await client.reply()).code == 250
        assert only(world).endswith(b"\r\n" + content)


async def test_refused_chunks_are_still_read() -> None:
    """Octets of a chunk that comes out of turn are not taken for commands."""
    async with simulator() as world:
        client = await world.ready()
        evil = b"MAIL FROM:<eve@contoso.test>\r\n"
        await client.send(b"BDAT %d LAST\r\n" % len(evil) + evil + b"NOOP\r\n")
        assert [(await client.reply()).code for _ in range(2)] == [503, 250]
        await client.ask(f"MAIL FROM:<{MAILBOX}>")
        await client.send(b"BDAT %d\r\n" % len(evil) + evil)
        assert (await client.reply()).text.startswith("5.5.2 Need rcpt command")
        assert (await client.ask("BDAT x")).code == 501


async def test_chunks_and_data_do_not_mix() -> None:
    """After a first chunk neither DATA, MAIL nor RCPT are taken, but RSET is."""
    async with simulator() as world:
        client = await world.ready()
        await client.envelope()
        await client.send(b"BDAT 2\r\nab")
        assert (await client.reply()).code == 250
        for line in ("DATA", f"MAIL FROM:<{MAILBOX}>", f"RCPT TO:<{RECIPIENT}>"):
            assert (await client.ask(line)).code == 503
        assert (await client.ask("RSET")).code == 250
        assert (await client.mail()).code == 250


async def test_size_limit() -> None:
    """Too large by declaration is refused at MAIL, too large in fact after DATA or the last chunk; the session goes on."""
    async with simulator(ExchangeConfig(size_limit=1_000)) as world:
        client = await world.ready()
        assert "SIZE 1000" in (await client.ask("EHLO client.contoso.test")).lines
        too_large = "5.3.4 Message size exceeds fixed maximum message size"
        refused = await client.ask(f"MAIL FROM:<{MAILBOX}> SIZE=1001")
        assert (refused.code, refused.text.startswith(too_large)) == (552, True)
        big = MAIL + b"x" * 200_000 + b"\r\n"
        assert (await client.mail(content=big)).text.startswith(too_large)
        await client.envelope()
        await client.send(b"BDAT %d\r\n" % len(big) + big)
        assert (await client.reply()).code == 250
        assert (await client.ask("BDAT 0 LAST")).text.startswith(too_large)
        fits = MAIL + b"x" * (1_000 - len(MAIL) - 2) + b"\r\n"
        assert (await client.mail(content=fits)).code == 250
        assert (await client.mail(content=fits[:-2] + b"x\r\n")).code == 552
        assert len(only(world)) == 1_000


def test_header_block() -> None:
    """Folded lines are joined, order and doubles kept, and the block ends where a line is no header field."""
    raw = b"A: 1\r\nB: two\r\n\tthree\r\nA: \xc3\xa9\xff\r\nnonsense\r\nC: 4\r\n\r\nD: 5\r\n"
    assert parse_headers(raw) == [("A", "1"), ("B", "two\tthree"), ("A", "é\ufffd")]
    assert parse_headers(b"") == []


async def test_clock_of_the_store() -> None:
    """Mails carry the simulator's time, oldest first, and numbers go on after a deletion."""
    async with simulator() as world:
        client = await world.ready()
        await client.mail()
        world.time.now = NOW + 90
        await client.mail()
        times = [message["received_at"] for message in world.exchange.messages()]
        assert times == ["2026-11-18T11:06:40.000+00:00", "2026-11-18T11:08:10.000+00:00"]
        world.exchange.clear()
        await client.mail()
        assert [number for number, _ in world.exchange.newest(5)] == [3]
