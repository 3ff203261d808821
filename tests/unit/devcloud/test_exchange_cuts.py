"""Cuts at every byte of the dialogue, in both directions: what arrives, and whether the mail is there."""

import functools

import pytest

from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, Client, World, simulator
from tests.unit.devcloud.exchange_tokens import token, xoauth2

BEARER = token()


async def dialogue(client: Client) -> None:
    """One mail from greeting to goodbye, with the same bytes every time."""
    await client.reply()
    await client.ask("EHLO c.contoso.test")
    await client.ask("STARTTLS")
    await client.upgrade()
    await client.ask("EHLO c.contoso.test")
    await client.ask("AUTH XOAUTH2")
    await client.ask(xoauth2(MAILBOX, BEARER))
    await client.mail()
    await client.ask("QUIT")


async def measured(world: World) -> tuple[int, int]:
    """Bytes of the client and of the server until the client was cut off, or was through."""
    client = await world.client()
    try:
        await dialogue(client)
        await client.rest()
    except (EOFError, OSError):
        await client.rest()
    return client.sent, client.received


@functools.cache
def quit_bytes() -> int:
    """Octets of the client's goodbye."""
    return len(b"QUIT\r\n")


async def test_whole_dialogue_is_measured() -> None:
    """The same dialogue takes the same number of bytes each time, so that a byte number is a place."""
    async with simulator() as world:
        first, second = await measured(world), await measured(world)
        assert first == second


async def test_cut_after_each_client_byte() -> None:
    """Cut at client byte N, the mail is stored exactly when N covers the final dot's last byte; the server says no more."""
    async with simulator() as world:
        whole, said = await measured(world)
        end = whole - quit_bytes()
        places = [0, 1, 5, 20, 21, 30, 31, 32, 100, end - len(MAIL) - 3, *range(end - 8, whole + 1)]
        for place in places:
            world.exchange.clear()
            world.fault("cut-after-client-bytes", match={"after_bytes": place})
            _, received = await measured(world)
            assert (world.exchange.count() == 1) == (place >= end), place
            assert received < said, place
        world.fault("cut-after-client-bytes", match={"after_bytes": whole + 1})
        assert await measured(world) == (whole, said)


async def test_cut_after_each_server_byte() -> None:
    """Cut at server byte N, exactly N bytes arrive; the mail is stored as soon as the answer to the dot has begun."""
    async with simulator() as world:
        _, said = await measured(world)
        answer = said - len(b"221 2.0.0 Service closing transmission channel\r\n")
        begin = answer - len(f"250 2.0.0 OK <1@contoso.test> {hostname(world)}\r\n")
        places = [0, 1, 3, 60, 130, 300, begin - 1, begin, begin + 1, begin + 3, answer - 1, answer, said - 1, said]
        for place in places:
            world.exchange.clear()
            world.fault("cut-after-server-bytes", match={"after_bytes": place})
            _, received = await measured(world)
            assert received == place
            assert (world.exchange.count() == 1) == (place > begin), place


def hostname(world: World) -> str:
    """The suffix of an accepting reply."""
    [message] = world.exchange.messages()
    found = world.exchange.message(int(message["raw_url"].split("/")[3]))
    assert found is not None
    return next(line["line"] for line in found.lines() if "Hostname" in line["line"]).split()[-1]


async def test_cut_answers_what_came_before_it() -> None:
    """Commands that were complete before the cut are answered, the one that ends with it is carried out in silence."""
    async with simulator() as world:
        world.fault("cut-after-client-bytes", match={"after_bytes": 18})
        client = await world.client()
        await client.reply()
        await client.send(b"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n")
        assert await client.rest() == b"250 2.0.0 OK\r\n" * 2


async def test_cut_can_wait_for_its_mailbox() -> None:
    """A cut that is tied to a mailbox is armed at the login; when its byte is already past, it cuts there."""
    async with simulator() as world:
        world.fault("cut-after-client-bytes", match={"after_bytes": 10, "mailbox": MAILBOX})
        client = await world.client()
        await client.secure()
        assert (await client.ask("AUTH XOAUTH2")).code == 334
        await client.send(xoauth2(MAILBOX, BEARER).encode() + b"\r\n")
        assert await client.rest() == b""


@pytest.mark.parametrize("after", [1, 10, len(MAIL), len(MAIL) + 2])
async def test_cut_in_data(after: int) -> None:
    """The 354 arrives, and some bytes of the content later the connection is gone, and with it the mail."""
    async with simulator() as world:
        world.fault("cut-in-data", match={"after_bytes": after})
        client = await world.ready()
        await client.envelope()
        assert (await client.ask("DATA")).code == 354
        await client.send(MAIL + b".\r\n")
        assert await client.rest() == b""
        assert world.exchange.count() == 0


async def test_cut_chunks() -> None:
    """With BDAT the count starts at the first octet of the chunk."""
    async with simulator() as world:
        world.fault("cut-in-data", match={"after_bytes": len(MAIL)})
        client = await world.ready()
        await client.envelope()
        await client.send(b"BDAT %d LAST\r\n" % len(MAIL) + MAIL)
        assert await client.rest() == b""
        assert world.exchange.count() == 1
