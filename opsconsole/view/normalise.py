"""What differs between hosts that did the same: names, addresses, times, ids; taken out before comparing."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from opsconsole.view.naming import bare_name

KINDS: Final = ("hostname", "ip", "pid", "timestamp", "duration", "hex")
"""In the order the menu shows them."""
ALL: Final = frozenset(KINDS)
_LINE_LIMIT: Final = 4_000
"""Characters of a line that are looked at."""

_PATTERNS: Final[Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]] = {
    "timestamp": (
        (
            re.compile(
                r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
            ),
            "<time>",
        ),
        (
            re.compile(
                r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} \d\d:\d\d:\d\d\b"
            ),
            "<time>",
        ),
        (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    ),
    "ip": (
        (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "<ip>"),
        (re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}(?::?[0-9a-fA-F]{1,4})?(?![\w:])"), "<ip>"),
    ),
    "hex": (
        (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
        (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b"), "<hex>"),
    ),
    "duration": (
        (re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|us|ms|s|min|m|h|d)\b"), "<took>"),
    ),
    "pid": (
        (re.compile(r"\[\d+\]"), "[<pid>]"),
        (re.compile(r"\b([Pp][Ii][Dd][ =:]+)\d+\b"), r"\1<pid>"),
    ),
}  # fmt: skip
_ORDER: Final = ("timestamp", "ip", "hex", "duration", "pid")
"""A time would be taken for durations, a pid in brackets stays one: the longest readings come first."""


def normaliser(target: str, kinds: Collection[str] = ALL) -> Callable[[str], str]:
    """Make the function that takes out of a line what is only this target's."""
    names = _own_names(target) if "hostname" in kinds else None
    patterns = [pair for kind in _ORDER if kind in kinds for pair in _PATTERNS[kind]]

    def normal(line: str) -> str:
        text = line[:_LINE_LIMIT]
        if names is not None:
            text = names.sub("<host>", text)
        for pattern, word in patterns:
            text = pattern.sub(word, text)
        return text

    return normal


def _own_names(target: str) -> re.Pattern[str] | None:
    """A host is called by its whole name and by the first part of it."""
    name = bare_name(target)
    names = {name, name.partition(".")[0]} - {""}
    if not names:
        return None
    words = "|".join(re.escape(word) for word in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])")


def normal_lines(
    target: str, lines: Iterable[str], kinds: Collection[str] = ALL
) -> tuple[str, ...]:
    """Take out of lines what is only this target's."""
    normal = normaliser(target, kinds)
    return tuple(normal(line) for line in lines)
