"""The part of the object graph that belongs to the permission audit: its edges, and the tokens that it looks at."""

import time
import uuid
from collections.abc import Callable, Sequence

from shared.accept import Accept
from shared.audit import Audit
from shared.audit_decoy import Decoy
from shared.audit_ports import Sight
from shared.edges.audits import Audits
from shared.edges.storage_account import StorageAccount
from shared.edges.token_federated import Application, FederatedFetch
from shared.edges.token_managed import ManagedIdentityFetch
from shared.rules.audit import Holder
from shared.rules.config import IdentityWay, MailConfig
from shared.rules.grants import EXCHANGE_APP_ID, GRAPH_APP_ID
from shared.settings import Settings
from shared.telemetry import Telemetry
from shared.transmission import Transmission


def build_audit(
    found: Settings,
    config: MailConfig,
    account: StorageAccount,
    transmission: Transmission,
    accept: Accept,
    telemetry: Telemetry,
    clock: Callable[[], float],
) -> Audit:
    """The audit, with the ways to mail and to tokens that sending uses."""
    decoy = Decoy(transmission.tokens, transmission.gateway)
    return Audit(
        config=config,
        tokens=transmission.tokens,
        sights=_sights(found, config),
        decoy=decoy,
        audits=Audits(account),
        accept=accept,
        telemetry=telemetry,
        clock=clock,
        new_id=lambda: uuid.uuid4().hex,
    )


def _sights(found: Settings, config: MailConfig) -> Sequence[Sight]:
    """Tokens for Microsoft Graph, fetched to read their claims and sent to nobody; not cached, as they are seen once a week.

    Where an app registration sends, the identity behind it has rights of its own, on Exchange too.
    """
    graph = f"{config.cloud.graph}/.default"
    own = ManagedIdentityFetch(graph, client_id=found.identity_client_id)
    if config.identity.way is IdentityWay.MANAGED_IDENTITY:
        return (Sight(Holder.SENDER, GRAPH_APP_ID, own),)
    application = Application(
        authority=config.cloud.authority,
        tenant_id=found.tenant_id or "",
        client_id=found.client_id or "",
        scope=graph,
        ca_file=found.ca_file,
    )
    assertion = ManagedIdentityFetch(config.cloud.exchange_audience, client_id=found.identity_client_id)
    exchange = ManagedIdentityFetch(config.cloud.scope, client_id=found.identity_client_id)
    return (
        Sight(Holder.SENDER, GRAPH_APP_ID, FederatedFetch(application, assertion=assertion, clock=time.time)),
        Sight(Holder.IDENTITY, GRAPH_APP_ID, own),
        Sight(Holder.IDENTITY, EXCHANGE_APP_ID, exchange),
    )
