"""The object graph: every story with the edges that it needs. The only module that names adapter classes.

Imported by the first event, not at indexing: see `wiring.py`.
"""

import asyncio
import random
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from shared.accept import Accept
from shared.access import Access, Bearer
from shared.attempt import Times
from shared.audit import Audit
from shared.audit_weekly import WeeklyAudit
from shared.breakers import Breakers
from shared.compose import Composer
from shared.desk_parts import DeskTimes
from shared.digest import Digests
from shared.doctor import Doctor
from shared.doctor_storage import NO_MAIL, StorageTrials
from shared.edges.attachments import Attachments
from shared.edges.digest_buffer import DigestBuffer
from shared.edges.ledger import Ledger
from shared.edges.pace_rows import PaceRows
from shared.edges.payloads import Payloads
from shared.edges.queues import Queues
from shared.edges.quotas import Quotas
from shared.edges.recipient_refs import KEY_LENGTH, RecipientRefs
from shared.edges.signing_keys import SigningKeys
from shared.edges.smtp_gateway import SmtpGateway
from shared.edges.stops import StopRecords
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_clock import StorageClock
from shared.edges.template_files import TemplateFiles
from shared.edges.token_federated import Application, FederatedFetch
from shared.edges.token_managed import ManagedIdentityFetch
from shared.edges.token_source import FetchToken, TokenSource
from shared.event_sources import EventSources
from shared.health import Health
from shared.intake import Intake
from shared.overview import Overview
from shared.pace_report import PaceReport
from shared.pacing import Pacer
from shared.placing import Placer
from shared.poison import Poison
from shared.quota import Quota
from shared.redrive import Redrive
from shared.retention import Cleanup
from shared.rules.config import IdentityWay, MailConfig
from shared.rules.endpoints import endpoints_of
from shared.rules.key_sets import keys_address
from shared.rules.pace import limits_of
from shared.rules.storage_config import StorageSettings
from shared.send import Send
from shared.settings import Settings
from shared.status import Status
from shared.steer import Steer
from shared.stop_button import StopButton
from shared.stops import StopKeeper
from shared.submission import Submission
from shared.sweep import Sweep
from shared.telemetry import Targets, Telemetry, configure
from shared.transmission import ByToken, Transmission
from shared.unaccepted import Unaccepted
from shared.version import VERSION
from shared.webhook import Webhooks
from shared.wiring_audit import build_audit
from shared.wiring_doctor import Surgery, build_doctor


@dataclass(frozen=True, slots=True)
class House:
    """The stories, ready to be told. Belongs to one event loop, as the worker has one."""

    config: MailConfig
    access: Access
    submission: Submission
    intake: Intake
    send: Send
    digests: Digests
    poison: Poison
    sweep: Sweep
    cleanup: Cleanup
    webhooks: Webhooks
    status: Status
    steer: Steer
    redrive: Redrive
    overview: Overview
    stops: StopKeeper
    stop_button: StopButton
    pace_report: PaceReport
    health: Health
    doctor: Doctor
    audit: Audit
    weekly_audit: WeeklyAudit


def build(found: Settings, config: MailConfig, storage: StorageSettings, *, root: Path) -> House:
    """The graph: edges first, then the stories that use them. `root` is the folder of `function_app.py`."""
    telemetry = _telemetry(found)
    clock = StorageClock(wall=time.time, monotonic=time.monotonic)
    account = StorageAccount(storage, clock=clock)
    queues = Queues(account)
    ledger = Ledger(account, Payloads(account), telemetry, new_id=_new_id, keep_payload=config.retention.payload)
    templates = TemplateFiles(root / "templates")
    composer = Composer(templates, Attachments(account))
    placer = Placer(queues, ledger, ledger, telemetry)
    tokens = TokenSource(_fetch(found, config), telemetry=telemetry, clock=time.time)
    references = RecipientRefs(account, new_key=lambda: secrets.token_bytes(KEY_LENGTH))
    accept = Accept(config, ledger, references, placer, composer.compose, telemetry, clock.now, VERSION)
    unaccepted = Unaccepted(ledger, telemetry, clock.now, VERSION)
    buffer = DigestBuffer(account, clock=clock.now, new_id=_new_id)
    gateway = _gateway(found, config, telemetry)
    chance = random.SystemRandom().random
    rows = _pace_rows(config, account, clock)
    pacer = Pacer(owner=_new_id(), rows=rows, connections=gateway, times=DeskTimes(clock.now, asyncio.sleep, chance))
    breakers = Breakers(StopRecords(account, new_id=_new_id), telemetry, clock.now)
    transmission = Transmission(tokens, gateway, ByToken(config, clock.now))
    times = Times(clock=clock.now, sleep=asyncio.sleep, chance=chance, lease=found.attempt_lease)
    digests = Digests(config.digests, buffer, accept, telemetry, clock.now)
    steer = Steer(config, ledger, placer, clock.now)
    bearer = _bearer(found, config, telemetry)
    keeper = StopKeeper(config, breakers, ledger, ledger, placer, transmission, clock.now)
    audit = build_audit(found, config, account, transmission, accept, telemetry, clock.now)
    trials = _trials(config, account, queues, ledger)
    surgery = Surgery(found, config, storage, tokens, audit.graph_roles, audit.audits.export, trials, accept, steer, keeper)
    return House(
        config=config,
        access=Access(config, bearer),
        submission=Submission(accept, unaccepted, Quota(Quotas(account), ledger, clock.now)),
        intake=Intake(accept, unaccepted, queues),
        send=Send(config, ledger, placer, breakers, pacer, transmission, composer.assemble, telemetry, times),
        digests=digests,
        poison=Poison(config, ledger, queues, placer, unaccepted, telemetry, times),
        sweep=Sweep(ledger, ledger, queues, placer, breakers, telemetry, times),
        cleanup=Cleanup(config.retention, ledger, ledger, telemetry, clock.now),
        webhooks=Webhooks(config.webhooks, _sources(found, bearer, clock), accept, digests, unaccepted, telemetry),
        status=Status(config, ledger),
        steer=steer,
        redrive=Redrive(ledger, ledger, steer, clock.now),
        overview=Overview(ledger, ledger, references, keeper, clock.now),
        stops=keeper,
        stop_button=StopButton(config, templates, keeper),
        pace_report=PaceReport(config, rows, telemetry, clock.now),
        health=Health({"storage": lambda: ledger.read(NO_MAIL), "identity": tokens.get}, clock.now),
        doctor=build_doctor(surgery),
        audit=audit,
        weekly_audit=WeeklyAudit(audit, audit.audits, clock.now),
    )


def _fetch(found: Settings, config: MailConfig) -> FetchToken:
    client_id = found.identity_client_id
    if config.identity.way is IdentityWay.MANAGED_IDENTITY:
        return ManagedIdentityFetch(config.cloud.scope, client_id=client_id)
    application = Application(
        authority=config.cloud.authority,
        tenant_id=found.tenant_id or "",
        client_id=found.client_id or "",
        scope=config.cloud.scope,
        ca_file=found.ca_file,
    )
    assertion = ManagedIdentityFetch(config.cloud.exchange_audience, client_id=client_id)
    return FederatedFetch(application, assertion=assertion, clock=time.time)


def _gateway(found: Settings, config: MailConfig, telemetry: Telemetry) -> SmtpGateway:
    endpoints = endpoints_of(config.cloud, config.senders.values())
    return SmtpGateway(endpoints, ca_file=found.ca_file, telemetry=telemetry, clock=time.time, monotonic=time.monotonic)


def _trials(config: MailConfig, account: StorageAccount, queues: Queues, ledger: Ledger) -> StorageTrials:
    names = tuple(producer.queue for producer in config.producers.values())
    return StorageTrials(queues, ledger, Quotas(account), Payloads(account), Attachments(account), names)


def _bearer(found: Settings, config: MailConfig, telemetry: Telemetry) -> Bearer:
    """Settings ask for MAIL_TENANT_ID wherever a token may come; elsewhere nobody looks at one."""
    tenant = found.tenant_id or ""
    keys = SigningKeys(keys_address(config.cloud, tenant), telemetry=telemetry, clock=time.time, ca_file=found.ca_file)
    return Bearer(keys, config.cloud, tenant, time.time)


def _telemetry(found: Settings) -> Telemetry:
    otlp, insights = found.telemetry.otlp_endpoint is not None, found.telemetry.application_insights or ""
    return configure(Targets(otlp=otlp, application_insights=insights), version=VERSION)


def _pace_rows(config: MailConfig, account: StorageAccount, clock: StorageClock) -> PaceRows:
    limits = {box: limits_of(sender) for sender in config.senders.values() for box in sender.mailboxes}
    return PaceRows(account, limits, clock=clock.now, new_id=_new_id)


def _sources(found: Settings, bearer: Bearer, clock: StorageClock) -> EventSources:
    return EventSources(lambda name: _secret(found, name), bearer.claims, clock.now)


def _secret(found: Settings, name: str) -> str:
    secret = found.secrets.get(name)
    return secret.reveal() if secret else ""


def _new_id() -> str:
    return uuid.uuid4().hex
