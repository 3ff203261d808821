"""A token that is only looked at: it has the text that a test gives it, or cannot be had."""

from dataclasses import dataclass

from shared.rules.outcome import Reason
from shared.rules.token_errors import TokenUnavailable


@dataclass
class FakeSight:
    """`text` None: the identity endpoint refuses. `asked` counts the fetches."""

    text: str | None = None
    asked: int = 0

    async def __call__(self) -> tuple[str, float]:
        """As the port says."""
        self.asked += 1
        if self.text is None:
            raise TokenUnavailable(Reason("identity-refused", "made up"), 900.0)
        return self.text, 0.0
