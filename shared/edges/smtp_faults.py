"""Every exception of the SMTP library, of TLS and of the network, as a verdict: nothing else leaves this edge.

The library raises a lost connection and a failed certificate check in several shapes (protocols reference 5.1), so the
whole chain of causes is looked at before the class is.
"""

import ssl
from collections.abc import Iterator

from shared.rules.outcome import Phase, Reason, Reply
from shared.rules.replies import NOT_UNDERSTOOD, Verdict, classify, parse_enhanced
from shared.rules.reply_table import ISSUE, SHORT, ReplyKind

LOST_PAUSE = 30.0
"""Seconds until the next try after a lost connection or a timeout."""

TLS_PAUSE = 300.0
"""Seconds until the next try after a TLS handshake failed for another reason than the certificate."""

_CUT_SHORT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


class OutOfStep(Exception):
    """The server said more than was asked: no later reply on this connection can be told apart from an earlier one."""


def verdict_of(error: BaseException, phase: Phase) -> Verdict:
    """What `error` in `phase` means. Never raises; what is not known here is a bug of ours, and the mail is parked."""
    from aiosmtplib.errors import SMTPResponseException

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Verdict(ReplyKind.CONFIGURATION, _of_certificate(cause), None)
    if isinstance(error, SMTPResponseException):
        return classify(phase, error.code, parse_enhanced(error.message), error.message)
    for kinds, verdict in _VERDICTS:
        if isinstance(error, kinds):
            return _UNREACHED if verdict is _LOST and phase is Phase.CONNECT else verdict
    return Verdict(ReplyKind.CONFIGURATION, CLIENT_FAULT, None)


def reply_of(error: BaseException) -> Reply | None:
    """The codes of a refusal that the library raised, at the greeting, EHLO or STARTTLS; None where none was said."""
    from aiosmtplib.errors import SMTPResponseException

    if not isinstance(error, SMTPResponseException) or not 400 <= error.code <= 599:
        return None
    return Reply(error.code, parse_enhanced(error.message))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _of_certificate(error: ssl.SSLCertVerificationError) -> Reason:
    """OpenSSL's verdict; a proxy that breaks TLS open shows a certificate by an authority of its own."""
    return _CERTIFICATES.get(getattr(error, "verify_code", 0), CERTIFICATE_NOT_TRUSTED)


CERTIFICATE_NOT_TRUSTED = Reason(
    "certificate-not-trusted",
    "no authority that this machine trusts has signed the server's certificate, so no token is sent: something between the "
    "app and the server breaks TLS open, or the server is another one",
    "except <server> from TLS inspection in the firewall; see who signs: "
    "openssl s_client -starttls smtp -connect <server>:<port> -showcerts",
)
CERTIFICATE_OF_ANOTHER_HOST = Reason(
    "certificate-of-another-host",
    "the server's certificate names another host, so no token is sent",
    "check [cloud] in mail.toml and what the name leads to: nslookup <server>",
)
CERTIFICATE_OUT_OF_DATE = Reason(
    "certificate-out-of-date",
    "the server's certificate has expired or is not valid yet, so no token is sent",
    "check the machine's clock; see the dates: openssl s_client -starttls smtp -connect <server>:<port> -showcerts",
)
_CERTIFICATES = {
    9: CERTIFICATE_OUT_OF_DATE,  # X509_V_ERR_CERT_NOT_YET_VALID
    10: CERTIFICATE_OUT_OF_DATE,  # X509_V_ERR_CERT_HAS_EXPIRED
    62: CERTIFICATE_OF_ANOTHER_HOST,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: CERTIFICATE_OF_ANOTHER_HOST,  # X509_V_ERR_IP_ADDRESS_MISMATCH
}
XOAUTH2_NOT_OFFERED = Reason(
    "xoauth2-not-offered",
    "the server does not offer XOAUTH2, so no token is sent",
    "check host and port of [cloud]: is it a submission server that takes OAuth?",
)
TLS_FAILED = Reason("tls-failed", "no TLS connection came about", "check that the server speaks TLS 1.2 or newer")
TIMED_OUT = Reason("server-timeout", "the server did not answer in time")
UNREACHABLE = Reason(
    "server-unreachable",
    "the server cannot be reached: outbound connections to its port are blocked, or it is down",
    "az network nsg rule create --resource-group <group> --nsg-name <nsg> --name smtp --priority 200 --direction Outbound "
    "--access Allow --protocol Tcp --destination-port-ranges <port>, or the same in your firewall",
)
NAME_NOT_FOUND = Reason(
    "server-name-not-found",
    "the name of the server leads to no address",
    "check [cloud] in mail.toml and the DNS servers of the app's network: nslookup <server>",
)
CONNECTION_LOST = Reason("connection-lost", "the connection broke off")
OUTCOME_UNKNOWN = Reason(
    "outcome-unknown", "the connection broke off after the whole mail was written; nobody can know whether it was taken"
)
LOGIN_REFUSED_ANEW = Reason(
    "login-refused-anew", "the login of a new connection was refused; the next attempt shows whether a fresh token helps"
)
CLIENT_FAULT = Reason("smtp-client-fault", "the SMTP client met something that it does not know", ISSUE)
CONTENT_NOT_CANONICAL = Reason("content-not-canonical", "the mail's content has line ends other than CRLF", ISSUE)
ADDRESS_UNSENDABLE = Reason(
    "sender-address-unsendable", "the sender's address cannot stand in an SMTP command", "check `from`"
)
NO_RECIPIENTS = Reason("no-recipients", "the mail has no recipient left", ISSUE)
TOO_LARGE = Reason("mail-too-large", "the mail is larger than the server takes", "send less, or a link to it")

_LOST = Verdict(ReplyKind.RETRY, CONNECTION_LOST, LOST_PAUSE)
_UNREACHED = Verdict(ReplyKind.RETRY, UNREACHABLE, LOST_PAUSE)
_VERDICTS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Verdict], ...] = (
    (OutOfStep, Verdict(ReplyKind.RETRY, NOT_UNDERSTOOD, SHORT)),
    (TimeoutError, Verdict(ReplyKind.RETRY, TIMED_OUT, LOST_PAUSE)),
    (_CUT_SHORT, _LOST),
    (ssl.SSLError, Verdict(ReplyKind.RETRY, TLS_FAILED, TLS_PAUSE)),
    (OSError, _LOST),
)
