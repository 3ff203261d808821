"""The handshake by which a target agrees to deliveries (CloudEvents, http-webhook.md section 4). It authenticates nobody.

The sender may name an address to call for a later consent (`WebHook-Request-Callback`). It is the sender's choice, so it
is never called and never looked at: otherwise anybody could have this app call any address.
"""

import re
from collections.abc import Mapping, Sequence

from shared.rules.deliveries import Delivery
from shared.rules.patterns import HOST_NAME

ANY_ORIGIN = "*"
"""In the list of origins: everybody. For tests."""

_ASKED_ORIGIN = "WebHook-Request-Origin"
_ASKED_RATE = "WebHook-Request-Rate"
_DELIVERY_ORIGINS = (_ASKED_ORIGIN, "Origin")
"""What repeats the origin on a delivery: the current text of the specification, and that of 1.0."""

_RATE = re.compile(r"[1-9][0-9]{0,17}")
"""Requests a minute, a positive integer (section 4.1.4). More digits are no rate, and cost time."""


def consent(headers: Mapping[str, str], origins: Sequence[str], rate: int) -> Mapping[str, str] | None:
    """The headers that agree to deliveries, None where there is no consent.

    `origins` are DNS names, compared without case; `rate` is the most that is granted, in requests a minute. Where the
    sender asks for less, it gets what it asks for.
    """
    asked_by = _values(headers, _ASKED_ORIGIN)
    if len(asked_by) != 1 or not _is_listed(asked_by[0], origins):
        return None
    allowed = _allowed_rate(_values(headers, _ASKED_RATE), rate)
    if allowed is None:
        return None
    return {"Allow": "POST", "WebHook-Allowed-Origin": asked_by[0], "WebHook-Allowed-Rate": str(allowed)}


def delivery_origin_ok(delivery: Delivery, origins: Sequence[str]) -> bool:
    """Whether every origin that the delivery names is one of `origins`; True where none are configured or none is named.

    A sender that never asked for consent names none, so this keeps out only those that asked somebody else.
    """
    if not origins or ANY_ORIGIN in origins:
        return True
    named = [value for header in _DELIVERY_ORIGINS for value in _values(delivery.headers, header) if value]
    return all(_is_listed(value, origins) for value in named)


def _is_listed(origin: str, origins: Sequence[str]) -> bool:
    name = _dns_name(origin)
    if not HOST_NAME.fullmatch(name):
        return False
    return ANY_ORIGIN in origins or name in {_dns_name(allowed) for allowed in origins}


def _dns_name(text: str) -> str:
    """Without case (RFC 4343) and without the dot of the root."""
    return text.removesuffix(".").lower()


def _allowed_rate(asked: Sequence[str], rate: int) -> int | None:
    if not asked:
        return rate
    if len(asked) > 1 or not _RATE.fullmatch(asked[0]):
        return None
    return min(int(asked[0]), rate)


def _values(headers: Mapping[str, str], name: str) -> list[str]:
    wanted = name.lower()
    return [value for key, value in headers.items() if key.lower() == wanted]
