"""Rows of words as lines whose columns line up; pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from opsconsole.model.text import clean

CELL_LIMIT: Final = 200


def lay_out(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> Iterator[str]:
    """Make lines of rows; the last column is never padded."""
    cells = [[clean(str(cell), CELL_LIMIT) for cell in row] for row in [header, *rows] if row]
    count = max((len(row) for row in cells), default=0)
    widths = [max(len(row[at]) for row in cells if at < len(row)) for at in range(count)]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join(padded).rstrip()
