"""Paints the rows of a table, each once, and tells how much of a line a change touched."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width, crop, fit, join, segments, widths
from opsconsole.view.rows import Column, Row, Span, Tone

CACHE_LIMIT: Final = 1_024


class Line(NamedTuple):
    """What a line shows: a row and how it stands out, or nothing."""

    row: Row | None
    cursor: bool
    marked: bool


NOTHING: Final = Line(row=None, cursor=False, marked=False)


class RowPainter:
    """Owned by one table; `columns` and `left` are set by it, and `forget` called when they change."""

    def __init__(self, look: Look) -> None:
        self.columns: tuple[Column, ...] = ()
        self.left = 0
        """Cells scrolled to the right."""
        self._look = look
        self._strips: dict[str, tuple[Line, Strip]] = {}

    def forget(self) -> None:
        """Paint everything anew: colours, columns or the width are others."""
        self._strips.clear()

    def shares(self, width: int) -> tuple[int, ...]:
        """Share a line's cells among the columns; the first cell is the gutter's."""
        return widths(self.columns, width - 1)

    def strip(self, line: Line, row: Row, width: int) -> Strip:
        """Paint a row, or give what was painted."""
        known = self._strips.get(row.key)
        if known is not None and known[0] == line and known[1].cell_length == width:
            return known[1]
        strip = self._paint(line, row, width)
        if len(self._strips) > CACHE_LIMIT:
            self._strips.clear()
        self._strips[row.key] = (line, strip)
        return strip

    def changed(self, new: Line, old: Line, width: int) -> int:
        """Tell how many cells of a line, from its left, have to be painted again.

        The screen library sends a line from its left edge to the last cell that changed, so that what
        stands behind costs nothing.
        """
        if new is old or new == old:
            return 0
        if new.row is None or old.row is None or self.left or new[1:] != old[1:]:
            return width
        same = (new.row.key, new.row.tone, new.row.ghost) == (
            old.row.key,
            old.row.tone,
            old.row.ghost,
        )
        if not same or len(new.row.cells) != len(old.row.cells):
            return width
        pairs = enumerate(zip(new.row.cells, old.row.cells, strict=True))
        last = max((nth for nth, (cell, before) in pairs if cell != before), default=-1)
        # The gutter, the columns, a blank behind each.
        return min(width, 1 + sum(share + 1 for share in self.shares(width)[: last + 1]))

    def _paint(self, line: Line, row: Row, width: int) -> Strip:
        signs, palette = self._look.signs, self._look.palette
        gutter = signs.mark if line.marked else signs.cursor if line.cursor else " "
        flag = Span(Safe(gutter), Tone.ACCENT if line.marked else Tone.FOCUS)
        shares = self.shares(width)
        if self.left:
            whole = join(row, self.columns, self._natural(row, shares), "")
            text = crop(whole, self.left, width - 1)
        else:
            text = fit(join(row, self.columns, shares, signs.ellipsis), width - 1, signs.ellipsis)
        if row.ghost:
            text = tuple(Span(span.text, Tone.MUTED) for span in text)
        return Strip(segments((flag, *text), palette, row.tone, cursor=line.cursor), width)

    def _natural(self, row: Row, shares: Sequence[int]) -> list[int]:
        pairs = zip(self.columns, shares, row.cells, strict=False)
        return [
            max(share, cell_width(cell)) if column.flexible else share
            for column, share, cell in pairs
        ]
