"""Replies of the submission layer, after the final dot.

Texts from public transcripts and from Microsoft's pages on SMTP submission, on non-delivery reports and on continuous error
throttling; the diagnostic trails are made up.
"""

from devcloud.exchange.replies import Reply, front, store

CONCURRENT = store(
    432,
    "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
)
SENDER_THREADS = store(432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded")
# The Receive connector's text, often ascribed to Exchange Online; what the 31st message of a minute sees is not known.
RATE_EXCEEDED = front(421, "4.4.2 Message submission rate for this client has exceeded the configured limit")
OUT_OF_RESOURCES = front(452, "4.3.1 Insufficient system resources")
TOO_MANY_RECIPIENTS = store(550, "5.5.3 RESOLVER.ADR.RecipLimit; too many recipients")
MULTIPLE_FROM = store(550, "5.1.20 Multiple From addresses are not allowed without Sender address")
FROM_NOT_COMPLIANT = store(550, "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant")
BAD_OUTBOUND_SENDER = store(550, "5.1.8 Access denied, bad outbound sender")
CORRUPT_CONTENT = store(554, "5.6.0 Corrupt message content")

PERMANENT = "Failed to process message due to a permanent exception with message"
TRANSIENT = "Failed to process message due to a transient exception with message"

DIAGNOSTIC_CONTEXTS = 18
"""Entries of the made-up diagnostic trail: replies of this kind are many times the 512 octets of RFC 5321."""


def diagnostics(summary: str) -> str:
    """The block that the store appends: what went wrong, then a trail of numbered contexts (made up here)."""
    trail = ", ".join(f"{index}.{35250 + 7 * index}:{index * 40503 % 65536:04X}0000" for index in range(DIAGNOSTIC_CONTEXTS))
    return f"[BeginDiagnosticData]{summary} {trail}[EndDiagnosticData]"


def _permanent(code: str, exception: str, mapi: str, summary: str) -> Reply:
    said = f"STOREDRV.Submission.Exception:{exception}.{mapi}; {PERMANENT} {diagnostics(summary)}"
    return store(554, f"{code} {said}")


def send_as_denied(mailbox: str, sender: str) -> Reply:
    """The mailbox in `user=` may not send with this From; decided after DATA."""
    return _permanent(
        f"5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender};",
        "SendAsDeniedException",
        "MapiExceptionSendAsDenied",
        "Cannot submit message.",
    )


SEND_AS_DENIED_OLD = _permanent("5.2.0", "SendAsDeniedException", "MapiExceptionSendAsDenied", "Cannot submit message.")
QUOTA_EXCEEDED = _permanent(
    "5.2.0",
    "SubmissionQuotaExceededException",
    "MapiExceptionSubmissionQuotaExceeded",
    "Cannot submit message.",
)
MAILBOX_FULL = _permanent(
    "5.2.2 mailbox full;", "QuotaExceededException", "MapiExceptionShutoffQuotaExceeded", "Cannot save changes."
)
MAILBOX_QUOTA = _permanent(
    "5.2.2 mailbox full;", "QuotaExceededException", "MapiExceptionQuotaExceeded", "Cannot save changes."
)
LOGON_FAILED = store(
    430,
    "4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:"
    "ConnectionFailedTransientException.MapiExceptionLogonFailed; "
    f"{TRANSIENT} {diagnostics('Cannot open mailbox.')}",
)


def outbound_spam(verdict: str) -> Reply:
    """The outbound spam filter's verdict on the mailbox: RefuseQuota was seen, Suspend and ShowTierUpgrade are told of."""
    return store(
        554,
        "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; "
        f"{PERMANENT} WASCL UserAction verdict is not None. Actual verdict is {verdict}",
    )


LOCKOUT_CODES = {
    "mailbox full": "5.2.251",
    "send as denied": "5.2.252",
    "invalid license": "5.2.253",
    "too many recipients": "5.2.254",
    "invalid recipients": "5.2.255",
}
"""Kinds of repeated failure that lock a mailbox out of SMTP AUTH, by Microsoft's page on continuous error throttling."""


def locked_out(kind: str) -> Reply:
    """Every mail of the mailbox is refused for a while, good ones too."""
    return store(550, f"{LOCKOUT_CODES[kind]} Sender throttled due to continuous {kind} errors.")


def accepted(message_id: str) -> Reply:
    """The mail is taken; the id is the one that Exchange kept or assigned."""
    return Reply(250, f"2.0.0 OK {message_id}", "accepted")
