"""The fixed lines of the screen: two of header on top, one of keys at the bottom."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.geometry import Region
from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width, fit, segments, text_width
from opsconsole.ui.widgets.canvas import Canvas
from opsconsole.view.rows import Cell, Span, Tone


class Bar(Canvas):
    """Whole lines of cells over the full width, not focusable."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Bar { background: $background; color: $foreground; height: 1; width: 1fr; }"

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(id=id)
        self.look = look
        self.lines: Sequence[Cell] = ()

    def show(self, lines: Sequence[Cell]) -> None:
        """Take new lines; paints only when they differ."""
        before, self.lines = self.lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        pairs = enumerate(zip(before, lines, strict=True))
        width = self.outer_size.width
        changed = [Region(0, y, width, 1) for y, (old, new) in pairs if old != new]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.outer_size.width
        cell = self.lines[y] if y < len(self.lines) else ()
        return Strip(segments(fit(cell, width, self.look.signs.ellipsis), self.look.palette), width)


class Key(NamedTuple):
    """A key that does something here and now."""

    key: str
    verb: str
    enabled: bool = True
    """False: it is known here but refused now (locked); shown struck, the reason comes on press."""


class KeyBar(Bar):
    """The footer: as many of the keys as fit, the first are the most wanted; the last one always stays."""

    _laid: tuple[Sequence[Key], int] = ((), 0)

    def show_keys(self, keys: Sequence[Key]) -> None:
        """Lay the keys out over the width."""
        wanted = (keys, self.outer_size.width)
        if wanted != self._laid:
            self._laid = wanted
            self.show((self._fill(*wanted),))

    def _fill(self, keys: Sequence[Key], width: int) -> Cell:
        if not keys:
            return ()
        *some, last = (_key_cell(key) for key in keys)
        gap = (Span(Safe("  ")),)
        cell: Cell = ()
        for nth, piece in enumerate([*some, last]):
            reserve = 0 if nth == len(some) else cell_width(last) + 2
            lead = 2 if cell else 0
            if cell_width(cell) + lead + cell_width(piece) + reserve > width:
                continue
            cell = (*cell, *(gap if cell else ()), *piece)
        return cell


def beside(left: Cell, right: Cell, width: int) -> Cell:
    """Set one cell at the left end and one at the right end of a line; the right one gives way."""
    room = width - cell_width(left) - cell_width(right)
    if room < 1:
        return fit(left, width, "")
    return (*left, Span(Safe(" " * room)), *right)


def words(text: str, tone: Tone = Tone.NORMAL) -> Cell:
    """Make a cell of one tone from text that was cleaned."""
    return (Span(Safe(text), tone),) if text_width(text) else ()


def _key_cell(key: Key) -> Cell:
    if key.enabled:
        return (Span(Safe(key.key), Tone.ACCENT), Span(Safe(f" {key.verb}"), Tone.DIM))
    return (Span(Safe(f"{key.key} {key.verb}"), Tone.MUTED),)
