"""Rows into strips, each painted once for as long as it stays the same."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width, crop, fit, head, join, segments, widths
from opsconsole.view.rows import Cell, Column, Row, Span, Tone

_EDGES: Final = 2
"""The cursor's cell on the left, and a blank one before the frame on the right."""
_BLANK: Final = Span(Safe(" "))
CACHE_LIMIT: Final = 1_024
"""Strips kept; a screen has far fewer lines."""


class RowLine(NamedTuple):
    """What a line of a table shows: a row or none, and how it stands there."""

    row: Row | None
    cursor: bool
    marked: bool


class RowPainter:
    """Paints the rows of one table; told when columns, width or colours changed."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._strips: dict[str, tuple[RowLine, Strip]] = {}

    def __len__(self) -> int:
        """How many strips are kept."""
        return len(self._strips)

    def forget(self) -> None:
        """Paint everything anew from now on."""
        self._strips.clear()

    def title_cell(self, columns: Sequence[Column], width: int) -> Cell:
        """Write the column titles, the cursor's cell in front."""
        titles = head(columns, widths(columns, width - _EDGES), self._look.signs.ellipsis)
        return (Span(Safe(" ")), *titles)

    def strip(
        self, line: RowLine, row: Row, columns: Sequence[Column], left: int, width: int
    ) -> Strip:
        """Paint a row; `left` cells of it are scrolled out of sight."""
        known = self._strips.get(row.key)
        if known is not None and known[0] == line and known[1].cell_length == width:
            return known[1]
        strip = self._paint(line, row, columns, left, width)
        if len(self._strips) >= CACHE_LIMIT:
            self._strips.clear()
        self._strips[row.key] = (line, strip)
        return strip

    def changed(
        self, new: RowLine, old: RowLine, columns: Sequence[Column], left: int, width: int
    ) -> int:
        """Tell how many cells of a line, from its left, have to be painted again.

        The screen library sends a line from its left edge to the last cell that changed, so that what
        stands behind costs nothing.
        """
        if new is old or new == old:
            return 0
        if left or not _is_alike(new, old):
            return width
        assert new.row is not None
        assert old.row is not None
        pairs = enumerate(zip(new.row.cells, old.row.cells, strict=True))
        last = max((nth for nth, (cell, before) in pairs if cell != before), default=-1)
        # The cursor's cell, then the columns with a blank behind each.
        shares = widths(columns, width - _EDGES)
        return min(width, 1 + sum(share + 1 for share in shares[: last + 1]))

    def _paint(
        self, line: RowLine, row: Row, columns: Sequence[Column], left: int, width: int
    ) -> Strip:
        signs = self._look.signs
        gutter = signs.mark if line.marked else signs.cursor if line.cursor else " "
        flag = Span(Safe(gutter), Tone.ACCENT if line.marked else Tone.FOCUS)
        room = max(0, width - _EDGES)
        text = (
            self._gone(row, columns, left, room)
            if row.ghost
            else self._text(row, columns, left, room)
        )
        cell = (flag, *text, _BLANK) if width >= _EDGES else (flag,)
        return Strip(segments(cell, self._look.palette, row.tone, cursor=line.cursor), width)

    def _gone(self, row: Row, columns: Sequence[Column], left: int, room: int) -> Cell:
        """A row that vanished says so in a word: colour alone is no difference to everybody."""
        word = Safe(f" {row.ghost}")
        text = self._text(row, columns, left, max(0, room - len(word)))
        muted = tuple(Span(span.text, Tone.MUTED) for span in text)
        return fit((*muted, Span(word, Tone.STRONG)), room, "")

    def _text(self, row: Row, columns: Sequence[Column], left: int, room: int) -> Cell:
        ellipsis = self._look.signs.ellipsis
        shares = widths(columns, room)
        if not left:
            return fit(join(row, columns, shares, ellipsis), room, ellipsis)
        natural = [
            max(share, cell_width(cell)) if column.flexible else share
            for column, share, cell in zip(columns, shares, row.cells, strict=False)
        ]
        return crop(join(row, columns[: len(natural)], natural, ""), left, room)


def _is_alike(new: RowLine, old: RowLine) -> bool:
    """Tell whether two lines differ in nothing but what some cells say."""
    if new.row is None or old.row is None or new[1:] != old[1:]:
        return False
    return (new.row.key, new.row.tone, new.row.ghost, len(new.row.cells)) == (
        old.row.key,
        old.row.tone,
        old.row.ghost,
        len(old.row.cells),
    )


def marked_words(count: int, footer: Cell) -> Cell:
    """Say how many rows are marked, in front of what the foot says anyway: most are out of sight."""
    if not count:
        return footer
    marked = Span(Safe(f"{count:,} marked"), Tone.ACCENT)
    return (marked, Span(Safe("   ")), *footer) if footer else (marked,)
