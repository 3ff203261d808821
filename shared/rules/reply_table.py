"""What Exchange Online says when it says no, as data: one row per reply, with what it means and what cures it.

Sources: Exchange reference sections 6.1 to 6.3 and 6.5, which name Microsoft's page or the observation behind each row.
`shared/rules/replies.py` explains how a row is found. The doctor fills in what stands in
angle brackets in a fix (`shared/rules/cures.py`).
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.rules.outcome import Reason


class ReplyKind(StrEnum):
    """What a refusal is about, and so what is to be done with it."""

    RETRY = "retry"
    FRESH_TOKEN = "fresh-token"  # noqa: S105 - a class of replies, not a secret
    CONFIGURATION = "configuration"
    MAIL = "mail"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Row:
    """One reply: basic code, enhanced code and keyword (None: any), its kind, why, and seconds until the next try.

    `delay` None in a row of kind CONFIGURATION: no waiting helps, it is a bug of ours or a server of another kind.
    """

    code: int
    enhanced: str | None
    keyword: str | None
    kind: ReplyKind
    reason: Reason
    delay: float | None = None


# Delays are advice of the reference where no source gives one.
SOON = 15.0  # a concurrency limit: another submission ends within seconds
SHORT = 60.0  # maintenance, back pressure: one to five minutes
PERMISSIONS = 300.0  # three tries in a quarter of an hour tell a glitch from a missing right
PROBE = 900.0  # configuration: grants take up to hours to spread, so look again, but rarely
LONG = 3600.0  # lockouts and daily quotas: hammering makes them longer

CONCURRENCY = "concurrency-limit"
"""The reason of a 432: more connections submit for the mailbox than it may have."""

_SMTP_AUTH_ON = "Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false"
_SEND_AS = (
    "send from the mailbox's own address, or Add-RecipientPermission <from-mailbox> -Trustee <mailbox> -AccessRights SendAs"
)
_GRANTS = (
    "python -m ops doctor tells which right is missing, and so does, for RBAC for Applications, "
    "Test-ServicePrincipalAuthorization -Identity <object id> -Resource <mailbox>"
)
_NO_BASIC = "this app logs in with OAuth only: [cloud] must name Exchange Online, not a server that wants a password"
_POLICY = (
    "Get-User -Identity <mailbox> | Format-List AuthenticationPolicy; look also for security defaults and for a Conditional "
    "Access policy that blocks this identity"
)
_UNLOCK = "cure the cause, then wait: the lockout ends by itself and support cannot lift it"
_MAILBOX_SPACE = (
    "make room (a retention tag on Sent Items), or Set-Mailbox -Identity <mailbox> "
    "-MessageCopyForSMTPClientSubmissionEnabled $false"
)
_SPLIT = "Set-Mailbox -Identity <mailbox> -RecipientLimits 1000, or send to fewer recipients at once"
ISSUE = "report it as a bug of this program"

_RETRY, _TOKEN, _CONFIG = ReplyKind.RETRY, ReplyKind.FRESH_TOKEN, ReplyKind.CONFIGURATION
_MAIL, _RECIPIENT = ReplyKind.MAIL, ReplyKind.RECIPIENT


def _row(pattern: str, kind: ReplyKind, code: str, text: str, fix: str = "", delay: float | None = None) -> Row:
    """A row from its pattern: basic code, enhanced code or `*`, and the rest is the keyword."""
    basic, enhanced, *keyword = pattern.split(" ", 2)
    wanted = None if enhanced == "*" else enhanced
    return Row(int(basic), wanted, keyword[0] if keyword else None, kind, Reason(code, text, fix), delay)


CONNECT_AND_AUTH = (
    _row("421 4.3.2", _RETRY, "service-not-available", "the server closes the connection for now", delay=SHORT),
    _row("421 4.7.66", _CONFIG, "tls-too-old", "the server wants TLS 1.2 or newer", "update Python and OpenSSL", PROBE),
    _row(
        "421 5.7.67", _CONFIG, "tls-too-old", "the organisation wants TLS 1.2 or newer", "update Python and OpenSSL", PROBE
    ),
    _row(
        "451 4.7.0 PRX",
        _RETRY,
        "front-end-cannot-reach-mailbox",
        "the front end cannot reach the mailbox",
        f"if it stays: give the mailbox a licence and {_SMTP_AUTH_ON}",
        SHORT,
    ),
    _row("454 4.7.0", _RETRY, "authentication-unavailable", "the server cannot check logins for now", delay=SHORT),
    _row("500 5.3.3", _CONFIG, "command-not-understood", "the server does not know a command of ours", ISSUE),
    _row("501 5.5.4 domain name", _CONFIG, "client-name-refused", "the server refuses our name in EHLO", ISSUE),
    _row("451 5.7.3", _CONFIG, "starttls-required", "the server wants STARTTLS first", ISSUE),
    _row(
        "504 5.7.4", _CONFIG, "xoauth2-refused", "the server does not take XOAUTH2", "check [cloud]: is it Exchange Online?"
    ),
    _row("535 5.7.3", _TOKEN, "login-refused", "the server refuses the token for this mailbox", _GRANTS, PROBE),
    _row(
        "535 5.7.139",
        _CONFIG,
        "login-refused-by-policy",
        "a rule of the organisation refuses the login",
        _POLICY,
        PROBE,
    ),
    _row(
        "535 5.7.139 disabled for the Tenant",
        _CONFIG,
        "smtp-auth-off",
        "SMTP AUTH is switched off for the organisation",
        _SMTP_AUTH_ON,
        PROBE,
    ),
    _row(
        "535 5.7.139 disabled for the Mailbox",
        _CONFIG,
        "smtp-auth-off-for-mailbox",
        "SMTP AUTH is switched off for this mailbox",
        _SMTP_AUTH_ON,
        PROBE,
    ),
    _row(
        "535 5.7.139 credentials were incorrect",
        _CONFIG,
        "password-login",
        "the login was taken for a password",
        _NO_BASIC,
        PROBE,
    ),
    _row("535 5.7.139 did not meet the criteria", _CONFIG, "login-policy", "a policy refuses the login", _POLICY, PROBE),
    _row(
        "535 5.7.139 security defaults", _CONFIG, "security-defaults", "security defaults refuse the login", _POLICY, PROBE
    ),
    _row(
        "535 5.7.139 basic authentication is disabled", _CONFIG, "basic-auth-off", "passwords are refused", _NO_BASIC, PROBE
    ),
    _row("535 5.7.139 STS service was unreachable", _RETRY, "federation-down", "on-premises sign-in is down", delay=PROBE),
    _row(
        "535 5.7.139 does not support HTTPS",
        _CONFIG,
        "federation-not-https",
        "on-premises sign-in has no HTTPS",
        "repair the federation's STS address",
        PROBE,
    ),
    _row(
        "535 5.7.139 organization configuration",
        _CONFIG,
        "organisation-refuses-login",
        "the organisation's configuration refuses the login",
        _POLICY,
        PROBE,
    ),
    _row("550 5.7.30", _CONFIG, "basic-auth-retired", "passwords are no longer accepted", _NO_BASIC, PROBE),
)
"""Section 6.1."""

MAIL_AND_RCPT = (
    _row(
        "530 5.7.57", _TOKEN, "not-authenticated", "the server does not count this connection as logged in", _GRANTS, SHORT
    ),
    _row("550 5.7.60", _CONFIG, "send-as-denied", "the mailbox may not send as this sender", _SEND_AS, LONG),
    _row(
        "501 5.1.7",
        _CONFIG,
        "sender-address-refused",
        "the server refuses the sender's address",
        "check `from` in mail.toml",
    ),
    _row("501 5.1.3", _RECIPIENT, "recipient-address-refused", "the server refuses the form of an address"),
    _row("503 5.5.2", _CONFIG, "command-out-of-order", "the server expected another command", ISSUE),
    _row("552 5.3.4", _MAIL, "mail-too-large", "the mail is larger than the server takes", "send less, or a link to it"),
    _row("452 4.5.3", _RETRY, "too-many-recipients-at-once", "more recipients than the server takes at once", _SPLIT, SHORT),
)
"""Section 6.2."""

AFTER_DATA = (
    _row("432 4.3.2", _RETRY, CONCURRENCY, "too many connections submit for this mailbox", "lower `connections`", SOON),
    _row("430 4.2.0", _RETRY, "mailbox-logon-failed", "the identity may not open the mailbox", _GRANTS, PERMISSIONS),
    _row("554 5.2.252", _CONFIG, "send-as-denied", "the mailbox may not send as this sender", _SEND_AS, LONG),
    _row("554 5.2.0 SendAsDenied", _CONFIG, "send-as-denied", "the mailbox may not send as this sender", _SEND_AS, LONG),
    _row(
        "554 5.2.0 SubmissionQuotaExceeded",
        _RETRY,
        "daily-recipient-limit",
        "the mailbox has reached its recipients of a day",
        "spread the load over more mailboxes",
        LONG,
    ),
    _row("554 5.2.2", _CONFIG, "mailbox-full", "the sending mailbox is full", _MAILBOX_SPACE, LONG),
    _row("554 * QuotaExceeded", _CONFIG, "mailbox-full", "the sending mailbox is full", _MAILBOX_SPACE, LONG),
    _row("554 5.2.0 OutboundSpam", _MAIL, "outbound-spam", "Exchange takes this mail for spam", "check content and account"),
    _row("550 5.2.251", _CONFIG, "locked-out-mailbox-full", "locked out after repeated 'mailbox full'", _UNLOCK, LONG),
    _row("550 5.2.252", _CONFIG, "locked-out-send-as", "locked out after repeated 'send as denied'", _UNLOCK, LONG),
    _row("550 5.2.253", _CONFIG, "locked-out-licence", "locked out after repeated 'invalid license'", _UNLOCK, LONG),
    _row("550 5.2.254", _CONFIG, "locked-out-recipients", "locked out after repeated 'too many recipients'", _UNLOCK, LONG),
    _row("550 5.2.255", _CONFIG, "locked-out-addresses", "locked out after repeated 'invalid recipients'", _UNLOCK, LONG),
    _row("550 5.5.3", _MAIL, "too-many-recipients", "more recipients than the mailbox may address", _SPLIT),
    _row("550 5.1.20", _MAIL, "several-from", "several From addresses and no Sender", ISSUE),
    _row("550 5.7.512", _MAIL, "from-malformed", "the From header is not a valid one", "check `from` in mail.toml"),
    _row(
        "550 5.1.8",
        _CONFIG,
        "mailbox-restricted",
        "Exchange has restricted the mailbox for spam",
        "unblock it in Defender under Restricted entities; that takes hours",
        LONG,
    ),
    _row("554 5.6.0", _MAIL, "content-refused", "Exchange cannot read the mail's content", ISSUE),
    _row("452 4.3.1", _RETRY, "server-busy", "the server is short of resources", delay=PERMISSIONS),
)
"""Section 6.3."""

HIGH_VOLUME = (
    *(
        _row(f"501 5.5.{number}", _CONFIG, "xoauth2-malformed", "the server cannot read our XOAUTH2 line", ISSUE)
        for number in range(121, 127)
    ),
    _row("535 5.7.142", _TOKEN, "token-expires-soon", "the token has too little life left", delay=SHORT),
    _row("535 5.7.143", _TOKEN, "token-expired", "the token has expired", delay=SHORT),
    _row("535 5.7.144", _CONFIG, "api-permission-missing", "the token lacks the permission", "grant Mail.Send (HVE)", PROBE),
    _row("550 5.7.240", _CONFIG, "app-not-allowed", "the account does not list this app", "Add-HVEAppAccess", PROBE),
)
"""Section 6.5: High Volume Email."""

ROWS = CONNECT_AND_AUTH + MAIL_AND_RCPT + AFTER_DATA + HIGH_VOLUME
