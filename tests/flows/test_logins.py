"""Servers that may not have the token, and a token that the server does not want."""

import pytest

from tests.flows.client import Client, Json, reasons, states
from tests.flows.waiting import wait_for

UNTRUSTED = "certificate-not-trusted"

NO_TOKEN_FOR: dict[str, str] = {
    "certificate-untrusted": UNTRUSTED,
    "certificate-wrong-host": "certificate-of-another-host",
    "certificate-expired": "certificate-out-of-date",
    "no-starttls": "starttls-not-offered",
    "no-xoauth2": "xoauth2-not-offered",
}
"""Servers that no waiting makes better, and the reason with which a mail is parked."""

LOGIN = ["EHLO keyless-mail.local", "STARTTLS", "EHLO keyless-mail.local", "AUTH XOAUTH2"]


def login_replies(stats: Json) -> dict[str, int]:
    """Exchange's replies to AUTH so far, from the challenge on: without a challenge nobody has said a token."""
    return {
        reply: count for reply, count in stats["replies"].items() if reply.partition(" ")[0] in {"334", "235", "535", "501"}
    }


@pytest.mark.parametrize("scenario", NO_TOKEN_FOR)
def test_a_server_that_cannot_be_trusted_gets_no_token(exchange: Client, fresh_sender: str, scenario: str) -> None:
    """The mail is parked with the reason; the server was called, but was never told AUTH."""
    exchange.faults({"name": scenario})
    before = exchange.stats()
    status = exchange.settled(exchange.submit(sender=fresh_sender))
    after = exchange.stats()
    assert (status["state"], reasons(status)[-1]) == ("parked", NO_TOKEN_FOR[scenario])
    assert after["connections_opened"] > before["connections_opened"]
    assert login_replies(after) == login_replies(before)
    assert after["auth_failures"] == before["auth_failures"]
    assert exchange.of(status) == []


@pytest.mark.parametrize("scenario", ["starttls-refused", "cut-at-starttls"])
def test_a_disturbed_starttls_leads_to_no_login(exchange: Client, fresh_sender: str, scenario: str) -> None:
    """Whatever is said around STARTTLS, no token is said before TLS stands; the mail waits."""
    exchange.faults({"name": scenario})
    before = login_replies(exchange.stats())
    mail = exchange.submit(sender=fresh_sender)

    def tried() -> Json | None:
        status = exchange.status(mail)
        return status if status and status["attempts"] else None

    assert states(wait_for("an attempt", tried))[-1] == "waiting"
    assert login_replies(exchange.stats()) == before


def test_what_was_said_before_tls_does_not_count(exchange: Client, fresh_sender: str) -> None:
    """Text glued to the answer to STARTTLS, in plain sight, is thrown away (RFC 3207 section 4.2)."""
    exchange.faults({"name": "starttls-injection"})
    status = exchange.settled(exchange.submit(sender=fresh_sender))
    (mail,) = exchange.of(status)
    assert exchange.dialogue(mail)[:4] == LOGIN


def test_a_refused_token_is_replaced_at_once(exchange: Client, fresh_sender: str) -> None:
    """After a 535 the cached token is dropped, and a fresh one is used in the same attempt."""
    exchange.settled(exchange.submit())  # from now on the app has a token
    issued = exchange.identity_stats()["issued"]
    exchange.faults(
        {"name": "authentication-unsuccessful", "count": 1, "match": {"mailbox": f"{fresh_sender}@contoso.test"}}
    )
    failures = exchange.stats()["auth_failures"]
    status = exchange.settled(exchange.submit(sender=fresh_sender))
    assert states(status) == ["waiting", "sending", "sent"]
    assert exchange.identity_stats()["issued"] == issued + 1
    assert exchange.stats()["auth_failures"] == failures + 1
    assert len(exchange.of(status)) == 1


def test_a_login_refused_twice_waits(exchange: Client, fresh_sender: str) -> None:
    """A second 535 with a fresh token is no longer the token's fault: nobody hammers the mailbox, and the mail waits."""
    rule = {"name": "authentication-unsuccessful", "match": {"mailbox": f"{fresh_sender}@contoso.test"}}
    exchange.faults(rule)
    status = exchange.reason(exchange.submit(sender=fresh_sender), "login-refused")
    assert (status["state"], status["attempts"]) == ("waiting", 1)
    assert exchange.fired() == [2]


def test_every_mail_logs_in_over_verified_tls_in_two_steps(client: Client, fresh_sender: str) -> None:
    """The dialogue of a mail: STARTTLS before AUTH, AUTH without an initial response, nothing of the token on that line."""
    status = client.settled(client.submit(sender=fresh_sender))
    dialogue = client.dialogue(client.of(status)[0])
    assert dialogue[:4] == LOGIN
