"""The dialogue around the mail: greeting, EHLO, STARTTLS, order, errors, suffixes."""

import re

from devcloud.exchange import ExchangeConfig
from tests.unit.devcloud.exchange_client import MAILBOX, RECIPIENT, Client, simulator
from tests.unit.devcloud.exchange_tokens import token, xoauth2

HOST = r"[A-Z0-9]+"
FRONT = rf"\[{HOST}\.{HOST}\.PROD\.OUTLOOK\.COM \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z [0-9A-F]{{16}}\]"


async def test_greeting_names_host_date_and_session() -> None:
    """The banner has the form that was seen in 2025."""
    async with simulator() as world:
        client = await world.client()
        greeting = await client.reply()
        assert greeting.code == 220
        assert re.fullmatch(
            rf"{HOST}\.outlook\.office365\.com Microsoft ESMTP MAIL Service ready at "
            r"Wed, 18 Nov 2026 11:06:40 \+0000 \[[0-9A-F]{16}\]",
            greeting.text,
        )


async def test_ehlo_lists_change_with_tls() -> None:
    """The keywords and their order are the observed ones; AUTH takes the place of STARTTLS inside TLS."""
    async with simulator() as world:
        client = await world.client()
        await client.reply()
        before = await client.ask("EHLO client.contoso.test")
        await client.ask("STARTTLS")
        await client.upgrade()
        after = await client.ask("EHLO client.contoso.test")
        assert re.fullmatch(rf"{HOST}\.outlook\.office365\.com Hello \[127\.0\.0\.1\]", before.lines[0])
        assert before.lines[1:] == (
            "SIZE 157286400",
            "PIPELINING",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "STARTTLS",
            "8BITMIME",
            "BINARYMIME",
            "CHUNKING",
            "SMTPUTF8",
        )
        assert after.lines == tuple("AUTH LOGIN XOAUTH2" if line == "STARTTLS" else line for line in before.lines)


async def test_plain_text_behind_starttls_is_thrown_away() -> None:
    """A command that was smuggled in before TLS is not carried out inside it, and nothing said before TLS counts."""
    async with simulator() as world:
        client = await world.client()
        await client.reply()
        await client.ask("EHLO client.contoso.test")
        await client.send(b"STARTTLS\r\nEHLO smuggled.contoso.test\r\nNOOP\r\n")
        assert (await client.reply()).text == "2.0.0 SMTP server ready"
        await client.upgrade()
        assert (await client.ask(f"MAIL FROM:<{MAILBOX}>")).text.startswith("5.5.2 Send hello first")
        assert (await client.ask("STARTTLS")).code == 503
        assert "250" not in world.stats()["replies"] or world.stats()["replies"]["250"] == 1


async def test_order_errors() -> None:
    """Each command out of turn gets the refusal that names what is missing, with the front end's suffix."""
    async with simulator() as world:
        client = await world.client()
        await client.reply()
        assert (await client.ask("MAIL FROM:<a@contoso.test>")).code == 503
        assert (await client.ask("AUTH XOAUTH2")).code == 503
        await client.ask("EHLO client.contoso.test")
        plain = await client.ask("MAIL FROM:<a@contoso.test>")
        assert plain.code == 451
        assert re.fullmatch(rf"5\.7\.3 STARTTLS is required to send mail {FRONT}", plain.text)
        assert (await client.ask("AUTH XOAUTH2")).text.startswith("5.7.4 Unrecognized authentication type")
        await client.ask("STARTTLS")
        await client.upgrade()
        await client.ask("EHLO client.contoso.test")
        stranger = await client.ask("MAIL FROM:<a@contoso.test>")
        assert stranger.code == 530
        assert re.fullmatch(rf"5\.7\.57 Client not authenticated to send mail\. {FRONT}", stranger.text)
        await client.login()
        assert (await client.ask("RCPT TO:<a@contoso.test>")).text.startswith("5.5.2 Need mail command")
        assert (await client.ask("DATA")).text.startswith("5.5.2 Need mail command")
        assert (await client.ask(f"MAIL FROM:<{MAILBOX}>")).text == "2.1.0 Sender OK"
        assert (await client.ask("DATA")).text.startswith("5.5.2 Need rcpt command")
        assert (await client.ask(f"MAIL FROM:<{MAILBOX}>")).code == 503
        assert (await client.ask("AUTH XOAUTH2")).code == 503
        assert (await client.ask(f"RCPT TO:<{RECIPIENT}>")).text == "2.1.5 Recipient OK"


async def test_refused_mail_repeats_the_auth_error() -> None:
    """After a failed AUTH the 530 of MAIL carries that error."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        await client.login(token(aud="https://graph.microsoft.com"))
        refused = await client.ask(f"MAIL FROM:<{MAILBOX}>")
        said = r"5\.7\.57 Client not authenticated to send mail\. Error: 535 5\.7\.3 Authentication unsuccessful"
        assert refused.code == 530
        assert re.fullmatch(rf"{said} {FRONT}", refused.text)


async def test_unknown_commands_are_tarpitted() -> None:
    """VRFY, HELP and noise get 500 5.3.3 with the verb after the tarpit; so does a bad EHLO name its 501."""
    async with simulator(ExchangeConfig(tarpit=5.0)) as world:
        client = await world.client()
        await client.reply()
        for line in ("VRFY bob", "HELP", "frobnicate now"):
            refused = await client.ask(line)
            assert refused.code == 500
            assert re.fullmatch(rf"5\.3\.3 Unrecognized command '{line.split()[0].upper()}' {FRONT}", refused.text)
        assert (await client.ask("EHLO bad_name")).text.startswith("5.5.4 Invalid domain name")
        assert (await client.ask("EHLO [127.0.0.1]")).code == 250
        assert (await client.ask("EHLO")).code == 501
        assert world.time.slept == [5.0] * 5


async def test_errors_close_the_connection_where_configured() -> None:
    """The option max_errors ends a connection with 421."""
    async with simulator(ExchangeConfig(max_errors=2)) as world:
        client = await world.client()
        await client.reply()
        assert (await client.ask("HELP")).code == 500
        assert (await client.ask("HELP")).code == 421
        assert await client.rest() == b""


async def test_session_id_stays_and_differs() -> None:
    """All replies of one connection carry the id of its banner, another connection has another id."""
    async with simulator() as world:
        ids = []
        for _ in range(2):
            client = await world.client()
            said = [(await client.reply()).text, (await client.ask("HELP")).text, (await client.ask("DATA")).text]
            ids.append({re.findall(r"[0-9A-F]{16}", text)[-1] for text in said})
        assert [len(found) for found in ids] == [1, 1]
        assert ids[0] != ids[1]


async def test_pipelined_commands_are_answered_in_order() -> None:
    """A whole transaction in two flights is answered like one in six."""
    async with simulator() as world:
        client = await world.ready()
        await client.send(f"MAIL FROM:<{MAILBOX}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode())
        assert [(await client.reply()).code for _ in range(3)] == [250, 250, 354]
        await client.send(b"From: alerts@contoso.test\r\n\r\nHi\r\n.\r\nNOOP\r\nQUIT\r\n")
        assert [(await client.reply()).code for _ in range(3)] == [250, 250, 221]
        assert await client.rest() == b""
        assert world.stats()["accepted"] == 1


async def test_pipelined_answers_leave_in_one_flight() -> None:
    """Answers to commands that came together go out in one TLS record, so one read has them all."""
    async with simulator() as world:
        client = await world.ready()
        await client.send(b"NOOP\r\n" * 20)
        first = await client.some()
        assert first == b"250 2.0.0 OK\r\n" * 20


async def test_goodbye_and_reset() -> None:
    """RSET, NOOP, HELO and QUIT say what they say, and RSET forgets the envelope."""
    async with simulator() as world:
        client = await world.ready()
        await client.envelope()
        assert (await client.ask("RSET")).text == "2.0.0 Resetting"
        assert (await client.ask("DATA")).code == 503
        assert (await client.ask("noop")).text == "2.0.0 OK"
        assert (await client.ask("HELO client")).lines[0].endswith("Hello [127.0.0.1]")
        assert (await client.ask("QUIT")).text == "2.0.0 Service closing transmission channel"
        assert await client.rest() == b""


async def test_bare_line_feeds_end_no_command() -> None:
    """A command hidden behind a bare LF or CR is part of the one before, which is refused."""
    async with simulator() as world:
        client = await world.ready()
        for end in (b"\n", b"\r", b"\x00"):
            refused = await client.ask(b"MAIL FROM:<alerts@contoso.test>" + end + b"RCPT TO:<bob@contoso.test>")
            assert refused.code == 501
        assert (await client.ask("DATA")).code == 503


async def test_too_long_lines_are_refused_and_skipped() -> None:
    """A line beyond the limit costs only itself, also one without end for a while; AUTH may be longer than the rest."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        assert (await client.ask("NOOP " + "x" * 3_000)).code == 500
        assert (await client.ask("NOOP " + "x" * 200_000)).code == 500
        assert (await client.ask("NOOP")).code == 250
        assert (await client.ask("AUTH XOAUTH2")).code == 334
        assert (await client.ask("A" * 20_000)).code == 500
        assert (await client.ask(b"NOOP \xff")).code == 500
        assert (await client.ask("NOOP")).code == 250


async def test_silent_client_is_told_and_dropped() -> None:
    """After the idle time the server says 421 4.4.1 and closes."""
    async with simulator(ExchangeConfig(idle_timeout=0.01)) as world:
        client = await world.client()
        await client.reply()
        assert (await client.reply()).text.startswith("4.4.1 Connection timed out")
        assert await client.rest() == b""


async def test_failed_handshake_ends_only_its_connection() -> None:
    """Garbage in place of a TLS handshake drops the client; the next one is served."""
    async with simulator() as world:
        client = await world.client()
        await client.reply()
        await client.ask("EHLO client.contoso.test")
        await client.ask("STARTTLS")
        await client.send(b"this is no handshake at all\r\n\r\n")
        await client.rest()
        assert isinstance(await world.ready(), Client)


async def test_stop_ends_open_connections() -> None:
    """Stopping does not wait for clients that stay."""
    async with simulator() as world:
        client = await world.ready()
        await world.exchange.stop()
        assert await client.rest() == b""


async def test_initial_response_in_lower_case_works() -> None:
    """The one-line form of XOAUTH2 is taken, in either letter case."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        assert (await client.ask(f"auth xoauth2 {xoauth2(MAILBOX, token())}")).text == "2.7.0 Authentication successful"
