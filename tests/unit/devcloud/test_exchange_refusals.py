"""Every refusal that has a name, each made to happen over a real connection, text compared with what is known."""

import pytest

from tests.unit.devcloud.exchange_client import MAILBOX, RECIPIENT, simulator
from tests.unit.devcloud.exchange_replies import AUTH, CONNECT, DOT, ENVELOPE


@pytest.mark.parametrize("name", CONNECT)
async def test_greeting_refusals(name: str) -> None:
    """A refusal in place of the greeting closes the connection."""
    code, text = CONNECT[name]
    async with simulator() as world:
        world.fault(name)
        client = await world.client()
        refused = await client.reply()
        assert (refused.code, refused.text[: len(text)]) == (code, text)
        assert await client.rest() == b""


@pytest.mark.parametrize("name", AUTH)
async def test_login_refusals(name: str) -> None:
    """Each refusal comes in place of the answer to the token, once, and the next login works or the connection ends."""
    code, text = AUTH[name]
    async with simulator() as world:
        world.fault(name, count=1, match={"mailbox": MAILBOX.upper()})
        client = await world.client()
        await client.secure()
        refused = await client.login()
        assert (refused.code, refused.text[: len(text)]) == (code, text)
        assert world.stats()["auth_failures"] == 1
        if code == 421:
            assert await client.rest() == b""
        else:
            assert (await client.login()).code == 235


@pytest.mark.parametrize("name", ENVELOPE)
async def test_envelope_refusals(name: str) -> None:
    """Each refusal hits its own command, and the same command works the next time."""
    command, code, text = ENVELOPE[name]
    async with simulator() as world:
        world.fault(name, count=1)
        client = await world.ready()
        commands = {"MAIL": f"MAIL FROM:<{MAILBOX}>", "RCPT": f"RCPT TO:<{RECIPIENT}>", "DATA": "DATA"}
        for verb, line in commands.items():
            reply = await client.ask(line)
            if verb == command:
                assert (reply.code, reply.text[: len(text)]) == (code, text)
                assert (await client.ask(line)).code in {250, 354}
                return


@pytest.mark.parametrize("name", DOT)
async def test_refusals_after_the_dot(name: str) -> None:
    """Each refusal answers the content of the mail that asks for it by address; the mail is not stored, the next one is."""
    code, text = DOT[name]
    async with simulator() as world:
        client = await world.ready()
        refused = await client.mail(RECIPIENT, f"scenario+{name}@contoso.test")
        assert (refused.code, refused.text[: len(text)]) == (code, text)
        assert world.exchange.count() == 0
        if code != 421:
            assert (await client.mail()).code == 250
