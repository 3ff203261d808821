"""Who a mail may be from: the From header against the mailbox, decided after DATA."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.exchange import ExchangeConfig
from devcloud.exchange.content import author
from tests.unit.devcloud.exchange_client import MAILBOX, simulator


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"From: alerts@contoso.test", "250 2.0.0"),
        (b"From: ALERTS@Contoso.Test", "250 2.0.0"),
        (b"From: =?utf-8?q?Caf=C3=A9?= <alerts@contoso.test>", "250 2.0.0"),
        (b"From:\r\n alerts@contoso.test", "250 2.0.0"),
        (b"From: eve@contoso.test", "554 5.2.252"),
        (b"From: alerts+tag@contoso.test", "554 5.2.252"),
        (b'From: "alerts@contoso.test" <eve@contoso.test>', "554 5.2.252"),
        (b"From: alerts@contoso.test, eve@contoso.test", "550 5.1.20"),
        (b"From: alerts@contoso.test, eve@contoso.test\r\nSender: alerts@contoso.test", "554 5.2.252"),
        (b"From: alerts@contoso.test\r\nFrom: eve@contoso.test", "550 5.7.512"),
        (b"From: Alerts", "550 5.7.512"),
        (b"From: ", "550 5.7.512"),
        (b"Subject: no From", "550 5.7.512"),
    ],
)
async def test_from_decides_after_data(head: bytes, code: str) -> None:
    """MAIL, RCPT and DATA say yes; then the From header must be the mailbox."""
    async with simulator() as world:
        client = await world.ready()
        await client.mail(content=head + b"\r\n\r\nHi\r\n")
        assert world.stats()["replies"].get(code) == 1


async def test_send_as_denied_text() -> None:
    """The refusal names both addresses and carries diagnostics far beyond 512 octets, ending with the store's suffix."""
    async with simulator() as world:
        client = await world.ready()
        refused = await client.mail(content=b"From: eve@contoso.test\r\n\r\nHi\r\n")
        assert refused.code == 554
        assert refused.text.startswith(
            "5.2.252 SendAsDenied; alerts@contoso.test not allowed to send as eve@contoso.test; STOREDRV.Submission."
            "Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent "
            "exception with message [BeginDiagnosticData]Cannot submit message. "
        )
        assert re.search(r"\[EndDiagnosticData\] \[Hostname=\w+\.\w+\.prod\.outlook\.com\]$", refused.text)
        assert len(refused.text) > 512


async def test_send_as_table() -> None:
    """A mailbox may send as the addresses that its table names."""
    async with simulator(ExchangeConfig(send_as={MAILBOX: ["Eve@contoso.test"]})) as world:
        client = await world.ready()
        assert (await client.mail(content=b"From: eve@contoso.test\r\n\r\nHi\r\n")).code == 250


@given(st.text(max_size=60))
def test_any_from_value_is_judged(value: str) -> None:
    """No From header, however odd, breaks the reader."""
    assert isinstance(author([("From", value)]).addresses, tuple)


@pytest.mark.parametrize(
    "head",
    [
        b"From: alerts@contoso.test\r\nMessage-ID: <a\n250 2.0.0 OK b@contoso.test>",
        b"From: alerts@contoso.test\r\nMessage-ID: <a\r554 no@contoso.test>",
        b'From: "a\n250 2.0.0 OK"@contoso.test',
    ],
)
async def test_replies_repeat_no_line_ends(head: bytes) -> None:
    """What a reply repeats from the mail cannot begin another reply."""
    async with simulator() as world:
        client = await world.ready()
        answer = await client.mail(content=head + b"\r\n\r\nHi\r\n")
        assert "\n" not in answer.text
        assert "\r" not in answer.text
        assert (await client.ask("NOOP")).text == "2.0.0 OK"
