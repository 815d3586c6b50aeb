"""Cells into coloured text of an exact width; the only code that measures and cuts what is painted."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.palette import Palette
from opsconsole.view.rows import Cell, Column, Row, Span, Tone


def text_width(text: str) -> int:
    """Count the terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cell_width(cell: Cell) -> int:
    """Count the terminal cells a cell takes."""
    return sum(text_width(span.text) for span in cell)


def fit(cell: Cell, width: int, ellipsis: str, *, right: bool = False, pad: bool = True) -> Cell:
    """Cut or fill a cell to exactly `width` terminal cells; a cut shows the ellipsis."""
    taken = cell_width(cell)
    if taken > width:
        return _cut(cell, width, ellipsis)
    if taken == width or not pad:
        return cell
    # A block is filled to its column's width, so that it reads as one.
    tone = Tone.REVERSED if cell and cell[-1].tone is Tone.REVERSED else Tone.NORMAL
    blank = Span(Safe(" " * (width - taken)), tone)
    return (blank, *cell) if right else (*cell, blank)


def crop(cell: Cell, start: int, width: int) -> Cell:
    """Take the terminal cells `start` to `start + width`, filled with blanks."""
    kept: list[Span] = []
    at = 0
    for span in cell:
        wide = text_width(span.text)
        if at + wide > start and at < start + width:
            kept.append(_slice(span, max(0, start - at), min(wide, start + width - at)))
        at += wide
    return fit(tuple(kept), width, "")


def widths(columns: Sequence[Column], room: int) -> tuple[int, ...]:
    """Share the room among the columns: fixed ones theirs, flexible ones what is left."""
    blanks = max(0, len(columns) - 1)
    spare = room - blanks - sum(column.width for column in columns)
    flexible = [index for index, column in enumerate(columns) if column.flexible]
    shares = [column.width for column in columns]
    for nth, index in enumerate(flexible):
        shares[index] = max(1, shares[index] + _share(spare, len(flexible), nth))
    return tuple(shares)


def join(row: Row, columns: Sequence[Column], shares: Sequence[int], ellipsis: str) -> Cell:
    """Set a row's cells side by side, one blank between columns."""
    spans: list[Span] = []
    for index, (column, share) in enumerate(zip(columns, shares, strict=True)):
        cell = fit(
            row.cells[index] if index < len(row.cells) else (), share, ellipsis, right=column.right
        )
        if index:
            is_block = bool(spans and cell) and spans[-1].tone is cell[0].tone is Tone.REVERSED
            spans.append(_BLOCK if is_block else _BLANK)
        spans.extend(cell)
    return tuple(spans)


def head(columns: Sequence[Column], shares: Sequence[int], ellipsis: str) -> Cell:
    """Set the column titles over their columns."""
    titles = tuple((Span(Safe(column.title), Tone.DIM),) for column in columns)
    return join(Row("", titles), columns, shares, ellipsis)


def segments(
    cell: Iterable[Span], palette: Palette, base: Tone = Tone.NORMAL, *, cursor: bool = False
) -> list[Segment]:
    """Colour a cell; neighbours of one style become one segment."""
    merged: list[Segment] = []
    last: Style | None = None
    for span in cell:
        style = palette.style(span.tone, base, cursor=cursor)
        if style is last:
            merged[-1] = Segment(merged[-1].text + span.text, style)
        elif span.text:
            merged.append(Segment(span.text, style))
            last = style
    return merged


def wrapped(lines: Sequence[Cell], room: int) -> tuple[Cell, ...]:
    """Break lines that are wider than the room, where the room ends."""
    broken: list[Cell] = []
    for line in lines:
        wide = cell_width(line)
        broken.extend(crop(line, start, room) for start in range(0, max(1, wide), room))
    return tuple(broken)


def flowed(lines: Sequence[Cell], room: int) -> tuple[Cell, ...]:
    """Break lines that are wider than the room between words; what goes on stands under its beginning."""
    return tuple(part for line in lines for part in _flow(line, room))


def _flow(line: Cell, room: int) -> list[Cell]:
    wide = cell_width(line)
    if wide <= room:
        return [line]
    has_label = line[0].tone is Tone.ACCENT
    indent = min(text_width(line[0].text) if has_label else 2, room // 2)
    parts: list[Cell] = []
    start = 0
    while start < wide:
        space = room - indent if parts else room
        taken = min(space, wide - start)
        if start + space < wide:
            piece = "".join(span.text for span in crop(line, start, space + 1))
            fitting = text_width(piece[: piece.rfind(" ") + 1])
            taken = fitting if fitting > space // 2 else space
        part = crop(line, start, taken)
        parts.append((Span(Safe(" " * indent)), *part) if parts else part)
        start += taken
    return parts


_BLANK = Span(Safe(" "))
_BLOCK = Span(Safe(" "), Tone.REVERSED)


def _share(spare: int, count: int, nth: int) -> int:
    return spare // count + (1 if nth < spare % count else 0)


def _cut(cell: Cell, width: int, ellipsis: str) -> Cell:
    mark = ellipsis if width > text_width(ellipsis) else ""
    room = width - text_width(mark)
    kept: list[Span] = []
    for span in cell:
        wide = text_width(span.text)
        if wide >= room:
            kept.append(Span(Safe(set_cell_size(span.text, room) + mark), span.tone))
            break
        kept.append(span)
        room -= wide
    return tuple(kept)


def _slice(span: Span, start: int, end: int) -> Span:
    if span.text.isascii():
        return Span(Safe(span.text[start:end]), span.tone)
    head_part = set_cell_size(span.text, end)
    skipped = 0
    index = 0
    while skipped < start and index < len(head_part):
        skipped += cell_len(head_part[index])
        index += 1
    return Span(Safe(" " * (skipped - start) + head_part[index:]), span.tone)


def blank(width: int, palette: Palette) -> Strip:
    """Paint an empty line."""
    return Strip([Segment(" " * width, palette.base)] if width > 0 else [], max(0, width))
