"""What takes long because the app waits on purpose: it happens in a cloud of its own while the other tests run.

First its only host is killed while mails are under way. Then two hosts take over, with a short lease, and Exchange, the
identity endpoint and storage misbehave; every pause is the one that the app has in production.
"""

import json
import math
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.flows.client import Client, Json
from tests.flows.processes import Cloud
from tests.flows.waiting import wait_for

LEASE = 2.0
"""Seconds for which a queue message is hidden and an attempt holds its mail: a dead host is noticed that much later."""

LONG_PAUSES = 150.0
"""Seconds. A mail with an unknown outcome waits 30, a refused recipient up to 30, a token that is not there up to 30."""

BOTH = ("alerts", "reports")
"""Senders: the first has unknown outcomes sent again, the second has them held for a person."""

REPLIES_AFTER = (0.4, 8.0)
"""Seconds that Exchange takes for the first sender's mails, and for the second's."""

UNDER_WAY = 24
"""Mails on the queue when the host is killed: the pool's connections are full, and most of them wait."""

TWICE = 24
ORDERS = 6
"""Mails for two hosts at once, and messages on `sending` for each of them: together more than one host takes at a time."""

RACE_BEGINS = 6.0
"""Seconds from now: long enough to put all those messages before the first of them shows itself."""


@dataclass(frozen=True, slots=True)
class Retried:
    """One mail that met a misbehaviour: its status at rest, and what Exchange took of it."""

    status: Json
    mails: list[Json]


# The host that dies.


def kill_the_host(client: Client) -> list[str]:
    """Put mails on the queue and kill the host with SIGKILL in the middle of them; gives the mails' keys."""
    # One sender's mails end while the other's still wait for their reply, so that the kill hits some of each for sure.
    slow = [
        {"name": "slow-reply", "match": {"stage": "dot", "from": f"{sender}@contoso.test"}, "with": {"seconds": seconds}}
        for sender, seconds in zip(BOTH, REPLIES_AFTER, strict=True)
    ]
    client.faults(*slow)
    keys = [f"crash-{number}" for number in range(UNDER_WAY)]
    for number, key in enumerate(keys):
        client.produce(id=key, sender=BOTH[number % 2], to=[f"{key}@contoso.test"])
    wait_for("some mails to be taken while others are under way", lambda: _in_the_middle(client.stats()), pause=0.02)
    os.kill(client.cloud.line["pids"]["host-1"], signal.SIGKILL)
    client.faults()
    return keys


def _in_the_middle(stats: Json) -> bool:
    """Whether mails were taken, and both mailboxes have been seen at work."""
    return stats["accepted"] >= 4 and all(f"{sender}@contoso.test" in stats["peak_connections"] for sender in BOTH)


def after_the_kill(client: Client, keys: list[str]) -> dict[str, Retried]:
    """What became of the mails that were under way, when all of them are at rest."""
    return {key: _retried(client, key) for key in keys}


# Replies that make the app wait.


def provoke(client: Client) -> dict[str, str]:
    """Send one mail into each misbehaviour that leads to another attempt; gives the mails' ids by its name."""
    rules: list[Json] = [
        {"name": "concurrent-connections", "count": 1, "match": {"to": "busy@contoso.test"}},
        {"name": "recipient-refused-4xx", "count": 1, "match": {"to": "late@contoso.test"}},
        {"name": "cut-after-dot", "count": 1, "match": {"to": "resend@contoso.test"}},
        {"name": "cut-after-dot", "count": 1, "match": {"to": "hold@contoso.test"}},
        {"name": "cut-at-dot", "count": 1, "match": {"to": "lost@contoso.test"}},
        {"name": "cut-before-354", "count": 1, "match": {"to": "halfway@contoso.test"}},
    ]
    client.faults(*rules)
    mails = {
        "busy": client.submit(to=["busy@contoso.test"]),
        "late": client.submit(to=["first@contoso.test", "late@contoso.test"], cc=["third@contoso.test"]),
        "resend": client.submit(to=["resend@contoso.test"]),
        "hold": client.submit(to=["hold@contoso.test"], sender="reports"),
        "tightened": client.submit(to=["scenario+cut-after-dot@hold.contoso.test"], on_unknown="hold"),
        "lost": client.submit(to=["lost@contoso.test"]),
        "halfway": client.submit(to=["halfway@contoso.test"]),
        "twice": client.submit(to=["scenario+cut-after-dot@contoso.test"]),
    }
    wait_for("every misbehaviour to happen once", lambda: client.fired() == [1] * len(rules))
    client.faults()
    return mails


def after_the_pauses(client: Client, mails: dict[str, str]) -> dict[str, Retried]:
    """What became of them."""
    return {name: _retried(client, mail) for name, mail in mails.items()}


def _retried(client: Client, name: str) -> Retried:
    status = client.settled(name, seconds=LONG_PAUSES)
    return Retried(status, client.of(status))


# Two hosts at once.


def race(first: Client, second: Client) -> list[str]:
    """Mails through both hosts, each with many messages that all show themselves at its time; gives the mails' ids."""
    begin = time.time() + RACE_BEGINS
    due = datetime.fromtimestamp(begin, UTC).isoformat()
    hosts = (first, second)
    mails = [hosts[number % 2].submit(to=[f"race-{number}@contoso.test"], send_at=due) for number in range(TWICE)]
    for _ in range(ORDERS - 1):
        for mail in mails:
            order = {"v": 1, "id": mail, "ticket": 1, "traceparent": ""}
            first.put("sending", json.dumps(order).encode(), delay=max(0, math.ceil(begin - time.time())))
    return mails


# An app whose identity endpoint is down.

OUTAGES: tuple[tuple[str, Json, str], ...] = (
    ("no answer", {"name": "drop"}, "identity-down"),
    ("500", {"name": "status", "status": 500}, "identity-down"),
    ("429", {"name": "status", "status": 429, "retry_after": 2}, "identity-throttled"),
)
"""What the endpoint does, how the emulator is told, and the reason that the mail's timeline names."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The mails of one kind of outage: what their timelines said while it lasted, and their end."""

    during: list[Json]
    after: list[Retried]


def without_identity(client: Client, client_id: str) -> dict[str, Outage]:
    """Mails accepted while the app cannot get a token, and what became of them when it could again."""
    during = {kind: _outage(client, client_id, fault, reason) for kind, fault, reason in OUTAGES}
    client.identity()
    return {kind: Outage(seen, [_retried(client, status["id"]) for status in seen]) for kind, seen in during.items()}


def _outage(client: Client, client_id: str, fault: Json, reason: str) -> list[Json]:
    """Send mails until one of them made the app ask the endpoint: for some seconds it answers from memory."""
    client.identity({**fault, "match": {"client_id": client_id}})
    asked = client.identity_stats()["requests"]
    seen: list[Json] = []

    def another() -> bool:
        seen.append(client.reason(client.submit(to=["token@contoso.test"]), reason))
        return bool(client.identity_stats()["requests"] > asked)

    wait_for("the app to ask for a token", another, pause=1.0)
    return seen


def no_tokens(cloud: Cloud, client_id: str) -> dict[str, str]:
    """Settings of an app that shares nothing with the cloud's own but Exchange and the identity endpoint."""
    return {**cloud.settings, "MailStorage": cloud.second_account, "AZURE_CLIENT_ID": client_id}
