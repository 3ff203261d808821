"""Every misbehaviour that is more than a refusal, each made to happen over a real connection."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest

from devcloud.exchange.scenarios import REGISTRY
from tests.unit.devcloud.exchange_client import MAILBOX, Client, World, simulator
from tests.unit.devcloud.exchange_replies import AUTH, CONNECT, DOT, ENVELOPE
from tests.unit.devcloud.exchange_tokens import token, xoauth2


async def _reset(world: World) -> None:
    client = await world.client()
    with pytest.raises(ConnectionResetError):
        await client.raw_read()


async def _invalid_domain(world: World) -> None:
    client = await world.client()
    await client.reply()
    assert (await client.ask("EHLO fine.contoso.test")).text.startswith("5.5.4 Invalid domain name [")


async def _no_starttls(world: World) -> None:
    client = await world.client()
    await client.reply()
    assert "STARTTLS" not in (await client.ask("EHLO c.contoso.test")).lines
    assert (await client.ask("STARTTLS")).code == 500


async def _no_xoauth2(world: World) -> None:
    client = await world.client()
    await client.secure()
    assert "AUTH LOGIN" in (await client.ask("EHLO c.contoso.test")).lines
    assert (await client.ask("AUTH XOAUTH2")).code == 504


async def _hidden(world: World) -> None:
    client = await world.client()
    await client.reply()
    assert "PIPELINING" not in (await client.ask("EHLO c.contoso.test")).lines


async def _starttls_refused(world: World) -> None:
    client = await world.client()
    await client.reply()
    await client.ask("EHLO c.contoso.test")
    assert (await client.ask("STARTTLS")).code == 454


async def _starttls_injection(world: World) -> None:
    client = await world.client()
    await client.reply()
    await client.ask("EHLO c.contoso.test")
    await client.send(b"STARTTLS\r\n")
    glued = await client.some()
    assert glued.startswith(b"220 2.0.0 SMTP server ready\r\n250-injected.contoso.test Hello\r\n250 AUTH LOGIN PLAIN\r\n")


def _bad_certificate(reason: str) -> Callable[[World], Awaitable[None]]:
    async def check(world: World) -> None:
        client = await world.client()
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            await client.secure()

    return check


async def _cut_at_starttls(world: World) -> None:
    client = await world.client()
    await client.reply()
    await client.ask("EHLO c.contoso.test")
    await _gone(client, "STARTTLS")


async def _cut_at_auth(world: World) -> None:
    client = await world.client()
    await client.secure()
    await client.ask("AUTH XOAUTH2")
    await _gone(client, xoauth2(MAILBOX, token()))


async def _json_challenge(world: World) -> None:
    client = await world.client()
    await client.secure()
    challenge = await client.login()
    assert challenge.code == 334
    assert challenge.text.startswith("eyJzdGF0dXMi")
    assert (await client.ask("")).text.startswith("5.7.3 Authentication unsuccessful")
    assert world.stats()["auth_failures"] == 1


async def _cut_before_354(world: World) -> None:
    client = await world.ready()
    await client.envelope()
    await _gone(client, "DATA")


async def _cut_mail(world: World) -> None:
    """The connection goes in place of the answer, and the mail with it."""
    client = await world.ready()
    with pytest.raises(EOFError):
        await client.mail()
    assert world.exchange.count() == 0


async def _cut_after_dot(world: World) -> None:
    client = await world.ready()
    with pytest.raises(EOFError):
        await client.mail()
    assert world.exchange.count() == 1


async def _hang(world: World) -> None:
    client = await world.ready()
    await client.envelope()
    await client.ask("DATA")
    await client.send(b"From: x\r\n.\r\nQUIT\r\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await client.some()


async def _slow(world: World) -> None:
    client = await world.ready()
    assert (await client.mail()).code == 250
    assert world.time.slept == [5.0]


async def _tarpit(world: World) -> None:
    client = await world.client()
    await client.reply()
    await client.ask("NOOP")
    assert world.time.slept == [5.0, 5.0]


async def _dribble(world: World) -> None:
    world.fault("dribble", match={"stage": "noop"})
    client = await world.ready()
    await client.send(b"NOOP\r\n")
    pieces = [await client.some() for _ in range(3)]
    assert pieces == [b"2", b"5", b"0"]
    assert (await client.mail_after(b"".join(pieces))).code == 250


async def _garbage(world: World) -> None:
    client = await world.ready()
    await client.envelope()
    await client.ask("DATA")
    await client.send(b"From: x\r\n.\r\n")
    assert await client.some() == b"\x00\x1b\xffthis is not SMTP\r\n"


async def _over_long(world: World) -> None:
    client = await world.ready()
    await client.envelope()
    await client.ask("DATA")
    await client.send(b"From: alerts@contoso.test\r\n\r\n.\r\nQUIT\r\n")
    said = await client.rest()
    assert said.startswith(b"250 2.0.0 OK xxx")
    assert said.index(b"\r\n") == 100_000
    assert world.exchange.count() == 1


async def _endless(world: World) -> None:
    client = await world.ready()
    assert len((await client.mail()).lines) == 1_000


async def _unrecognized(world: World) -> None:
    client = await world.ready()
    assert (await client.ask("NOOP")).text.startswith("5.3.3 Unrecognized command 'NOOP' [")


async def _bounce(world: World) -> None:
    client = await world.ready()
    assert (await client.mail()).code == 250
    _, report = world.exchange.messages()
    assert (report["from"], report["to"]) == ("", [MAILBOX])
    raw = world.exchange.raw(2) or b""
    assert b"Status: 5.1.10\r\n" in raw
    assert b"Final-Recipient: rfc822;bob@contoso.test\r\n" in raw
    assert world.stats()["accepted"] == 1


async def _gone(client: Client, command: str) -> None:
    with pytest.raises(EOFError):
        await client.ask(command)


OTHERS: dict[str, Callable[[World], Awaitable[None]]] = {
    "connection-refused": _reset,
    "invalid-domain-name": _invalid_domain,
    "no-starttls": _no_starttls,
    "no-xoauth2": _no_xoauth2,
    "hide-extension": _hidden,
    "starttls-refused": _starttls_refused,
    "starttls-injection": _starttls_injection,
    "certificate-untrusted": _bad_certificate("self-signed certificate in certificate chain|unable to get local issuer"),
    "certificate-wrong-host": _bad_certificate("Hostname mismatch"),
    "certificate-expired": _bad_certificate("has expired"),
    "cut-at-starttls": _cut_at_starttls,
    "cut-at-auth": _cut_at_auth,
    "json-challenge": _json_challenge,
    "cut-before-354": _cut_before_354,
    "cut-in-data": _cut_mail,
    "cut-at-dot": _cut_mail,
    "cut": _cut_mail,
    "cut-after-dot": _cut_after_dot,
    "hang": _hang,
    "slow-reply": _slow,
    "tarpit": _tarpit,
    "dribble": _dribble,
    "garbage-reply": _garbage,
    "over-long-reply": _over_long,
    "endless-reply": _endless,
    "unrecognized-command": _unrecognized,
    "bounce": _bounce,
}

IN_CUTS = {"cut-after-client-bytes", "cut-after-server-bytes"}
"""Swept byte by byte in test_exchange_cuts."""


@pytest.mark.parametrize("name", OTHERS)
async def test_other_misbehaviour(name: str) -> None:
    """Each does what its line in SCENARIOS.md says."""
    async with simulator() as world:
        world.fault(name)
        await OTHERS[name](world)


def test_every_scenario_is_tested() -> None:
    """A new scenario without a test shows here."""
    tested = {*CONNECT, *AUTH, *ENVELOPE, *DOT, *OTHERS, *IN_CUTS}
    assert tested == set(REGISTRY)
    assert sum(len(list(names)) for names in (CONNECT, AUTH, ENVELOPE, DOT, OTHERS, IN_CUTS)) == len(tested)
