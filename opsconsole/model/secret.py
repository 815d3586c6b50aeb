"""A value that cannot be shown by accident: no text, no repr, no encoding of a record gives it away."""

from typing import NoReturn


class Secret:
    """Holds a secret until the moment it is sent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, for the wire only."""
        return self._value

    def __repr__(self) -> str:
        """Hide it."""
        return "***"

    def __format__(self, spec: str) -> str:
        """Hide it, whatever the format."""
        return "***"

    def __eq__(self, other: object) -> bool:
        """Compare values."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash the type alone: a hash of the value would tell of it."""
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("a secret is not written anywhere")
