"""What an expression can be worth, and how values compare: three-valued, never an exception."""

import math
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final, Literal, Protocol, TypeAlias


class Unknown(Enum):
    """The third truth value: it cannot be told from what is known."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Truth: TypeAlias = bool | Literal[Unknown.UNKNOWN]
Value: TypeAlias = (
    "bool | int | float | str | Unknown | Collection[Value] | Mapping[str, Value] | None"
)
"""None is a missing field."""


class Env(Protocol):
    """Where names get their values; a plain mapping is one too."""

    def get(self, name: str, /) -> Value:
        """Give a dotted name's value; None when there is none."""
        ...


def truth(value: Value) -> Truth:
    """Read a value as a truth: a missing field is false, an empty text or list too."""
    if isinstance(value, Unknown):
        return UNKNOWN
    return bool(value)


def negate(value: Truth) -> Truth:
    """Turn a truth around; unknown stays unknown."""
    return UNKNOWN if value is UNKNOWN else not value


def is_number(value: Value) -> bool:
    """Tell whether a value is a number; a truth is not one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_number(value: Value) -> float | None:
    """Read a number, or a text that is one (labels are texts)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and len(value) <= 40:
        try:
            return float(value)
        except ValueError:
            return None
    return None


def equals(left: Value, right: Value) -> Truth:
    """Compare for equality; none equals only none, and a text that is a number equals that number."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if is_number(left) != is_number(right) and isinstance(left, str) != isinstance(right, str):
        one, other = as_number(left), as_number(right)
        if one is not None and other is not None:
            return one == other
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def order(left: Value, right: Value) -> int | None:
    """Order two values: negative, 0 or positive; None when they have no order."""
    one, other = as_number(left), as_number(right)
    if one is not None and other is not None:
        return None if math.isnan(one) or math.isnan(other) else (one > other) - (one < other)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def contains(container: Value, item: Value) -> Truth:
    """Tell whether a list holds an item, a mapping a key, or a text a piece; none holds nothing."""
    if isinstance(container, Unknown) or isinstance(item, Unknown):
        return UNKNOWN
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, Collection):
        return any(equals(each, item) is True for each in container)
    return False
