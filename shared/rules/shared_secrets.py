"""Secrets that a webhook shares with its sender, and whether a text can be one.

The answers are for an operator, in the form "cause; cure", and never hold the text.
"""

from shared.rules.config import Verification
from shared.rules.secret_forms import SHORTEST_SECRET, not_there, too_short
from shared.rules.webhook_signatures import has_own_form, usable_secret

__all__ = ["SHORTEST_SECRET", "secret_bytes", "trouble", "trouble_with"]


def trouble(text: str, verify: str) -> str | None:
    """None where `text` can be the secret of a webhook with this `verify` (a `Verification`), otherwise why not.

    CloudEvents have no form of secret of their own: one with the prefix of Standard Webhooks is read as theirs.
    """
    if verify == Verification.STANDARD_WEBHOOKS:
        return usable_secret(text)
    if verify == Verification.CLOUDEVENTS and has_own_form(text):
        return usable_secret(text)
    return trouble_with(text)


def trouble_with(text: str) -> str | None:
    """None where `text` can be a secret that is used as its UTF-8 bytes, otherwise why not."""
    if (cause := not_there(text)) is not None:
        return cause
    try:
        return too_short(secret_bytes(text))
    except UnicodeEncodeError:
        return "is not UTF-8 text; set it again, in letters and digits"


def secret_bytes(text: str) -> bytes:
    """The key that such a secret is; `UnicodeEncodeError` for a text that `trouble_with` refuses."""
    return text.encode("utf-8")
