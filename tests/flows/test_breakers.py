"""A mailbox that Exchange refuses is left alone by all its mails, and by no other's."""

import base64

import pytest

from tests.flows.client import Client, reasons

BACKLOG = 8

REFUSALS = {
    "authentication-unsuccessful": ("login-refused", 2),
    "smtp-auth-disabled-mailbox": ("smtp-auth-off-for-mailbox", 1),
    "send-as-denied": ("send-as-denied", 1),
    "lockout-send-as-denied": ("locked-out-send-as", 1),
    "mailbox-full": ("mailbox-full", 1),
}
"""What Exchange says, the reason that the operator sees, and how often Exchange may be asked: a 535 once more, with a fresh
token; everything else once."""


@pytest.mark.parametrize("scenario", REFUSALS)
def test_exchange_is_asked_once_however_many_mails_wait(exchange: Client, fresh_sender: str, scenario: str) -> None:
    """One mail finds out; the others wait at the stop without an attempt, and another sender's mail goes."""
    reason, asked = REFUSALS[scenario]
    exchange.faults({"name": scenario, "match": {"mailbox": f"{fresh_sender}@contoso.test"}})
    first = exchange.submit(sender=fresh_sender)
    assert exchange.reason(first, reason)["attempts"] == 1
    mails = [exchange.submit(sender=fresh_sender) for _ in range(BACKLOG)]
    held = [exchange.reason(mail, f"stopped: {reason}") for mail in mails]
    assert {(status["state"], status["attempts"]) for status in held} == {("waiting", 0)}
    assert {status["reason"]["code"] for status in held} == {reason}
    assert exchange.fired() == [asked]
    assert exchange.settled(exchange.submit())["state"] == "sent"


def test_held_mails_have_no_message_in_the_queue(exchange: Client, fresh_sender: str) -> None:
    """They do not turn round in it until the stop ends; and their caller may still cancel them."""
    exchange.faults({"name": "lockout-send-as-denied", "match": {"mailbox": f"{fresh_sender}@contoso.test"}})
    exchange.reason(exchange.submit(sender=fresh_sender), "locked-out-send-as")
    mail = exchange.submit(sender=fresh_sender)
    exchange.reason(mail, "stopped: locked-out-send-as")
    assert not [body for body, _ in exchange.peek("sending") if mail in base64.b64decode(body).decode()]
    answer = exchange.delete(f"messages/{mail}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert "accepted" in reasons(answer.json())
