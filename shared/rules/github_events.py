"""GitHub's webhooks: `X-Hub-Signature-256` over the raw body (GitHub Docs, "Validating webhook deliveries").

Only the body is signed. The delivery's id (`X-GitHub-Delivery`) and the event's name (`X-GitHub-Event`) are not, so neither
decides anything here: whoever captured one delivery could send it again with others.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_bodies import JSON, json_object, media_type, unsupported
from shared.rules.event_identity import body_hash
from shared.rules.shared_secrets import secret_bytes, trouble_with

SIGNATURE_HEADER = "X-Hub-Signature-256"

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
"""GitHub writes lower-case hex. A second spelling of one signature would only be a second thing to get wrong."""


def github_event(delivery: Delivery, secrets: Sequence[str]) -> Event | None:
    """The verified event, None for a ping, with which GitHub tries out a new hook.

    The key is the body's hash: a body seen before is the same event, whatever id it comes with. Raises `DeliveryRefused`
    with the codes of `check_signature`, then `Refused` for what is not a JSON object.
    """
    check_signature(delivery.header(SIGNATURE_HEADER), delivery.body, secrets)
    if media_type(delivery.header("Content-Type")) != JSON:
        raise unsupported(f"the delivery is not {JSON}; set the hook's content type to {JSON} on GitHub")
    data = json_object(delivery.body)
    if is_ping(data):
        return None
    digest = body_hash(delivery.body)
    return Event(key=digest, content=digest, data=data)


def check_signature(signature: str, body: bytes, secrets: Sequence[str]) -> None:
    """Return where `signature` (the header's value, '' if missing) fits the body under any of the secrets.

    Raises `DeliveryRefused` with one of the codes `no-usable-secret`, `missing-header`, `malformed-signature`,
    `wrong-signature`.
    """
    keys = [secret_bytes(secret) for secret in secrets if trouble_with(secret) is None]
    if not keys:
        raise DeliveryRefused("no-usable-secret")
    if not signature:
        raise DeliveryRefused("missing-header")
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise DeliveryRefused("malformed-signature")
    theirs = bytes.fromhex(match[1])
    # Bytes, because compare_digest raises for text outside ASCII; and every key, so that time does not tell which one fits.
    if True not in [hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), theirs) for key in keys]:
        raise DeliveryRefused("wrong-signature")


def is_ping(data: Mapping[str, Any]) -> bool:
    """Whether a verified body is a ping: it alone has both `zen` and `hook_id` (GitHub Docs, "ping").

    Nobody can put names at the top of an event's body, so a real event cannot be passed off as a ping by changing the
    unsigned header, and a ping whose header was changed does not become a mail.
    """
    hook = data.get("hook_id")
    return isinstance(data.get("zen"), str) and isinstance(hook, int) and not isinstance(hook, bool)
