"""The doors, the send trigger, the tick and the operator's routes: parse, hand over, translate the outcome."""

import logging

import azure.functions as func

from functions import (
    audits,
    digests,
    doctor,
    documents,
    health,
    messages,
    operators,
    pace,
    producers,
    sending,
    stop_orders,
    tick,
    webhooks,
)
from shared.wiring import settings

log = logging.getLogger("keyless_mail")

SDK_LOGS = "azure"
"""The loggers of Azure's SDKs. At INFO, the worker's level, they write every request with its address and headers."""


def blueprints() -> list[func.Blueprint]:
    """What can be registered with the settings as they are.

    While there are faults nothing is taken from a queue (its messages wait), and the HTTP routes answer 503 with every
    fault named.
    """
    logging.getLogger(SDK_LOGS).setLevel(logging.WARNING)
    found = settings()
    for fault in found.faults:
        log.error("setting %s: %s; %s", fault.name, fault.cause, fault.cure)
    always = [health.blueprint, webhooks.blueprint, documents.blueprint]
    built = [module.build(found) for module in (messages, digests, tick, operators, pace, stop_orders, audits, doctor)]
    queues = [] if found.faults else [sending.blueprint, producers.build(found)]
    return [*always, *built, *queues]
