"""Lines that a host said, as cells: what speaks of trouble stands out, the time recedes."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from opsconsole.view.cells import span
from opsconsole.view.rows import Cell, Tone

_ERROR: Final = re.compile(
    r"\b(err|error|errors|fatal|panic|crit|critical|emerg|failed|failure|oom)\b", re.I
)
_WARNING: Final = re.compile(r"\b(warn|warning|timeout|timed out|denied|refused|retry)\b", re.I)
_TIME: Final = re.compile(
    r"(\d\d-\d\d |\d{4}-\d\d-\d\dT?|[A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d:\d\d\S*"
)
_LOOKED_AT: Final = 1_000


_JOURNAL: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?([+-]\d\d):?(\d\d) \S+ (?=\S+: )"
)
"""What `journalctl -o short-iso` puts before the program: time, and the host whose page this is."""


def short(line: str) -> str:
    """Cut what the page says already off a journal's line: `11-22 03:12:40 postgres[812]: ...`, in UTC."""
    found = _JOURNAL.match(line)
    if found is None:
        return line
    stamp, hours, minutes = found.groups()
    try:
        at = datetime.fromisoformat(f"{stamp}{hours}:{minutes}").astimezone(UTC)
    except (ValueError, OverflowError):
        return line
    return f"{at:%m-%d %H:%M:%S} {line[found.end() :]}"


def log_cells(lines: Iterable[str]) -> tuple[Cell, ...]:
    """Write a log's lines; a tone is only a hint, the words say it."""
    return tuple(_line(short(line)) for line in lines)


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
