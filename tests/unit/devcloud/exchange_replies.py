"""What each refusal that has a name is expected to say: code, and how its text begins."""

from tests.unit.devcloud.exchange_client import MAILBOX

AUTH = {
    "proxy-error": (451, "4.7.0 Temporary server error. Please try again later. PRX4 ["),
    "temporary-auth-failure": (454, "4.7.0 Temporary authentication failure ["),
    "tls-too-old": (
        421,
        "4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. "
        "Visit https://aka.ms/smtp_auth_tls. [",
    ),
    "tls-not-allowed": (421, "5.7.67 "),
    "unrecognized-auth-type": (504, "5.7.4 Unrecognized authentication type ["),
    "authentication-unsuccessful": (535, "5.7.3 Authentication unsuccessful ["),
    "smtp-auth-disabled-tenant": (
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
        "Visit https://aka.ms/smtp_auth_disabled for more information. [",
    ),
    "smtp-auth-disabled-mailbox": (
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. "
        "Visit https://aka.ms/smtp_auth_disabled for more information. [",
    ),
    "wrong-password": (535, "5.7.139 Authentication unsuccessful, the user credentials were incorrect. ["),
    "policy-criteria-not-met": (
        535,
        "5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. "
        "Contact your administrator. [",
    ),
    "security-defaults": (
        535,
        "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. "
        "Contact your administrator. [",
    ),
    "basic-auth-disabled": (535, "5.7.139 Authentication unsuccessful, basic authentication is disabled. ["),
    "federation-unreachable": (535, "5.7.139 Authentication unsuccessful, federated STS service was unreachable. ["),
    "federation-without-https": (
        535,
        "5.7.139 Authentication unsuccessful, the federated STS URL does not support HTTPS. [",
    ),
    "organization-forbids": (
        535,
        "5.7.139 Authentication unsuccessful, the organization configuration doesn't allow this authentication request. [",
    ),
    "basic-auth-retired": (550, "5.7.30 Basic authentication is not supported for Client Submission. ["),
    "hve-invalid-auth-data": (501, "5.5.124 Invalid XOAUTH2 auth data ["),
    "hve-token-expires-soon": (535, "5.7.142 "),
    "hve-token-expired": (535, "5.7.143 "),
    "hve-wrong-permissions": (535, "5.7.144 "),
    "hve-app-not-allowed": (550, "5.7.240 "),
}

ENVELOPE = {
    "starttls-required": ("MAIL", 451, "5.7.3 STARTTLS is required to send mail ["),
    "not-authenticated": ("MAIL", 530, "5.7.57 Client not authenticated to send mail. ["),
    "not-authenticated-old": (
        "MAIL",
        530,
        "5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM [",
    ),
    "send-as-denied-at-mail": ("MAIL", 550, "5.7.60 SMTP; Client does not have permissions to send as this sender ["),
    "invalid-sender-address": ("MAIL", 501, "5.1.7 Invalid address ["),
    "send-hello-first": ("MAIL", 503, "5.5.2 Send hello first ["),
    "invalid-recipient-address": ("RCPT", 501, "5.1.3 Invalid address ["),
    "need-mail-command": ("RCPT", 503, "5.5.2 Need mail command ["),
    "too-many-recipients-at-rcpt": ("RCPT", 452, "4.5.3 Too many recipients ["),
    "recipient-refused-4xx": ("RCPT", 450, "4.2.1 "),
    "recipient-refused-5xx": ("RCPT", 550, "5.1.10 "),
    "need-rcpt-command": ("DATA", 503, "5.5.2 Need rcpt command ["),
}

PERMANENT = "Failed to process message due to a permanent exception with message "
DOT = {
    "message-too-large": (552, "5.3.4 Message size exceeds fixed maximum message size ["),
    "concurrent-connections": (
        432,
        "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Host",
    ),
    "sender-thread-limit": (432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded [Hostname="),
    "submission-rate-exceeded": (421, "4.4.2 Message submission rate for this client has exceeded the configured limit ["),
    "mailbox-logon-failure": (
        430,
        "4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException."
        "MapiExceptionLogonFailed; Failed to process message due to a transient exception ",
    ),
    "send-as-denied": (554, f"5.2.252 SendAsDenied; {MAILBOX} not allowed to send as {MAILBOX}; STOREDRV.Submission."),
    "send-as-denied-old": (554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; "),
    "submission-quota-exceeded": (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException."),
    "mailbox-full": (
        554,
        "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; ",
    ),
    "mailbox-quota-exceeded": (
        554,
        "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionQuotaExceeded; ",
    ),
    "outbound-spam": (
        554,
        f"5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; {PERMANENT}"
        "WASCL UserAction verdict is not None. Actual verdict is RefuseQuota [Hostname=",
    ),
    "lockout-mailbox-full": (550, "5.2.251 Sender throttled due to continuous mailbox full errors. ["),
    "lockout-send-as-denied": (550, "5.2.252 Sender throttled due to continuous send as denied errors. ["),
    "lockout-invalid-license": (550, "5.2.253 Sender throttled due to continuous invalid license errors. ["),
    "lockout-too-many-recipients": (550, "5.2.254 Sender throttled due to continuous too many recipients errors. ["),
    "lockout-invalid-recipients": (550, "5.2.255 Sender throttled due to continuous invalid recipients errors. ["),
    "too-many-recipients": (550, "5.5.3 RESOLVER.ADR.RecipLimit; too many recipients [Hostname="),
    "multiple-from": (550, "5.1.20 Multiple From addresses are not allowed without Sender address ["),
    "from-not-compliant": (550, "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant ["),
    "bad-outbound-sender": (550, "5.1.8 Access denied, bad outbound sender ["),
    "corrupt-content": (554, "5.6.0 "),
    "out-of-resources": (452, "4.3.1 Insufficient system resources ["),
    "multi-line-refusal": (554, "5.2.0 STOREDRV.Submission.Exception:StorePermanentException;\n5.2.0 [BeginDiagnosticData]"),
    "custom-reply": (554, "5.0.0 Refused by scenario ["),
}

CONNECT = {
    "too-many-server-connections": (
        421,
        "4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel [",
    ),
    "service-not-available": (421, "4.3.2 Service not available ["),
    "service-not-active": (421, "4.3.2 Service not active ["),
}
