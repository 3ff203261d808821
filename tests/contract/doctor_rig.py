"""The doctor with the real walk and the real way to a token, against a simulated tenant; storage is in memory."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import SYSTEM_ASSIGNED, IdentityFaults
from devcloud.exchange import Exchange, ExchangeConfig, other_certificates
from devcloud.grants import export
from devcloud.tokens import SigningKeys
from shared.doctor import Doctor, Question
from shared.doctor_mail import DoctorMail
from shared.doctor_storage import StorageTrials
from shared.doctor_token import TokenCheck
from shared.edges.smtp_offer import Timeouts
from shared.edges.smtp_walk import SmtpWalk
from shared.edges.token_managed import ManagedIdentityFetch
from shared.edges.token_source import TokenSource
from shared.rules.config import Identity, IdentityModel, MailConfig
from shared.rules.cures import Ids
from shared.rules.endpoints import Endpoint, Endpoints
from shared.rules.grants import Grants, grants_from
from shared.rules.token_claims import claims_of
from shared.steer import Steer
from shared.telemetry import silent
from tests.fakes.quotas import FakeQuotas
from tests.fakes.storage import FakePayloads
from tests.fakes.token_rig import SCOPE, endpoints
from tests.fakes.token_rig import Endpoints as Tenant
from tests.stage import Stage, a_config

GRAPH = "https://graph.microsoft.com/.default"
QUICK = Timeouts(connect=2.0, command=2.0, opening=4.0)

Found = dict[str, Any]


@dataclass
class Clinic:
    """A tenant, a server, and the doctor of an app there. `model` and `grants` are what the next examination finds."""

    tenant: Tenant
    exchange: Exchange
    server: Endpoint
    ca_file: str | None
    config: MailConfig = field(default_factory=a_config)
    grants: Grants | None = None
    client_id: str | None = None

    def access(self, **changed: object) -> None:
        """Change what Exchange knows and allows."""
        self.exchange.set_faults(json.dumps({"access": changed}).encode())

    def misbehave(self, scenario: str) -> None:
        """Arm one scenario of the server."""
        self.exchange.set_faults(json.dumps({"scenarios": [{"name": scenario}]}).encode())

    def identity(self, **faults: Any) -> None:  # noqa: ANN401 - fields of IdentityFaults
        """Change the tokens."""
        self.tenant.directory.set_faults(IdentityFaults(**faults))

    def import_grants(self) -> None:
        """An administrator exports what the tenant grants now, and somebody imports it."""
        access, boxes = self.exchange.service.access, [box for one in self.config.senders.values() for box in one.mailboxes]
        exported = export(self.tenant.directory, access, SYSTEM_ASSIGNED, senders=boxes)
        self.grants = grants_from(json.dumps(exported).encode())

    def claim(self) -> None:
        """Mail.toml says model = "claim"."""
        self.config = replace(self.config, identity=Identity(model=IdentityModel.CLAIM))

    async def examine(self, *, sender: str | None = None, send: bool = False) -> Found:
        """The doctor's report."""
        return await self.doctor().examine(Question(who="Sam", sender=sender, send=send))

    async def faults(self) -> dict[str, Found]:
        """Its faults and warnings, by code: the first of each."""
        found = (await self.examine())["findings"]
        return {one["code"]: one for one in reversed(found) if one["standing"] in {"fault", "warning"}}

    def doctor(self) -> Doctor:
        """A doctor of this moment."""
        stage = Stage(config=self.config, now=time.time())
        tokens = TokenSource(ManagedIdentityFetch(SCOPE, client_id=self.client_id), telemetry=silent(), clock=time.time)
        storage = StorageTrials(stage.queues, stage.ledger, FakeQuotas(), FakePayloads(), stage.attachments, ("outbox",))
        steer = Steer(stage.config, stage.ledger, stage.placer, stage.clock)
        return Doctor(
            config=self.config,
            warnings=(),
            ids=Ids(app="contoso-mail", group="mail"),
            walk=SmtpWalk(Endpoints(self.server), ca_file=self.ca_file, timeouts=QUICK),
            storage=storage,
            token=TokenCheck(self.config, tokens, self._graph_roles, time.time),
            newest_grants=self._grants,
            stops=stage.stops,
            mail=DoctorMail(stage.accept_story, stage.ledger, steer, stage.stops, stage.clock, stage.sleep),
            clock=time.time,
        )

    async def _graph_roles(self) -> tuple[str, ...]:
        text, _ = await ManagedIdentityFetch(GRAPH).__call__()
        claims = claims_of(text)
        return claims.roles if claims else ()

    async def _grants(self) -> Grants | None:
        return self.grants


@asynccontextmanager
async def clinic(keys: SigningKeys, folder: Path, environment: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    """Everything up, and down again."""
    authority = ThrowAwayAuthority()
    authority.write_certificate(folder / "smtp.pem")
    exchange = Exchange(
        ExchangeConfig(),
        authority.server_context(),
        keys.public_keys,
        time.time,
        certificates=other_certificates(authority.root),
    )
    async with endpoints(keys, folder, environment) as tenant:
        port = await exchange.start()
        yield Clinic(tenant, exchange, Endpoint("localhost", port), str(folder / "smtp.pem"))
        await exchange.stop()
