"""Values that nobody may read: they go where they are needed, and nowhere else."""

from typing import Final, NoReturn

SECRET_LIMIT: Final = 16 * 1024
"""Characters of one secret."""


class Secret:
    """A secret's value; it cannot be formatted, compared with text, copied into JSON or pickled.

    It is accepted by `stdin=` and nothing else; clients of `ctx.http` carry their own.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        """Set up; `name` is what people may see."""
        self.name = name
        self._value = value

    def __repr__(self) -> str:
        return f"<secret {self.name}>"

    def __str__(self) -> NoReturn:
        raise TypeError(f"the secret {self.name} cannot be made text; hand it to stdin=")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError(f"the secret {self.name} cannot be formatted; hand it to stdin=")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the secret {self.name} cannot be copied")


def reveal(secret: Secret) -> str:
    """Give the value to whoever sends it; not for plugins."""
    return secret._value  # noqa: SLF001 - the one reader
