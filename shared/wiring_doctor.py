"""The doctor with the edges that it needs: a part of the object graph (`wiring_graph.py`)."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.accept import Accept
from shared.doctor import Doctor
from shared.doctor_mail import DoctorMail
from shared.doctor_ports import NewestGrants
from shared.doctor_storage import StorageTrials
from shared.doctor_token import FreshTokens, RolesElsewhere, TokenCheck
from shared.edges.smtp_walk import SmtpWalk
from shared.rules.config import IdentityWay, MailConfig
from shared.rules.cures import Ids
from shared.rules.endpoints import endpoints_of
from shared.rules.storage_config import StorageSettings
from shared.settings import Settings
from shared.steer import Steer
from shared.stops import StopKeeper


@dataclass(frozen=True, slots=True)
class Surgery:
    """What the doctor shares with the other stories."""

    found: Settings
    config: MailConfig
    storage: StorageSettings
    tokens: FreshTokens
    graph_roles: RolesElsewhere
    grants: NewestGrants
    trials: StorageTrials
    accept: Accept
    steer: Steer
    stops: StopKeeper


def build_doctor(parts: Surgery) -> Doctor:
    """The doctor of this process."""
    found, config = parts.found, parts.config
    return Doctor(
        config=config,
        warnings=found.warnings,
        ids=_ids(found, config, parts.storage),
        walk=SmtpWalk(endpoints_of(config.cloud, config.senders.values()), ca_file=found.ca_file),
        storage=parts.trials,
        token=TokenCheck(config, parts.tokens, parts.graph_roles, time.time),
        newest_grants=parts.grants,
        stops=parts.stops,
        mail=DoctorMail(parts.accept, parts.trials.ledger, parts.steer, parts.stops, time.time, asyncio.sleep),
        clock=time.time,
    )


def _ids(found: Settings, config: MailConfig, storage: StorageSettings) -> Ids:
    """What the settings tell; the token tells the rest. The client id is of whoever sends: identity or app registration."""
    federated = config.identity.way is IdentityWay.FEDERATED
    client_id = found.client_id if federated else found.identity_client_id
    return Ids(client_id=client_id or "", app=found.site.app, group=found.site.group, storage_account=_account(storage))


def _account(storage: StorageSettings) -> str:
    """The account's name: the first part of its host, such as contosomail.queue.core.windows.net."""
    host = urlsplit(storage.queue_uri or "").hostname or ""
    return host.partition(".")[0] if host.endswith(".core.windows.net") else ""
