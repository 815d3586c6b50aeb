"""A table as lines of text: what prints where there is no screen."""

from collections.abc import Sequence

from opsconsole.view.cells import plain
from opsconsole.view.format import cell_width, shorten
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.rows import Column, Table


def lay_out(table: Table, width: int, glyphs: Glyphs, *, titles: bool = True) -> list[str]:
    """Set a table as its pane would: one blank between columns, cut to the width, no trailing blanks."""
    shares = widths(table.columns, width - 1)
    lines = [
        _join([plain(cell) for cell in row.cells], table.columns, shares, glyphs)
        for row in table.rows
    ]
    if titles and any(column.title for column in table.columns):
        lines.insert(
            0, _join([column.title for column in table.columns], table.columns, shares, glyphs)
        )
    return lines


def widths(columns: Sequence[Column], room: int) -> tuple[int, ...]:
    """Share the room among the columns: fixed ones theirs, flexible ones what is left."""
    spare = room - sum(column.width for column in columns) - max(0, len(columns) - 1)
    flexible = sum(column.flexible for column in columns)
    return tuple(
        max(1, column.width + spare // flexible) if column.flexible else column.width
        for column in columns
    )


def _join(
    texts: list[str], columns: Sequence[Column], shares: Sequence[int], glyphs: Glyphs
) -> str:
    pieces = []
    for text, column, share in zip(texts, columns, shares, strict=True):
        cut = shorten(text, share, glyphs)
        blanks = " " * (share - cell_width(cut))
        pieces.append(blanks + cut if column.right else cut + blanks)
    return (" " + " ".join(pieces)).rstrip()
