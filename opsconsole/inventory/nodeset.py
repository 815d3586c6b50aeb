"""Host sets as people write them, `web[01-20],db1`, unfolded in their natural order."""

import re
from typing import Final

from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetParseError

LIMIT: Final = 20_000
"""Hosts one pattern may unfold to."""
_BRACKET: Final = re.compile(r"\[([^\]]*)\]")
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?:/([0-9]{1,6}))?)?")
_GOOD: Final = re.compile(r"[A-Za-z0-9_.:\[\],/-]+")


def unfold(pattern: str) -> tuple[str, ...]:
    """Give the names of a set, sorted as numbers are, each once.

    Raises:
        ValueError: With a sentence about what is wrong.
    """
    if not _GOOD.fullmatch(pattern):
        raise ValueError(f"{pattern[:60]!r} is not a set of hosts like web[01-20],db1")
    if "[" not in pattern and "]" not in pattern:
        names = [name for name in pattern.split(",") if name]
        return tuple(dict.fromkeys(names))
    _bounded(pattern)
    try:
        found = tuple(str(name) for name in NodeSet(pattern, resolver=RESOLVER_NOGROUP))
    except NodeSetParseError as error:
        raise ValueError(f"{pattern[:60]!r}: {error}") from error
    return found


def _bounded(pattern: str) -> None:
    """Refuse a range before it is unfolded, not after it ate the memory."""
    total = 0
    for part in re.split(r",(?![^\[]*\])", pattern):
        product = 1
        for bracket in _BRACKET.findall(part):
            product *= sum(_size(piece, pattern) for piece in bracket.split(","))
        total += product
        if total > LIMIT:
            raise ValueError(f"{pattern[:60]!r} is more than {LIMIT} hosts")


def _size(piece: str, pattern: str) -> int:
    found = _RANGE.fullmatch(piece)
    if not found:
        raise ValueError(f"{pattern[:60]!r}: {piece[:20]!r} is not a range like 01-20")
    first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    if last < first or step < 1:
        raise ValueError(f"{pattern[:60]!r}: {piece[:20]!r} runs backwards")
    return (last - first) // step + 1
