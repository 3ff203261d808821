"""Scenarios up to the login: greeting, EHLO, STARTTLS (attacks as in the study NO STARTTLS, USENIX Security 2021)."""

from devcloud.exchange import replies
from devcloud.exchange.actions import Action, Answer, Bend, Cut
from devcloud.exchange.scenarios.registry import Moment, anywhere, scenario


@scenario("connect")
def connection_refused(_: Moment) -> Action:
    """Resets the connection before the greeting."""
    return Cut(reset=True)


@scenario(*anywhere("connect"))
def too_many_server_connections(_: Moment) -> Action:
    """421 4.3.2: the server has too many connections, and closes this one."""
    return Answer(replies.TOO_MANY_SERVER_CONNECTIONS)


@scenario(*anywhere("connect"))
def service_not_available(_: Moment) -> Action:
    """421 4.3.2 Service not available, and closes."""
    return Answer(replies.SERVICE_NOT_AVAILABLE)


@scenario(*anywhere("connect"))
def service_not_active(_: Moment) -> Action:
    """421 4.3.2 Service not active, and closes."""
    return Answer(replies.SERVICE_NOT_ACTIVE)


@scenario("ehlo")
def invalid_domain_name(_: Moment) -> Action:
    """501 5.5.4: does not like the client's name."""
    return Answer(replies.INVALID_DOMAIN)


@scenario("connect")
def no_starttls(_: Moment) -> Action:
    """Neither offers STARTTLS nor knows it."""
    return Bend({"hidden": frozenset({"STARTTLS"})})


@scenario("connect")
def no_xoauth2(_: Moment) -> Action:
    """Offers AUTH LOGIN only."""
    return Bend({"hidden": frozenset({"XOAUTH2"})})


@scenario("connect", keyword="PIPELINING")
def hide_extension(at: Moment) -> Action:
    """Leaves one keyword out of EHLO's answer."""
    return Bend({"hidden": frozenset({str(at.options["keyword"]).upper()})})


@scenario("starttls")
def starttls_refused(_: Moment) -> Action:
    """454 4.7.0 to STARTTLS although it was offered (RFC 3207 section 4)."""
    return Answer(replies.front(454, "4.7.0 TLS not available due to temporary reason"))


@scenario("starttls")
def certificate_untrusted(_: Moment) -> Action:
    """Shows a certificate for the right names by an authority that nobody trusts."""
    return Bend({"certificate": "untrusted"})


@scenario("starttls")
def certificate_wrong_host(_: Moment) -> Action:
    """Shows a good certificate for another host."""
    return Bend({"certificate": "wrong-host"})


@scenario("starttls")
def certificate_expired(_: Moment) -> Action:
    """Shows a certificate that was good once."""
    return Bend({"certificate": "expired"})


@scenario("starttls", text="250-injected.contoso.test Hello\r\n250 AUTH LOGIN PLAIN\r\n")
def starttls_injection(at: Moment) -> Action:
    """Glues plain text to the 220, which a careless client reads as an answer given inside TLS."""
    return Bend({"injected": str(at.options["text"]).encode()})


@scenario("starttls")
def cut_at_starttls(_: Moment) -> Action:
    """Drops the connection in place of the 220."""
    return Cut()
