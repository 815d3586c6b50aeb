"""Argument lists: the one place that decides what may stand in an argv slot.

A value that came from a person, an alert or a host is a `Given`; written out by an author it is a plain
str. Only a Given is suspected of being an option, because `"--unit=" + given` is a plain str again.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

SLOT_LIMIT: Final = 32 * 1024
"""Characters of one argument."""
_VARIABLE: Final = re.compile(r"(?!LD_|OPSC_|(PATH|IFS|BASH_ENV|ENV)\Z)[A-Z][A-Z0-9_]{0,60}")


class Given(str):
    """Text that nobody of the house wrote."""

    __slots__ = ()


def has_control(text: str) -> bool:
    """Tell whether text holds anything that cannot be seen: controls, bidi marks, line ends, half pairs."""
    return any(
        category[0] == "C" or category in ("Zl", "Zp")
        for category in map(unicodedata.category, text)
    )


def may_be_set(name: str) -> bool:
    """Tell whether a command may be given a variable of this name: none that changes what runs, none of ours."""
    return _VARIABLE.fullmatch(name) is not None


def build_argv(elements: Sequence[str | int]) -> tuple[str, ...]:
    """Check an argument list and make it of text.

    Raises:
        TypeError: It is a str, or holds something that is neither str nor int.
        ValueError: It is empty, an element holds a control character, or a given value would be read as an option.
    """
    if isinstance(elements, str | bytes):
        raise TypeError("a command is a list of arguments, never a line")
    if not elements or elements[0] == "":
        raise ValueError("an empty command")
    after_literal = False
    built: list[str] = []
    for element in elements:
        text = _text(element)
        if isinstance(element, Given):
            _check_given(element, free=after_literal)
        elif element == "--":
            after_literal = True
        built.append(text)
    return tuple(built)


def _text(element: str | int) -> str:
    if isinstance(element, bool) or not isinstance(element, str | int):
        raise TypeError(f"an argument is text or a whole number, not {type(element).__name__}")
    text = str(element)
    if "\0" in text or len(text) > SLOT_LIMIT:
        raise ValueError("an argument holds a NUL or is too long")
    return text


def _check_given(value: Given, *, free: bool) -> None:
    if value.startswith("-") and not free:
        raise ValueError(f"{value[:40]!r} would be read as an option; put -- before it")
    if has_control(value):
        raise ValueError(f"{value[:40]!r} holds a control character")
