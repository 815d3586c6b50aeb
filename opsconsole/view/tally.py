"""Counts by state as the titles and the header write them: `✗1 ▴6 ~1 ⊘5 ✓115`."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import Safe
from opsconsole.view.cells import state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.rows import Cell, Span, Tone

_ORDER: Final = (
    ("critical", "down"),
    ("warning", "degraded"),
    ("unknown",),
    ("pending",),
    ("maintenance",),
    ("ok", "up"),
)
_FAULTS: Final = 3
_BAD: Final = frozenset(word for words in _ORDER[:_FAULTS] for word in words)


def tally(counts: Mapping[str, int], glyphs: Glyphs, *, faults_only: bool = False) -> Cell:
    """Write counts of host, service or severity words, leaving out those that are zero."""
    spans: list[Span] = []
    for words in _ORDER[:_FAULTS] if faults_only else _ORDER:
        count = sum(counts.get(word, 0) for word in words)
        if not count:
            continue
        if spans:
            spans.append(Span(Safe(" ")))
        tone = Tone.DIM if words[0] == "ok" else state_tone(words[0])
        spans.append(Span(Safe(f"{state_glyph(words[0], glyphs)}{count}"), tone))
    return tuple(spans)


def count_of_bad(counts: Mapping[str, int]) -> str:
    """Write how many are at fault, ` (8 bad)`, or nothing."""
    bad = sum(count for word, count in counts.items() if word in _BAD)
    return f" ({bad} bad)" if bad else ""
