"""Two hosts are given the same message at the same moment: one mail. Two whole houses on one Azurite and one Exchange."""

import asyncio
import json
import secrets
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from devcloud.authority import ThrowAwayAuthority
from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.tokens import SigningKeys
from shared.breakers import Breakers
from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.edges.queues import Queues
from shared.edges.recipient_refs import KEY_LENGTH, RecipientRefs
from shared.edges.smtp_gateway import SmtpGateway
from shared.edges.stops import StopRecords
from shared.edges.storage_account import StorageAccount
from shared.intake import Arrival
from shared.rules.endpoints import Endpoint, Endpoints
from shared.rules.mail_row import Entry, MailRow
from shared.rules.orders import Order, decode
from shared.rules.states import State
from shared.rules.storage_config import StorageSettings
from shared.telemetry import silent
from shared.wiring_graph import House
from tests.azurite import RunningAzurite
from tests.contract.house_parts import CONFIG, Given, environment, house_with, issued
from tests.fakes.pace import FreePace

MAILS = 30
HOSTS = 2

TOGETHER_SECONDS = 30.0
"""Until a host that waits for the other one gives up; they meet within milliseconds."""


@dataclass
class Start:
    """Where both hosts wait, for each mail, until both are about to claim it."""

    barriers: dict[str, asyncio.Barrier] = field(default_factory=lambda: defaultdict(lambda: asyncio.Barrier(HOSTS)))

    async def wait(self, mail_id: str) -> None:
        """Return at the moment at which the last of them comes."""
        async with asyncio.timeout(TOGETHER_SECONDS):
            await self.barriers[mail_id].wait()


@dataclass(frozen=True)
class RacingLedger:
    """A ledger whose claims wait for the other host's."""

    ledger: Ledger
    start: Start

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the ledger has
        """The ledger's own."""
        return getattr(self.ledger, name)

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """As the port says; a claim together with the other host's."""
        if (entry.row.state, row.state) == (State.WAITING, State.SENDING):
            await self.start.wait(row.id)
        return await self.ledger.update(entry, row)


@dataclass(frozen=True)
class Scene:
    """Two houses, what they share, and the orders that wait for them."""

    houses: list[House]
    exchange: Exchange
    orders: list[Order]

    async def race(self) -> None:
        """Every order to both hosts at once."""
        async with asyncio.timeout(TOGETHER_SECONDS):
            await asyncio.gather(*(house.send.process(order) for order in self.orders for house in self.houses))

    async def states(self) -> Counter[State]:
        """Of all mails."""
        entries = [await self.houses[0].status.any_mail(order.id) for order in self.orders]
        return Counter(entry.row.state for entry in entries if entry is not None)

    def copies(self) -> Counter[str]:
        """How often each mail is at Exchange, by its Message-ID."""
        return Counter(mail["message_id"] for mail in self.exchange.messages())


@asynccontextmanager
async def a_house(environ: dict[str, str], token: str, start: Start) -> AsyncIterator[House]:
    """One host's, with connections of its own."""
    account = StorageAccount(StorageSettings(connection_string=environ["MailStorage"]))
    gateway = SmtpGateway(
        Endpoints(Endpoint("localhost", int(environ["MAIL_SMTP_PORT"]))),
        ca_file=environ["MAIL_CA_FILE"],
        telemetry=silent(),
        clock=time.time,
        monotonic=time.monotonic,
    )
    real = Ledger(account, Payloads(account), silent(), new_id=lambda: uuid.uuid4().hex, keep_payload=86_400.0)
    ledger = RacingLedger(real, start)
    parts = {
        "ledger": ledger,
        "open_mails": ledger,
        "queues": Queues(account),
        "references": RecipientRefs(account, new_key=lambda: secrets.token_bytes(KEY_LENGTH)),
        "breakers": Breakers(StopRecords(account, new_id=lambda: uuid.uuid4().hex), silent(), time.time),
        "gateway": gateway,
        "pace": FreePace(),  # all mails at once: the claim alone has to decide
        "tokens": Given.text(token),
    }
    try:
        yield house_with(environ, parts)
    finally:
        await gateway.close()
        await account.close()


async def accepted(house: House, storage: str) -> list[Order]:
    """Mails that the first house took in, as orders on `sending`."""
    producer = house.config.producers["default"]
    for number in range(MAILS):
        body = {"id": f"m{number}", "sender": "alerts", "to": [f"{number}@contoso.test"], "subject": "Disk", "text": "full"}
        await house.intake.take(Arrival(producer, json.dumps(body).encode(), message_id=f"message-{number}"))
    async with QueueClient.from_connection_string(storage, "sending") as queue:
        return [decode(message.content) async for message in queue.receive_messages(messages_per_page=32)]


@pytest.fixture
async def scene(azurite: RunningAzurite, tmp_path: Path) -> AsyncIterator[Scene]:
    """Thirty mails, and two hosts that know of none of them yet."""
    keys, authority, start = SigningKeys(), ThrowAwayAuthority(), Start()
    authority.write_certificate(tmp_path / "ca.pem")
    (tmp_path / "mail.toml").write_text(CONFIG)
    config = ExchangeConfig(messages_per_minute=10_000, connections=HOSTS * MAILS)
    exchange = Exchange(config, authority.server_context(), keys.public_keys, time.time)
    storage = azurite.connection_string(azurite.fresh_account())
    environ = environment(storage, await exchange.start(), tmp_path)
    try:
        async with a_house(environ, issued(keys), start) as one, a_house(environ, issued(keys), start) as other:
            yield Scene([one, other], exchange, await accepted(one, storage))
    finally:
        await exchange.stop()


async def test_two_hosts_that_claim_at_the_same_moment_send_one_copy(scene: Scene) -> None:
    """Both have read the waiting row, and Exchange has both envelopes: one of them says DATA, for each of the mails."""
    assert len(scene.orders) == MAILS
    await scene.race()
    assert scene.exchange.stats()["replies"]["250 2.1.0"] == HOSTS * MAILS
    assert sorted(scene.copies().values()) == [1] * MAILS
    assert await scene.states() == {State.SENT: MAILS}


async def test_an_order_that_comes_again_after_its_mail_was_sent_sends_nothing(scene: Scene) -> None:
    """A queue may deliver twice, and much later: the row says that nothing is left to do."""
    await scene.race()
    await scene.race()
    assert sorted(scene.copies().values()) == [1] * MAILS
