"""Why a bearer token was refused: one error with a stable code, and for each code the cause and the cure in words.

No text repeats anything of the token: a claim in an answer or a log would tell a stranger's words as ours.
"""

from collections.abc import Mapping

from shared.rules.outcome import Reason

MISSING = "missing"
"""The request brings no bearer token at all; RFC 6750 section 3.1 wants it told apart from a bad one."""

NO_ROLE = "no-role"
"""The token is genuine, and its owner was not given the role: an answer 403, not 401."""

_NEW_ONE = "get a new one, such as by az account get-access-token --resource with the app's application id URI"
_ISSUED_BY_ENTRA = "send an access token as Entra issues it for this app"

_TEXTS = (
    Reason(MISSING, "the request has no bearer token", "send the header Authorization: Bearer with one"),
    Reason("malformed", "the Authorization header is not one bearer token in the form of a signed JWT", _ISSUED_BY_ENTRA),
    Reason("too-long", "the bearer token is longer than any of Entra's", _ISSUED_BY_ENTRA),
    Reason("algorithm", "the bearer token is not signed with RS256", _ISSUED_BY_ENTRA),
    Reason("unknown-key", "the bearer token is signed with a key that this tenant's Entra does not publish", _NEW_ONE),
    Reason("unusable-key", "the key that the bearer token names does not sign this tenant's tokens", _NEW_ONE),
    Reason("signature", "the bearer token's signature is wrong", _NEW_ONE),
    Reason("issuer", "the bearer token was issued by somebody else than this tenant", "sign in to the app's own tenant"),
    Reason("tenant", "the bearer token belongs to another tenant", "sign in to the app's own tenant"),
    Reason("audience", "the bearer token was made for another resource than this app", _NEW_ONE),
    Reason("expired", "the bearer token has expired", _NEW_ONE),
    Reason("not-yet", "the bearer token is not valid yet", "check the clock of the machine that asked for it"),
    Reason("claims", "the bearer token lacks a claim, or has one in a form that Entra does not write", _ISSUED_BY_ENTRA),
    Reason(
        NO_ROLE,
        "the bearer token's owner does not have the app role that this needs",
        "assign the role in Entra: Enterprise applications, this app, Users and groups (for an application or a managed "
        "identity: az rest, appRoleAssignments), then get a new token",
    ),
)

REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _TEXTS}
"""Every code that a refusal can have."""


class TokenRefused(Exception):
    """The token does not prove what was asked of it. `code` is one of `REASONS` and may be logged and shown."""

    def __init__(self, code: str) -> None:
        self.reason = REASONS[code]
        super().__init__(f"the bearer token was refused: {code}")

    @property
    def code(self) -> str:
        """The reason's code."""
        return self.reason.code
