"""How scenarios are chosen: by rules with counts, chances and facts, and by recipients."""

import ssl
from pathlib import Path

import pytest

from devcloud.exchange.actions import STAGES
from devcloud.exchange.faults import FaultPlan, Rule, unknown_scenario
from devcloud.exchange.scenarios import REGISTRY, table
from tests.unit.devcloud.exchange_client import MAILBOX, RECIPIENT, contexts, simulator
from tests.unit.devcloud.exchange_tokens import token, xoauth2

PAGE = Path(__file__).parents[3] / "devcloud" / "exchange" / "SCENARIOS.md"


def test_page_lists_the_registry() -> None:
    """The table of SCENARIOS.md is the registry's own."""
    assert table() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", STAGES)
async def test_421_at_any_stage(stage: str) -> None:
    """The server can shut down at every point; it says so and closes."""
    async with simulator() as world:
        world.fault("service-not-available", match={"stage": stage})
        client = await world.client()
        lines = ["EHLO c.contoso.test", "STARTTLS", "EHLO c.contoso.test", f"AUTH XOAUTH2 {xoauth2(MAILBOX, token())}"]
        lines += ["NOOP", "RSET", f"MAIL FROM:<{MAILBOX}>", f"RCPT TO:<{RECIPIENT}>", "DATA"]
        lines += ["From: alerts@contoso.test\r\n\r\n.", "QUIT"]
        said = [(await client.reply()).code]
        for line in lines:
            if said[-1] == 421:
                break
            said.append((await client.ask(line)).code)
            if line == "STARTTLS" and said[-1] == 220:
                await client.upgrade()
        assert said[-1] == 421
        assert await client.rest() == b""
        assert world.exchange.count() == (1 if stage in {"accepted", "quit"} else 0)
        assert world.stats()["throttles"] == 1


async def test_count_and_match() -> None:
    """A rule fires as often as it says, only where all its facts fit, and the next rule has its turn when it is spent."""
    async with simulator() as world:
        client = await world.ready()
        match = {"to": "EVE@contoso.test", "from": MAILBOX, "transaction": 2, "connection": 1, "secure": True}
        appid = "22222222-2222-2222-2222-222222222222"
        world.fault("mailbox-full", count=1, match={**match, "appid": appid, "helo": "client.contoso.test"})
        codes = [(await client.mail(to)).code for to in ("eve@contoso.test", "eve@contoso.test", "eve@contoso.test")]
        assert codes == [250, 554, 250]
        [rule] = world.exchange.faults()["scenarios"]
        assert rule["fired"] == 1


async def test_slow_and_then_refused() -> None:
    """A rule that only slows lets the next one answer."""
    async with simulator() as world:
        rules = [Rule(REGISTRY["slow-reply"], options={"seconds": 7.0}), Rule(REGISTRY["mailbox-full"])]
        world.exchange.service.faults = FaultPlan(rules)
        client = await world.ready()
        assert (await client.mail()).code == 554
        assert world.time.slept == [7.0]


def test_probability_is_repeatable() -> None:
    """The same seed draws the same way, about as often as the probability says; another seed draws another way."""

    def drawn(seed: int | None) -> list[bool]:
        rule = Rule(REGISTRY["mailbox-full"], probability=0.3, seed=seed)
        return [rule.draw() for _ in range(1_000)]

    assert drawn(1) == drawn(1)
    assert drawn(None) == drawn(None)
    assert drawn(1) != drawn(2)
    assert 250 < sum(drawn(1)) < 350


async def test_unknown_scenario_in_an_address_is_refused() -> None:
    """A misspelt name is told at RCPT, also one that no address can ask for; a plus address of anybody else is fine."""
    async with simulator() as world:
        client = await world.ready()
        await client.ask(f"MAIL FROM:<{MAILBOX}>")
        for local in ("scenario+mailbox-ful", "scenario+no-starttls", "Scenario+"):
            assert (await client.ask(f"RCPT TO:<{local}@contoso.test>")).code == 501
        for local in ("scenario", "bob+mailbox-full", "Scenario+Mailbox-Full", "x.scenario+nothing"):
            assert (await client.ask(f"RCPT TO:<{local}@contoso.test>")).code == 250
    assert unknown_scenario("scenario+hang@contoso.test") is None


async def test_one_recipient_is_refused_by_its_address() -> None:
    """The refused one is left out, the others get the mail."""
    async with simulator() as world:
        client = await world.ready()
        await client.ask(f"MAIL FROM:<{MAILBOX}>")
        assert (await client.ask("RCPT TO:<scenario+recipient-refused-5xx@contoso.test>")).code == 550
        assert (await client.ask("RCPT TO:<scenario+recipient-refused-4xx@contoso.test>")).code == 450
        await client.ask(f"RCPT TO:<{RECIPIENT}>")
        await client.ask("DATA")
        assert (await client.ask("From: alerts@contoso.test\r\n\r\n.")).code == 250
        assert world.exchange.messages()[0]["to"] == [RECIPIENT]


async def test_trusted_names_without_special_certificates() -> None:
    """Without certificates of their own the two certificate scenarios still show one that nobody trusts."""
    async with simulator() as world:
        world.exchange.service.certificates = {}
        world.fault("certificate-expired")
        client = await world.client()
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.secure()
    assert set(contexts()[2]) == {"wrong-host", "expired"}
