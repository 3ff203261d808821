"""What every webhook's secret has to be, whatever its form: set, resolved, and long enough not to be guessed."""

SHORTEST_SECRET = 24
"""Bytes. Standard Webhooks asks for at least 24 random ones (specification 1.0.0, section on symmetric signatures); below
that, who holds one signed delivery can try out keys until one fits.
"""

_UNRESOLVED = "@microsoft.keyvault("
"""What App Service leaves in the environment where it could not read the vault. Anybody can write this text down, so an
HMAC that is keyed with it proves nothing.
"""


def not_there(text: str) -> str | None:
    """Why an app setting holds no secret at all (cause; cure), None where it holds something."""
    bare = text.strip()
    if not bare:
        return "is empty; set the app setting"
    if bare.lower().startswith(_UNRESOLVED):
        return "is a Key Vault reference that was not resolved; check the vault's name and the identity's right to read it"
    return None


def too_short(secret: bytes) -> str | None:
    """Why a key of this length protects nothing (cause; cure), None where it is long enough."""
    if len(secret) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} bytes; make a longer one and give it to the sender as well"
    return None
