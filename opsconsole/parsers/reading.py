"""What every parser shares: one way to fail, and numbers that are not absurd."""

import functools
import math
from collections.abc import Callable, Iterable
from typing import Concatenate, Final, ParamSpec, TypeVar

from opsconsole.errors import ParseError
from opsconsole.model.metrics import metric_key

P = ParamSpec("P")
R = TypeVar("R")

_BIGGEST: Final = 1 << 64
"""Kernel counters are 64 bits wide; a longer number is not one."""
_SHOWN: Final = 80


def reads(
    what: str,
) -> Callable[[Callable[Concatenate[bytes, P], R]], Callable[Concatenate[bytes, P], R]]:
    """Turn the ways in which reading text fails into ParseError.

    Args:
        what: The file or command that the text came from, for the message.
    """

    def decorate(parse: Callable[Concatenate[bytes, P], R]) -> Callable[Concatenate[bytes, P], R]:
        @functools.wraps(parse)
        def guarded(text: bytes, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return parse(text, *args, **kwargs)
            except (ValueError, IndexError, KeyError, ArithmeticError):
                raise ParseError(what, text[:_SHOWN].decode("latin-1")) from None

        return guarded

    return decorate


def whole_numbers(tokens: Iterable[bytes]) -> list[int]:
    """Read counters: whole numbers of at most 64 bits, not below zero.

    Raises:
        ValueError: One of them is something else.
    """
    values = list(map(int, tokens))
    if values and (max(values) >= _BIGGEST or min(values) < 0):
        raise ValueError("not a kernel counter")
    return values


def whole_number(token: bytes) -> int:
    """Read one counter; see `whole_numbers`, which is dearer for one.

    Raises:
        ValueError: It is something else.
    """
    value = int(token)
    if not 0 <= value < _BIGGEST:
        raise ValueError("not a kernel counter")
    return value


@functools.lru_cache(maxsize=512)
def device_keys(names: tuple[str, ...], dev: str) -> tuple[str, ...]:
    """Name a device's metrics once: thousands of hosts have an eth0, and tell of it every ten seconds."""
    return tuple(metric_key(name, dev=dev) for name in names)


def finite(token: bytes) -> float:
    """Read a number that is neither infinite nor NaN.

    Raises:
        ValueError: It is something else.
    """
    value = float(token)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value
