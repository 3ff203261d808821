"""Every exception that the SMTP library, TLS or the network can raise has its verdict."""

import asyncio
import inspect
import socket
import ssl

import aiosmtplib.errors
import pytest

from shared.edges.smtp_faults import OutOfStep, verdict_of
from shared.edges.smtp_offer import Timeouts
from shared.rules.outcome import Parked, Phase, Reply, Retry
from shared.rules.replies import not_sent

HOST_LIMIT = 600.0  # seconds: functionTimeout of host.json
TOKEN_TIMEOUT = 30.0  # seconds: one fetch

# For each class of the library: how to make one, and the code of the reason for it while the envelope is on its way.
LIBRARY = {
    "SMTPException": (("unexpected",), "smtp-client-fault"),
    "SMTPNotSupported": (("SMTPUTF8",), "smtp-client-fault"),
    "SMTPRecipientsRefused": (([],), "smtp-client-fault"),
    "SMTPServerDisconnected": (("gone",), "connection-lost"),
    "SMTPConnectError": (("gone",), "connection-lost"),
    "SMTPTimeoutError": (("slow",), "server-timeout"),
    "SMTPConnectTimeoutError": (("slow",), "server-timeout"),
    "SMTPReadTimeoutError": (("slow",), "server-timeout"),
    "SMTPResponseException": ((432, "4.3.2 Concurrent"), "concurrency-limit"),
    "SMTPConnectResponseError": ((421, "4.3.2 Service not available"), "service-not-available"),
    "SMTPHeloError": ((501, "5.5.4 Invalid domain name"), "client-name-refused"),
    "SMTPDataError": ((554, "5.6.0 corrupt"), "content-refused"),
    "SMTPAuthenticationError": ((535, "5.7.3 no"), "login-refused"),
    "SMTPSenderRefused": ((550, "5.7.60 no", "a@contoso.test"), "send-as-denied"),
    "SMTPRecipientRefused": ((501, "5.1.3 no", "b@contoso.test"), "recipient-address-refused"),
}


def library_classes() -> dict[str, type[Exception]]:
    """All exception classes that aiosmtplib exports."""
    found: list[tuple[str, type]] = inspect.getmembers(aiosmtplib.errors, inspect.isclass)
    return {name: kind for name, kind in found if kind.__module__ == aiosmtplib.errors.__name__}


def test_every_class_of_the_library_is_in_the_table() -> None:
    """A class that a new release adds has to be thought about."""
    assert set(library_classes()) == set(LIBRARY)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_class_of_the_library_has_its_reason(name: str) -> None:
    """By its reply where it holds one, by what happened otherwise."""
    arguments, code = LIBRARY[name]
    assert verdict_of(library_classes()[name](*arguments), Phase.MAIL).reason.code == code


@pytest.mark.parametrize(
    ("error", "phase", "code"),
    [
        (ssl.SSLCertVerificationError("self-signed"), Phase.STARTTLS, "certificate-not-trusted"),
        (ssl.SSLError("WRONG_VERSION_NUMBER"), Phase.STARTTLS, "tls-failed"),
        (ssl.SSLEOFError("cut"), Phase.STARTTLS, "connection-lost"),
        (ssl.SSLZeroReturnError("closed"), Phase.MAIL, "connection-lost"),
        (ConnectionResetError(), Phase.MAIL, "connection-lost"),
        (ConnectionRefusedError(), Phase.CONNECT, "server-unreachable"),
        (socket.gaierror(-2, "Name or service not known"), Phase.CONNECT, "server-unreachable"),
        (TimeoutError(), Phase.FINAL_DOT, "server-timeout"),
        (OutOfStep(), Phase.MAIL, "reply-not-understood"),
        (UnicodeError("label too long"), Phase.CONNECT, "smtp-client-fault"),
        (asyncio.InvalidStateError(), Phase.MAIL, "smtp-client-fault"),
        (RuntimeError("a bug"), Phase.MAIL, "smtp-client-fault"),
    ],
)
def test_an_exception_from_below_has_its_reason(error: Exception, phase: Phase, code: str) -> None:
    """TLS, sockets, names, and whatever is nobody's plan."""
    assert verdict_of(error, phase).reason.code == code


def test_a_certificate_failure_is_found_under_its_wrapper() -> None:
    """As the library wraps it: an SMTPConnectError, which is a ConnectionError, would be tried for ever."""
    wrapped = aiosmtplib.errors.SMTPConnectError("Error connecting")
    wrapped.__cause__ = ssl.SSLCertVerificationError("unable to get local issuer certificate")
    assert isinstance(not_sent(verdict_of(wrapped, Phase.CONNECT)), Parked)


def test_the_text_of_an_exception_goes_no_further() -> None:
    """Replies echo addresses."""
    error = aiosmtplib.errors.SMTPSenderRefused(550, "5.9.9 bob@contoso.test is not welcome", "bob@contoso.test")
    assert "bob" not in repr(verdict_of(error, Phase.MAIL))


def test_lost_connections_are_tried_again() -> None:
    """Nothing temporary ends a mail."""
    outcome = not_sent(verdict_of(ConnectionResetError(), Phase.CONTENT), Reply(0))
    assert isinstance(outcome, Retry)
    assert outcome.after > 0


def test_all_timeouts_of_a_mail_fit_into_one_invocation() -> None:
    """The host kills what runs longer, and then nobody knows what became of the mail."""
    assert Timeouts().longest + TOKEN_TIMEOUT < HOST_LIMIT
