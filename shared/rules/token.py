"""An access token as a value that cannot print itself, and the arithmetic of its life."""

from dataclasses import dataclass, field

EXPIRY_MARGIN = 300.0
"""Seconds before its expiry at which a token counts as gone: room for one attempt and for clocks that differ."""

EARLY_REFRESH = 600.0
"""Seconds before its expiry at which a short-lived token is renewed while the old one still works."""

LONG_LIFE = 7200.0
"""From this life on a token is renewed at half of it, as the identity libraries do; changes of rights arrive sooner."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token: its text (never shown), when it was fetched and when it expires, in epoch seconds."""

    value: str = field(repr=False)
    fetched_at: float
    expires_at: float

    def usable(self, now: float, margin: float = EXPIRY_MARGIN) -> bool:
        """Whether a new login may still be made with it, where that needs more than `margin` seconds of its life."""
        return now < self.expires_at - margin

    def due(self, now: float, margin: float = EXPIRY_MARGIN) -> bool:
        """Whether it is time to fetch the next one, although this one may still work where `margin` is enough."""
        return now >= self._renewal(margin)

    @property
    def refresh_at(self) -> float:
        """When the next one is due with the usual margin."""
        return self._renewal(EXPIRY_MARGIN)

    def _renewal(self, margin: float) -> float:
        """Half of a long life; otherwise ten minutes before the end, but not before half of a short one.

        A wider margin makes it earlier by as much, so that there is as much time to repeat a failed fetch.
        """
        life = self.expires_at - self.fetched_at
        half = self.fetched_at + life / 2
        early = self.expires_at - EARLY_REFRESH - (margin - EXPIRY_MARGIN)
        return half if life >= LONG_LIFE else max(half, early)
