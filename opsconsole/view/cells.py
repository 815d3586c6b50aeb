"""Making cells: every text goes through here, so everything is cleaned and has a meaning."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.view.format import cell_width
from opsconsole.view.rows import Cell, Column, Span, Tone

_TONE_OF_STATE: Final = {
    "critical": Tone.CRITICAL,
    "down": Tone.CRITICAL,
    "warning": Tone.WARNING,
    "degraded": Tone.WARNING,
    "unknown": Tone.STALE,
    "maintenance": Tone.MUTED,
    "pending": Tone.MUTED,
    "info": Tone.DIM,
}
BLANK: Final[Cell] = ()


WAITING: Final = "Waiting for the engine."
"""What a pane says before the first snapshot: an empty inventory is something else."""


def state_tone(state: str) -> Tone:
    """Give the tone of a state's or severity's word; healthy ones are ok."""
    return _TONE_OF_STATE.get(state, Tone.OK)


def span(text: str, tone: Tone = Tone.NORMAL) -> Span:
    """Make a piece of text from anywhere."""
    return Span(clean(text, LABEL_LIMIT), tone)


def cell(text: str, tone: Tone = Tone.NORMAL) -> Cell:
    """Make a cell of one piece."""
    return (Span(clean(text, LABEL_LIMIT), tone),)


@lru_cache(maxsize=8192)
def safe_cell(text: Safe, tone: Tone = Tone.NORMAL) -> Cell:
    """Make a cell from text that our own formatting made; numbers repeat, so cells are shared."""
    return (Span(text, tone),)


def width_of(one: Cell) -> int:
    """Count the terminal cells of a cell."""
    return sum(cell_width(piece.text) for piece in one)


def plain(one: Cell) -> str:
    """Give a cell's text."""
    return "".join(piece.text for piece in one)


def joined(parts: Iterable[Cell], gap: str = "  ") -> Cell:
    """Set cells side by side with a gap, leaving empty ones out."""
    spans: list[Span] = []
    for part in parts:
        if not part:
            continue
        if spans:
            spans.append(Span(Safe(gap)))
        spans.extend(part)
    return tuple(spans)


def beside(left: Cell, right: Cell, width: int) -> Cell:
    """Set one cell at each end of a line; the right one is left out where both do not fit."""
    room = width - width_of(left) - width_of(right)
    return left if room < 1 else (*left, Span(Safe(" " * room)), *right)


def chosen(columns: Iterable[Column], width: int) -> tuple[Column, ...]:
    """Drop columns until the rest fits, highest rank first.

    Args:
        columns: In their order on the screen.
        width: Cells inside the frame, the cursor's and a blank one at the end included.
    """
    kept = list(columns)
    while _needed(kept) > width - 2 and any(column.rank for column in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    return tuple(kept)


def _needed(columns: list[Column]) -> int:
    return sum(column.width for column in columns) + max(0, len(columns) - 1)
