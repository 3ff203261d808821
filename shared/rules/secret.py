"""A secret as a value that cannot print itself."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that must not be seen; `reveal()` is the one way to it, so that every use can be found."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself, for the code that verifies or connects with it."""
        return self._value

    def __str__(self) -> str:
        return "Secret(…)"

    def __repr__(self) -> str:
        return "Secret(…)"
