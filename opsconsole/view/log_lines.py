"""Lines that a host said, as cells: what speaks of trouble stands out, the time recedes."""

import re
from collections.abc import Iterable
from typing import Final

from opsconsole.view.cells import span
from opsconsole.view.rows import Cell, Tone

_ERROR: Final = re.compile(
    r"\b(err|error|errors|fatal|panic|crit|critical|emerg|failed|failure|oom)\b", re.I
)
_WARNING: Final = re.compile(r"\b(warn|warning|timeout|timed out|denied|refused|retry)\b", re.I)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT?|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d:\d\d\S*")
_LOOKED_AT: Final = 1_000


def log_cells(lines: Iterable[str]) -> tuple[Cell, ...]:
    """Write a log's lines; a tone is only a hint, the words say it."""
    return tuple(_line(line) for line in lines)


def _line(line: str) -> Cell:
    looked_at = line[:_LOOKED_AT]
    tone = Tone.NORMAL
    if _ERROR.search(looked_at):
        tone = Tone.CRITICAL
    elif _WARNING.search(looked_at):
        tone = Tone.WARNING
    time = _TIME.match(looked_at)
    if time is None:
        return (span(line, tone),)
    return (span(line[: time.end()], Tone.DIM), span(line[time.end() :], tone))
