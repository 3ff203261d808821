"""The Exchange reference's tables of replies (6.1 to 6.3 and 6.5), row by row: which reply, where, and what is to be done.

Written from the reference and not from the program's own table, so that the two can be compared. The actions are the
reference's: R try again, T fresh token, C configuration (look again rarely), M this mail, X this recipient; B is C where the
reference calls it a bug of ours, so that no waiting helps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.rules.reply_table import Row

Action = Literal["R", "T", "C", "B", "M", "X"]
Stage = Literal["connect", "ehlo", "auth", "mail", "rcpt", "data", "dot"]
Seconds = tuple[float, float]

HALF_A_MINUTE_TO_FIVE: Seconds = (30, 300)
ONE_TO_FIVE_MINUTES: Seconds = (60, 300)
ONE_TO_FIFTEEN_MINUTES: Seconds = (60, 900)
FIVE_TO_SIXTY_SECONDS: Seconds = (5, 60)
A_THIRD_OF_A_QUARTER: Seconds = (300, 300)
"""Three times over fifteen minutes."""
FIFTEEN_MINUTES: Seconds = (900, 900)
RARELY: Seconds = (900, 3600)
"""A probe every 15 to 60 minutes (6.1, `535 5.7.3`)."""
FROM_AN_HOUR: Seconds = (3600, 86_400)
"""Starts at an hour, at most a day; `5.1.8` takes hours to be lifted."""
SOON: Seconds = (1, 300)
"""T outside AUTH and `452 4.5.3`: the reference names no delay."""


@dataclass(frozen=True)
class Case:
    """One reply of the reference. `row` is basic code, enhanced code (`*`: any) and keyword, as the reference has them."""

    row: str
    stage: Stage
    scenario: str
    action: Action
    delay: Seconds | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """The case's name in a test report."""
        return f"{self.row} at {self.stage}"


_LOGIN = "535 5.7.139"

CONNECT_AND_AUTH = (
    Case("421 4.3.2", "connect", "too-many-server-connections", "R", ONE_TO_FIVE_MINUTES),
    Case("421 4.3.2", "connect", "service-not-available", "R", ONE_TO_FIVE_MINUTES),
    Case("421 4.3.2", "ehlo", "service-not-active", "R", ONE_TO_FIVE_MINUTES),
    *(Case("451 4.7.0 PRX", "auth", "proxy-error", "R", ONE_TO_FIFTEEN_MINUTES, {"number": number}) for number in (2, 4, 5)),
    Case("451 4.7.0 PRX", "dot", "proxy-error", "R", ONE_TO_FIFTEEN_MINUTES),
    Case("454 4.7.0", "auth", "temporary-auth-failure", "R", HALF_A_MINUTE_TO_FIVE),
    Case("501 5.5.4 domain name", "ehlo", "invalid-domain-name", "B"),
    Case("500 5.3.3", "mail", "unrecognized-command", "B"),
    Case("500 5.3.3", "data", "unrecognized-command", "B"),
    Case("421 4.7.66", "auth", "tls-too-old", "C", RARELY),
    Case("421 5.7.67", "auth", "tls-not-allowed", "C", RARELY),
    Case("451 5.7.3", "mail", "starttls-required", "B"),
    Case("504 5.7.4", "auth", "unrecognized-auth-type", "B"),
    Case("535 5.7.3", "auth", "authentication-unsuccessful", "T"),
    Case("535 5.7.3", "auth", "json-challenge", "T"),
    Case(
        _LOGIN, "auth", "custom-reply", "C", RARELY, {"code": 535, "text": "5.7.139 Authentication unsuccessful, for once."}
    ),
    Case(f"{_LOGIN} disabled for the Tenant", "auth", "smtp-auth-disabled-tenant", "C", RARELY),
    Case(f"{_LOGIN} disabled for the Mailbox", "auth", "smtp-auth-disabled-mailbox", "C", RARELY),
    Case(f"{_LOGIN} credentials were incorrect", "auth", "wrong-password", "C", RARELY),
    Case(f"{_LOGIN} did not meet the criteria", "auth", "policy-criteria-not-met", "C", RARELY),
    Case(f"{_LOGIN} security defaults", "auth", "security-defaults", "C", RARELY),
    Case(f"{_LOGIN} basic authentication is disabled", "auth", "basic-auth-disabled", "C", RARELY),
    Case(f"{_LOGIN} STS service was unreachable", "auth", "federation-unreachable", "R", FIFTEEN_MINUTES),
    Case(f"{_LOGIN} does not support HTTPS", "auth", "federation-without-https", "C", RARELY),
    Case(f"{_LOGIN} organization configuration", "auth", "organization-forbids", "C", RARELY),
    Case("550 5.7.30", "auth", "basic-auth-retired", "C", RARELY),
)
"""6.1."""

MAIL_AND_RCPT = (
    Case("530 5.7.57", "mail", "not-authenticated", "T", SOON),
    Case("530 5.7.57", "mail", "not-authenticated-old", "T", SOON),
    Case("535 5.7.3", "mail", "not-authenticated", "T", RARELY, {"error": "535 5.7.3 Authentication unsuccessful"}),
    Case(
        f"{_LOGIN} disabled for the Tenant",
        "mail",
        "not-authenticated",
        "C",
        RARELY,
        {"error": "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."},
    ),
    Case("550 5.7.60", "mail", "send-as-denied-at-mail", "C", FROM_AN_HOUR),
    Case("501 5.1.7", "mail", "invalid-sender-address", "B"),
    Case("501 5.1.3", "rcpt", "invalid-recipient-address", "X"),
    Case("503 5.5.2", "mail", "send-hello-first", "B"),
    Case("503 5.5.2", "rcpt", "need-mail-command", "B"),
    Case("503 5.5.2", "data", "need-rcpt-command", "B"),
    Case("552 5.3.4", "mail", "message-too-large", "M"),
    Case("552 5.3.4", "dot", "message-too-large", "M"),
    Case("452 4.5.3", "rcpt", "too-many-recipients-at-rcpt", "R", SOON),
)
"""6.2."""

_MAILBOX_FULL = {"code": 554, "text": "5.2.2 mailbox full"}

AFTER_DATA = (
    Case("432 4.3.2", "dot", "concurrent-connections", "R", FIVE_TO_SIXTY_SECONDS),
    Case("432 4.3.2", "dot", "sender-thread-limit", "R", FIVE_TO_SIXTY_SECONDS),
    Case("430 4.2.0", "dot", "mailbox-logon-failure", "R", A_THIRD_OF_A_QUARTER),
    Case("554 5.2.252", "dot", "send-as-denied", "C", FROM_AN_HOUR),
    Case("554 5.2.0 SendAsDenied", "dot", "send-as-denied-old", "C", FROM_AN_HOUR),
    Case("554 5.2.0 SubmissionQuotaExceeded", "dot", "submission-quota-exceeded", "R", FROM_AN_HOUR),
    Case("554 5.2.2", "dot", "custom-reply", "C", FROM_AN_HOUR, _MAILBOX_FULL),
    Case("554 * QuotaExceeded", "dot", "mailbox-full", "C", FROM_AN_HOUR),
    Case("554 * QuotaExceeded", "dot", "mailbox-quota-exceeded", "C", FROM_AN_HOUR),
    *(
        Case("554 5.2.0 OutboundSpam", "dot", "outbound-spam", "M", options={"verdict": verdict})
        for verdict in ("RefuseQuota", "Suspend", "ShowTierUpgrade")
    ),
    Case("550 5.2.251", "dot", "lockout-mailbox-full", "C", FROM_AN_HOUR),
    Case("550 5.2.252", "dot", "lockout-send-as-denied", "C", FROM_AN_HOUR),
    Case("550 5.2.253", "dot", "lockout-invalid-license", "C", FROM_AN_HOUR),
    Case("550 5.2.254", "dot", "lockout-too-many-recipients", "C", FROM_AN_HOUR),
    Case("550 5.2.255", "dot", "lockout-invalid-recipients", "C", FROM_AN_HOUR),
    Case("550 5.5.3", "dot", "too-many-recipients", "M"),
    Case("550 5.1.20", "dot", "multiple-from", "M"),
    Case("550 5.7.512", "dot", "from-not-compliant", "M"),
    Case("550 5.1.8", "dot", "bad-outbound-sender", "C", FROM_AN_HOUR),
    Case("554 5.6.0", "dot", "corrupt-content", "M"),
    Case("452 4.3.1", "dot", "out-of-resources", "R", ONE_TO_FIFTEEN_MINUTES),
)
"""6.3."""

HIGH_VOLUME = (
    *(
        Case(f"501 5.5.{number}", "auth", "hve-invalid-auth-data", "B", options={"code": f"5.5.{number}"})
        for number in range(121, 127)
    ),
    Case("535 5.7.142", "auth", "hve-token-expires-soon", "T"),
    Case("535 5.7.143", "auth", "hve-token-expired", "T"),
    Case("535 5.7.144", "auth", "hve-wrong-permissions", "C", RARELY),
    Case("550 5.7.240", "auth", "hve-app-not-allowed", "C", RARELY),
)
"""6.5."""

CASES = (*CONNECT_AND_AUTH, *MAIL_AND_RCPT, *AFTER_DATA, *HIGH_VOLUME)


def pattern(row: Row) -> str:
    """A row of the program's table by what it is found by, as `Case.row` has it."""
    return " ".join([str(row.code), row.enhanced or "*", *([row.keyword] if row.keyword else [])])
