"""What several fires say, as one text that is true of all of them."""

import re
from collections.abc import Sequence
from typing import Final

_NUMBER: Final = re.compile(r"^([^\d.]*)(\d+(?:\.\d+)?)(.*)$")
_MOST_WORDS: Final = 4


def together(texts: Sequence[str]) -> str:
    """Write texts as one: words that differ stand side by side, numbers as a range.

    `unit a.service failed` and `unit b.service failed` are `unit a.service|b.service failed`; `load 2.3`
    and `load 2.9` are `load 2.3..2.9`. Empty where the texts have nothing to do with each other.
    """
    rows = [text.split() for text in dict.fromkeys(texts)]
    if not rows or len({len(row) for row in rows}) != 1:
        return ""
    columns = list(zip(*rows, strict=True))
    if len(rows) > 1 and not any(len(set(column)) == 1 for column in columns):
        return ""
    return " ".join(_one(column) for column in columns)


def _one(words: Sequence[str]) -> str:
    different = list(dict.fromkeys(words))
    if len(different) == 1:
        return different[0]
    return _range(different) or _listed(different)


def _range(words: Sequence[str]) -> str:
    """Write words that differ in their number only from the least to the greatest."""
    found = [match for match in map(_NUMBER.match, words) if match is not None]
    if len(found) != len(words) or len({match.group(1, 3) for match in found}) != 1:
        return ""
    numbers = sorted((match.group(2) for match in found), key=float)
    head, tail = found[0].group(1, 3)
    return f"{head}{numbers[0]}..{numbers[-1]}{tail}"


def _listed(words: Sequence[str]) -> str:
    shown = "|".join(words[:_MOST_WORDS])
    return f"{shown}|.." if len(words) > _MOST_WORDS else shown
