"""What is wrong with the user's files, gathered so that a person sees all of it at once."""

import difflib
from collections.abc import Iterable
from typing import Final, NamedTuple

from opsconsole.errors import ConfigError, Mistake
from opsconsole.model.text import clean

_SHOWN: Final = 100
"""Mistakes carried; a file that is wrong everywhere needs no thousandth line."""


class Mark(NamedTuple):
    """A place in a file; line and column count from 1, 0 when it is the file itself."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Format as `file:line`, for records that remember where they came from."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Problems:
    """Collects mistakes while files are read; nothing is raised before the end."""

    def __init__(self) -> None:
        self._mistakes: list[Mistake] = []

    def __len__(self) -> int:
        return len(self._mistakes)

    def add(self, mark: Mark, text: str, excerpt: str = "") -> None:
        """Remember one mistake; its text may quote the file and is cleaned here."""
        shown = clean(excerpt, 500, multiline=True)
        self._mistakes.append(
            Mistake(clean(mark.file), mark.line, mark.column, clean(text, 500), shown)
        )

    def raise_if_any(self) -> None:
        """End the reading when something was wrong.

        Raises:
            ConfigError: All mistakes, in file order; the first hundred of them.
        """
        if not self._mistakes:
            return
        files = list(dict.fromkeys(mistake.file for mistake in self._mistakes))
        ordered = sorted(set(self._mistakes), key=lambda m: (files.index(m.file), m[1:]))
        raise ConfigError(ordered[:_SHOWN])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Make the end of a sentence about an unknown word: `, did you mean every`, or nothing."""
    folded = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(word[:60].lower(), folded, n=1, cutoff=0.6)
    return f", did you mean {folded[near[0]]}" if near else ""
