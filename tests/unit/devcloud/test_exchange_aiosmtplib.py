"""An independent client against the simulator: aiosmtplib, unchanged."""

from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.unit.devcloud.exchange_client import MAILBOX, RECIPIENT, World, contexts, simulator
from tests.unit.devcloud.exchange_tokens import token


def client(world: World) -> aiosmtplib.SMTP:
    """A client that insists on TLS and knows no password."""
    return aiosmtplib.SMTP(
        hostname="localhost", port=world.port, start_tls=True, tls_context=contexts()[1], timeout=5, local_hostname="c.test"
    )


async def test_mail_is_sent() -> None:
    """Connect, STARTTLS, XOAUTH2 and a message with an attachment; the answer names the stored Message-ID."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = MAILBOX, RECIPIENT, "Grüße"
    message["Message-ID"] = "<2@contoso.test>"
    message.set_content("Hello\n.\n..\n")
    message.add_attachment(b"\x00\xff" * 1_000, maintype="application", subtype="octet-stream", filename="a.bin")
    async with simulator() as world:
        smtp = client(world)
        await smtp.connect()
        await smtp.auth_xoauth2(MAILBOX, token())
        refused, said = await smtp.send_message(message)
        await smtp.quit()
        assert refused == {}
        assert said.startswith("2.0.0 OK <2@contoso.test> [Hostname=")
        stored = world.exchange.raw(1) or b""
        assert b"\r\n.\r\n..\r\n" in stored
        assert world.exchange.messages()[0]["to"] == [RECIPIENT]


async def test_refusals_are_understood() -> None:
    """A refused login, a refused recipient and a refused mail arrive as what they are, text included."""
    async with simulator() as world:
        smtp = client(world)
        await smtp.connect()
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match=r"5\.7\.3 Authentication unsuccessful"):
            await smtp.auth_xoauth2(MAILBOX, token(aud="https://graph.microsoft.com"))
        await smtp.auth_xoauth2(MAILBOX, token())
        with pytest.raises(aiosmtplib.SMTPDataError, match=r"5\.2\.252 SendAsDenied"):
            await smtp.sendmail(MAILBOX, [RECIPIENT], b"From: eve@contoso.test\r\n\r\nHi\r\n")
        someone = "scenario+recipient-refused-5xx@contoso.test"
        refused, _ = await smtp.sendmail(MAILBOX, [someone, RECIPIENT], b"From: alerts@contoso.test\r\n\r\nHi\r\n")
        assert list(refused) == [someone]
        await smtp.quit()


async def test_injected_plain_text_is_not_believed() -> None:
    """The STARTTLS injection does not reach this client's dialogue inside TLS."""
    async with simulator() as world:
        world.fault("starttls-injection")
        smtp = client(world)
        await smtp.connect()
        await smtp.ehlo()
        assert smtp.server_auth_methods == ["login", "xoauth2"]
        await smtp.quit()


async def test_dribbled_replies_are_read() -> None:
    """Replies byte by byte are replies."""
    async with simulator() as world:
        smtp = client(world)
        await smtp.connect()
        await smtp.auth_xoauth2(MAILBOX, token())
        world.fault("dribble", match={"stage": "mail"})
        await smtp.sendmail(MAILBOX, [RECIPIENT], b"From: alerts@contoso.test\r\n\r\nHi\r\n")
        await smtp.quit()
        assert world.exchange.count() == 1
