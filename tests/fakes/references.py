"""References under a key that everybody knows."""

from collections.abc import Sequence

from shared.rules.identifiers import recipient_ref
from tests.fakes.failing import Failing

KEY = b"k" * 32


class FakeReferences(Failing):
    """The same references in every test."""

    async def of(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """As the port says."""
        self._begin("of")
        return tuple(recipient_ref(KEY, address) for address in addresses)
