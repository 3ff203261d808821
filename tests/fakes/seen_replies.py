"""Replies of Exchange Online as they were seen or documented, and what each is about (Exchange reference 6)."""

from shared.rules.outcome import Phase
from shared.rules.reply_table import ReplyKind

FRONT_END = "[LO4P123CA0344.GBRP123.PROD.OUTLOOK.COM 2026-11-23T10:00:00.000Z 08DE000000000001]"
STORE = "[Hostname=LO2P123MB0001.GBRP123.PROD.OUTLOOK.COM]"
DIAGNOSTICS = "[BeginDiagnosticData]Cannot submit message. 0.35250:6F000000[EndDiagnosticData]"

AUTH, MAIL, RCPT, DOT, CONNECT, EHLO = Phase.AUTH, Phase.MAIL, Phase.RCPT, Phase.FINAL_DOT, Phase.CONNECT, Phase.EHLO
RETRY, TOKEN, CONFIG = ReplyKind.RETRY, ReplyKind.FRESH_TOKEN, ReplyKind.CONFIGURATION
THIS_MAIL, RECIPIENT = ReplyKind.MAIL, ReplyKind.RECIPIENT

# Replies as they were seen or documented: Exchange reference 6.1, 6.2, 6.3, 6.5.
SEEN: list[tuple[Phase, int, str, ReplyKind, str]] = [
    (CONNECT, 421, "4.3.2 Service not available", RETRY, "service-not-available"),
    (AUTH, 421, "4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade your client", CONFIG, "tls-too-old"),
    (AUTH, 421, "5.7.67 TLS 1.0 and 1.1 are not supported by your organization", CONFIG, "tls-too-old"),
    (AUTH, 451, "4.7.0 Temporary server error. Please try again later. PRX4", RETRY, "front-end-cannot-reach-mailbox"),
    (AUTH, 454, "4.7.0 Temporary authentication failure", RETRY, "authentication-unavailable"),
    (MAIL, 500, "5.3.3 Unrecognized command 'unknown'", CONFIG, "command-not-understood"),
    (EHLO, 501, "5.5.4 Invalid domain name", CONFIG, "client-name-refused"),
    (MAIL, 451, f"5.7.3 STARTTLS is required to send mail {FRONT_END}", CONFIG, "starttls-required"),
    (AUTH, 504, f"5.7.4 Unrecognized authentication type {FRONT_END}", CONFIG, "xoauth2-refused"),
    (AUTH, 535, f"5.7.3 Authentication unsuccessful {FRONT_END}", TOKEN, "login-refused"),
    (AUTH, 535, "5.7.139 Authentication unsuccessful, something new.", CONFIG, "login-refused-by-policy"),
    (
        AUTH,
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/x",
        CONFIG,
        "smtp-auth-off",
    ),
    (
        AUTH,
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/x",
        CONFIG,
        "smtp-auth-off-for-mailbox",
    ),
    (AUTH, 535, "5.7.139 Authentication unsuccessful, the user credentials were incorrect.", CONFIG, "password-login"),
    (
        AUTH,
        535,
        "5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.",
        CONFIG,
        "login-policy",
    ),
    (
        AUTH,
        535,
        "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
        CONFIG,
        "security-defaults",
    ),
    (AUTH, 535, "5.7.139 Authentication unsuccessful, basic authentication is disabled.", CONFIG, "basic-auth-off"),
    (AUTH, 535, "5.7.139 …, federated STS service was unreachable.", RETRY, "federation-down"),
    (AUTH, 535, "5.7.139 …, the federated STS URL does not support HTTPS.", CONFIG, "federation-not-https"),
    (
        AUTH,
        535,
        "5.7.139 …, the organization configuration doesn't allow this authentication request.",
        CONFIG,
        "organisation-refuses-login",
    ),
    (AUTH, 550, "5.7.30 Basic authentication is not supported for Client Submission.", CONFIG, "basic-auth-retired"),
    (MAIL, 530, f"5.7.57 Client not authenticated to send mail. {FRONT_END}", TOKEN, "not-authenticated"),
    (MAIL, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", CONFIG, "send-as-denied"),
    (MAIL, 501, "5.1.7 Invalid address", CONFIG, "sender-address-refused"),
    (RCPT, 501, "5.1.3 Invalid address", RECIPIENT, "recipient-address-refused"),
    (MAIL, 503, "5.5.2 Send hello first", CONFIG, "command-out-of-order"),
    (MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", THIS_MAIL, "mail-too-large"),
    (RCPT, 452, "4.5.3 Too many recipients", RETRY, "too-many-recipients-at-once"),
    (DOT, 432, f"4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/x {STORE}", RETRY, "concurrency-limit"),
    (DOT, 432, f"4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded {STORE}", RETRY, "concurrency-limit"),
    (DOT, 430, "4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:X", RETRY, "mailbox-logon-failed"),
    (DOT, 554, f"5.2.252 SendAsDenied; a@x not allowed to send as b@x; {DIAGNOSTICS}", CONFIG, "send-as-denied"),
    (DOT, 554, f"5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; {DIAGNOSTICS}", CONFIG, "send-as-denied"),
    (
        DOT,
        554,
        f"5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; {DIAGNOSTICS}",
        RETRY,
        "daily-recipient-limit",
    ),
    (DOT, 554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.X", CONFIG, "mailbox-full"),
    (DOT, 554, "5.2.0 STOREDRV.Submission.Exception:QuotaExceededException.X", CONFIG, "mailbox-full"),
    (DOT, 554, "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL", THIS_MAIL, "outbound-spam"),
    (DOT, 550, "5.2.251 Sender throttled due to continuous mailbox full errors.", CONFIG, "locked-out-mailbox-full"),
    (DOT, 550, "5.2.252 Sender throttled due to continuous send as denied errors.", CONFIG, "locked-out-send-as"),
    (DOT, 550, "5.2.253 Sender throttled due to continuous invalid license errors.", CONFIG, "locked-out-licence"),
    (DOT, 550, "5.2.254 Sender throttled due to continuous too many recipients errors.", CONFIG, "locked-out-recipients"),
    (DOT, 550, "5.2.255 Sender throttled due to continuous invalid recipients errors.", CONFIG, "locked-out-addresses"),
    (DOT, 550, "5.5.3 RESOLVER.ADR.RecipLimit; too many recipients", THIS_MAIL, "too-many-recipients"),
    (DOT, 550, "5.1.20 Multiple From addresses are not allowed without Sender address", THIS_MAIL, "several-from"),
    (DOT, 550, "5.7.512 Message must be RFC 5322 section 3.6.2 compliant", THIS_MAIL, "from-malformed"),
    (DOT, 550, "5.1.8 Access denied, bad outbound sender", CONFIG, "mailbox-restricted"),
    (DOT, 554, "5.6.0 Corrupt message content", THIS_MAIL, "content-refused"),
    (DOT, 452, "4.3.1 Insufficient system resources", RETRY, "server-busy"),
    *((AUTH, 501, f"5.5.{n} Invalid XOAUTH2 auth data", CONFIG, "xoauth2-malformed") for n in range(121, 127)),
    (AUTH, 535, "5.7.142 token will expire soon", TOKEN, "token-expires-soon"),
    (AUTH, 535, "5.7.143 expired token", TOKEN, "token-expired"),
    (AUTH, 535, "5.7.144 invalid API permissions", CONFIG, "api-permission-missing"),
    (AUTH, 550, "5.7.240 application not on the account's allowed list", CONFIG, "app-not-allowed"),
]
