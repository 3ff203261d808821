"""Why there is no token: one error with a reason that an operator can act on, never the text of an exception."""

from shared.rules.outcome import Reason


class TokenUnavailable(Exception):
    """No token now. `retry_after` is in seconds from now. The message is the reason's code, nothing from outside."""

    def __init__(self, reason: Reason, retry_after: float) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.retry_after = retry_after


DOWN_PAUSE = 30.0
"""Seconds until the next try where the endpoint fails, hangs or cannot be reached: a restart takes about that."""

THROTTLED_PAUSE = 60.0
"""Seconds after a 429 that names no time of its own."""

LONGEST_PAUSE = 3600.0
"""Seconds. A Retry-After beyond this is cut: a broken header must not stop the mail for days."""

CONFIGURATION_PAUSE = 900.0
"""Seconds until the next try where somebody has to change something first."""

ENDPOINT_MISSING = Reason(
    "identity-endpoint-missing",
    "this machine offers no managed identity",
    "switch on the function app's identity: az functionapp identity assign --name <app> --resource-group <group>",
)
REFUSED = Reason(
    "identity-refused",
    "the identity endpoint refuses to give a token for Exchange",
    "check that the identity is assigned to the app (az functionapp identity show), that AZURE_CLIENT_ID names a "
    "user-assigned one of it, and that the scope is right",
)
AMBIGUOUS = Reason(
    "identity-ambiguous",
    "the app has no identity of its own that could be meant, and AZURE_CLIENT_ID chooses none of its user-assigned ones",
    "az functionapp config appsettings set --name <app> --resource-group <group> --settings AZURE_CLIENT_ID=<client id>",
)
THROTTLED = Reason("identity-throttled", "the identity endpoint is asked too often and wants a pause")
DOWN = Reason("identity-down", "the identity endpoint cannot be reached or fails")
TIMEOUT = Reason("identity-timeout", "the identity endpoint did not answer in time")
UNREADABLE = Reason("identity-answer-unreadable", "the identity endpoint's answer holds no token that can be read")
EXPIRED = Reason(
    "identity-token-expired", "the identity endpoint gave a token that has expired already", "check the machine's clock"
)
FEDERATION_REFUSED = Reason(
    "federation-refused",
    "Entra refuses the managed identity as credential of the app registration",
    "compare issuer, subject (the identity's principal id) and audience of the federated credential: "
    "az ad app federated-credential list --id <client id>",
)
AUTHORITY_DOWN = Reason("authority-down", "the token endpoint of Entra cannot be reached or fails")
AUTHORITY_NOT_TRUSTED = Reason(
    "authority-not-trusted",
    "the certificate of the token endpoint is not trusted",
    "check MAIL_CA_FILE, and whether something between the app and Entra breaks TLS open",
)
SETTINGS_WRONG = Reason(
    "identity-settings-wrong",
    "the identity cannot be asked with these settings",
    "check MAIL_CLIENT_ID, MAIL_TENANT_ID, MAIL_AUTHORITY",
)

ALL = (
    ENDPOINT_MISSING,
    REFUSED,
    AMBIGUOUS,
    THROTTLED,
    DOWN,
    TIMEOUT,
    UNREADABLE,
    EXPIRED,
    FEDERATION_REFUSED,
    AUTHORITY_DOWN,
    AUTHORITY_NOT_TRUSTED,
    SETTINGS_WRONG,
)


def of_status(status: int, retry_after: str | None) -> TokenUnavailable:
    """The error for an HTTP status of the identity endpoint; `retry_after` is the header's text in seconds."""
    if status == 429:
        return TokenUnavailable(THROTTLED, pause(retry_after))
    if 400 <= status <= 499 and status != 408:
        return TokenUnavailable(REFUSED, CONFIGURATION_PAUSE)
    if status >= 500 or status == 408:
        return TokenUnavailable(DOWN, DOWN_PAUSE)
    return TokenUnavailable(UNREADABLE, DOWN_PAUSE)


def pause(retry_after: str | None) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110 10.2.3, number form), or the usual pause."""
    text = (retry_after or "").strip()
    if not text.isascii() or not text.isdigit():
        return THROTTLED_PAUSE
    return min(float(text), LONGEST_PAUSE)
