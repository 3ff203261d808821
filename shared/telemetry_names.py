"""The vocabulary of our telemetry: every span kind, attribute, metric and unit that may leave the process.

Nothing but what `Attr` names can become an attribute: no address, subject, body, token or reply text (design rule 7).
"""

from collections.abc import Mapping
from enum import StrEnum

SCOPE = "keyless_mail"
"""Name of the tracer and the meter; fixed, so that a moved module does not rename the telemetry."""

QUEUE_SYSTEM = "azure_storage_queue"
"""`messaging.system` has no well-known value for Azure Storage queues; a custom one is allowed (semconv 1.44)."""


class Kind(StrEnum):
    """The span kinds we use; names as in OpenTelemetry."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Attr(StrEnum):
    """The allow-list. Names under `keyless_mail.` are ours; the others are OpenTelemetry's."""

    MAIL_ID = "keyless_mail.id"
    DOOR = "keyless_mail.door"
    STATE = "keyless_mail.state"
    OUTCOME = "keyless_mail.outcome"
    REASON = "keyless_mail.reason"
    ATTEMPT = "keyless_mail.attempt"
    SCOPE = "keyless_mail.stop.scope"
    LEDGER_OPERATION = "keyless_mail.ledger.operation"
    RECIPIENTS = "keyless_mail.recipient.count"
    RECIPIENTS_ACCEPTED = "keyless_mail.recipient.accepted"
    CONTENT_SIZE = "keyless_mail.content.size"
    CACHE_HIT = "keyless_mail.token.cache_hit"
    SECONDS_LEFT = "keyless_mail.token.seconds_left"
    IDENTITY_WAY = "keyless_mail.identity.way"
    REPLY_CODE = "keyless_mail.smtp.reply_code"
    ENHANCED_CODE = "keyless_mail.smtp.enhanced_code"
    PHASE = "keyless_mail.smtp.phase"
    REUSED = "keyless_mail.smtp.connection_reused"
    DELAY = "keyless_mail.delay"
    MAILBOX = "keyless_mail.mailbox"
    LANE = "keyless_mail.lane"
    FINDING = "keyless_mail.audit.kind"
    ERROR_TYPE = "error.type"
    SERVER = "server.address"
    PORT = "server.port"
    PROTOCOL = "network.protocol.name"
    TLS_VERSION = "tls.protocol.version"
    MESSAGING_SYSTEM = "messaging.system"
    MESSAGING_OPERATION = "messaging.operation.name"
    MESSAGING_OPERATION_TYPE = "messaging.operation.type"
    MESSAGING_DESTINATION = "messaging.destination.name"


class Metric(StrEnum):
    """The instruments. Durations are histograms in seconds, what `pace` and `audit` say are gauges; the others count things
    named in braces."""

    SENT = "messaging.client.sent.messages"
    PROCESS_DURATION = "messaging.process.duration"
    ACCEPTED = "keyless_mail.accepted.messages"
    REFUSED = "keyless_mail.refused.messages"
    PASSED_BY = "keyless_mail.webhook.passed_by.events"
    TOKEN_DURATION = "keyless_mail.token.fetch.duration"  # noqa: S105 - an instrument's name
    SMTP_DURATION = "keyless_mail.smtp.operation.duration"
    FAULTS = "keyless_mail.faults"
    SWEPT = "keyless_mail.swept.messages"
    POISONED = "keyless_mail.poison.messages"
    STOPS = "keyless_mail.stops"
    PACE_SENT = "keyless_mail.pace.sent"
    PACE_BACKLOG = "keyless_mail.pace.backlog"
    PACE_FOREIGN = "keyless_mail.pace.foreign"
    PACE_CONNECTIONS = "keyless_mail.pace.connections"
    PACE_RECIPIENTS = "keyless_mail.pace.recipients"
    AUDIT_FINDINGS = "keyless_mail.audit.findings"
    AUDIT_EXPORT_AGE = "keyless_mail.audit.export.age"


UNITS: Mapping[Metric, str] = {
    Metric.SENT: "{message}",
    Metric.PROCESS_DURATION: "s",
    Metric.ACCEPTED: "{message}",
    Metric.REFUSED: "{message}",
    Metric.PASSED_BY: "{event}",
    Metric.TOKEN_DURATION: "s",
    Metric.SMTP_DURATION: "s",
    Metric.FAULTS: "{fault}",
    Metric.SWEPT: "{message}",
    Metric.POISONED: "{message}",
    Metric.STOPS: "{stop}",
    Metric.PACE_SENT: "{message}/min",
    Metric.PACE_BACKLOG: "{message}",
    Metric.PACE_FOREIGN: "{message}/min",
    Metric.PACE_CONNECTIONS: "{connection}",
    Metric.PACE_RECIPIENTS: "{recipient}",
    Metric.AUDIT_FINDINGS: "{finding}",
    Metric.AUDIT_EXPORT_AGE: "s",
}
"""UCUM units; countables stand in braces."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300)
"""Seconds. The messaging conventions stop at 10; SMTP replies may take minutes."""
