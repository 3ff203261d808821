"""Who sent a CloudEvent: a signature over the body, or the secret as a bearer token (CloudEvents, http-webhook.md 3)."""

import hmac
from collections.abc import Iterable, Sequence

from shared.rules.config import Verification
from shared.rules.deliveries import Delivery, DeliveryRefused
from shared.rules.shared_secrets import secret_bytes, trouble
from shared.rules.webhook_signatures import has_own_form, signing_key, verify_signed

TOKEN_PARAMETER = "access_token"  # noqa: S105 - the name of a query parameter (http-webhook.md 3.2), not a secret

_SIGNATURE_HEADER = "webhook-signature"
_SCHEME = "bearer"


def prove(delivery: Delivery, secrets: Sequence[str], now: float) -> bool:
    """Whether the proof covers the whole request, headers included, so that binary mode may be used.

    True for a bearer token (in `Authorization`, or in the query as `access_token`): whoever has it may say anything. False
    for the headers of Standard Webhooks: their HMAC covers id, time and body, and nothing else. A secret with the prefix
    whsec_ keys the HMAC as Base64, any other one as its UTF-8 bytes; as a token it is always compared as it stands.

    Raises `DeliveryRefused` with one of the codes `no-usable-secret`, `missing-proof`, `wrong-token`, or those of
    `verify_signed`.
    """
    usable = [secret for secret in secrets if trouble(secret, Verification.CLOUDEVENTS) is None]
    if not usable:
        raise DeliveryRefused("no-usable-secret")
    tokens = _tokens(delivery)
    if _are_equal(tokens, usable):
        return True
    # A token that is not ours may be for a gateway in front of the app, so a signature still counts.
    if delivery.header(_SIGNATURE_HEADER):
        verify_signed(delivery.headers, delivery.body, [_key(secret) for secret in usable], now)
        return False
    raise DeliveryRefused("wrong-token" if tokens else "missing-proof")


def prove_by_token(delivery: Delivery, secrets: Iterable[str]) -> None:
    """Return where the delivery brings one of `secrets` as a bearer token, for senders that sign nothing (Event Grid).

    Raises `DeliveryRefused` with one of the codes `no-usable-secret`, `missing-proof`, `wrong-token`.
    """
    usable = [secret for secret in secrets if trouble(secret, Verification.EVENT_GRID) is None]
    if not usable:
        raise DeliveryRefused("no-usable-secret")
    tokens = _tokens(delivery)
    if not tokens:
        raise DeliveryRefused("missing-proof")
    if not _are_equal(tokens, usable):
        raise DeliveryRefused("wrong-token")


def _tokens(delivery: Delivery) -> list[str]:
    scheme, _, token = delivery.header("Authorization").partition(" ")
    given = [token.strip(" ") if scheme.lower() == _SCHEME else "", delivery.query.get(TOKEN_PARAMETER, "")]
    return [token for token in given if token]


def _are_equal(tokens: Sequence[str], secrets: Sequence[str]) -> bool:
    """Bytes, because compare_digest raises for text outside ASCII; and all pairs, so that time does not tell which."""
    theirs = [token.encode("utf-8", "surrogatepass") for token in tokens]
    ours = [secret_bytes(secret) for secret in secrets]
    return True in [hmac.compare_digest(one, other) for one in ours for other in theirs]


def _key(secret: str) -> bytes:
    return signing_key(secret) if has_own_form(secret) else secret_bytes(secret)
