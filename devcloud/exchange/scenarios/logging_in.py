"""Scenarios at AUTH, those of High Volume Email included."""

import base64
import json

from devcloud.exchange import replies
from devcloud.exchange.actions import Action, Answer, Challenge, Cut
from devcloud.exchange.replies import auth_refused, front
from devcloud.exchange.scenarios.registry import Moment, scenario


@scenario("auth", "dot", number=4)
def proxy_error(at: Moment) -> Action:
    """451 4.7.0 … PRX2, PRX4 or PRX5: the front end does not reach the mailbox."""
    return Answer(replies.proxy_error(int(at.options["number"])))


@scenario("auth")
def temporary_auth_failure(_: Moment) -> Action:
    """454 4.7.0: directory or token service trouble."""
    return Answer(replies.TEMPORARY_AUTH_FAILURE)


@scenario("auth")
def tls_too_old(_: Moment) -> Action:
    """421 4.7.66: takes the client's TLS for 1.0 or 1.1, and closes."""
    return Answer(replies.TLS_TOO_OLD)


@scenario("auth")
def tls_not_allowed(_: Moment) -> Action:
    """421 5.7.67: the organisation did not opt in to old TLS, and closes."""
    return Answer(replies.TLS_NOT_ALLOWED)


@scenario("auth")
def unrecognized_auth_type(_: Moment) -> Action:
    """504 5.7.4: does not know the mechanism that it offered."""
    return Answer(replies.UNRECOGNIZED_AUTH)


@scenario("auth")
def authentication_unsuccessful(_: Moment) -> Action:
    """535 5.7.3: does not take the token, and does not say why."""
    return Answer(replies.UNAUTHENTICATED)


@scenario("auth")
def smtp_auth_disabled_tenant(_: Moment) -> Action:
    """535 5.7.139: SMTP AUTH is off in the tenant."""
    return Answer(replies.smtp_auth_disabled("Tenant"))


@scenario("auth")
def smtp_auth_disabled_mailbox(_: Moment) -> Action:
    """535 5.7.139: SMTP AUTH is off for the mailbox."""
    return Answer(replies.smtp_auth_disabled("Mailbox"))


@scenario("auth")
def wrong_password(_: Moment) -> Action:
    """535 5.7.139: the user credentials were incorrect."""
    return Answer(auth_refused("the user credentials were incorrect."))


@scenario("auth")
def policy_criteria_not_met(_: Moment) -> Action:
    """535 5.7.139: a policy (MFA, Conditional Access) stands against the login."""
    reason = "the request did not meet the criteria to be authenticated successfully. Contact your administrator."
    return Answer(auth_refused(reason))


@scenario("auth")
def security_defaults(_: Moment) -> Action:
    """535 5.7.139: the organisation's security defaults lock the user."""
    reason = "user is locked by your organization's security defaults policy. Contact your administrator."
    return Answer(auth_refused(reason))


@scenario("auth")
def basic_auth_disabled(_: Moment) -> Action:
    """535 5.7.139: password logins are off."""
    return Answer(replies.BASIC_AUTH_DISABLED)


@scenario("auth")
def federation_unreachable(_: Moment) -> Action:
    """535 5.7.139: the federated STS does not answer."""
    return Answer(auth_refused("federated STS service was unreachable."))


@scenario("auth")
def federation_without_https(_: Moment) -> Action:
    """535 5.7.139: the federated STS has no HTTPS."""
    return Answer(auth_refused("the federated STS URL does not support HTTPS."))


@scenario("auth")
def organization_forbids(_: Moment) -> Action:
    """535 5.7.139: the organisation's configuration does not allow it (High Volume Email)."""
    return Answer(auth_refused("the organization configuration doesn't allow this authentication request."))


@scenario("auth")
def basic_auth_retired(_: Moment) -> Action:
    """550 5.7.30: basic authentication is gone."""
    return Answer(replies.BASIC_AUTH_RETIRED)


@scenario("auth")
def cut_at_auth(_: Moment) -> Action:
    """Drops the connection in place of the answer to the token."""
    return Cut()


@scenario("auth", status="400", scope="https://mail.google.com/")
def json_challenge(at: Moment) -> Action:
    """334 with a JSON error as Google sends it, waits for the empty line, then 535 5.7.3."""
    error = json.dumps({"status": at.options["status"], "schemes": "Bearer", "scope": at.options["scope"]})
    return Challenge(base64.b64encode(error.encode()).decode(), replies.UNAUTHENTICATED)


@scenario("auth", code="5.5.124")
def hve_invalid_auth_data(at: Moment) -> Action:
    """501 5.5.121 to 5.5.126: High Volume Email cannot read the XOAUTH2 data."""
    return Answer(front(501, f"{at.options['code']} Invalid XOAUTH2 auth data"))


@scenario("auth")
def hve_token_expires_soon(_: Moment) -> Action:
    """535 5.7.142: High Volume Email wants a token that lives longer."""
    return Answer(front(535, "5.7.142 Authentication unsuccessful, the token will expire soon"))


@scenario("auth")
def hve_token_expired(_: Moment) -> Action:
    """535 5.7.143: High Volume Email says that the token is expired."""
    return Answer(front(535, "5.7.143 Authentication unsuccessful, the token has expired"))


@scenario("auth")
def hve_wrong_permissions(_: Moment) -> Action:
    """535 5.7.144: the token lacks High Volume Email's permission."""
    return Answer(front(535, "5.7.144 Authentication unsuccessful, invalid API permissions"))


@scenario("auth")
def hve_app_not_allowed(_: Moment) -> Action:
    """550 5.7.240: the app is not on the High Volume Email account's list."""
    return Answer(front(550, "5.7.240 The application is not on the allowed list of the account"))
