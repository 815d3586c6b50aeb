"""The lines around a pane: a double one where the keys go, a faint one elsewhere, with titles set into them."""

from typing import Final, NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from opsconsole.ui.paint import fit, segments
from opsconsole.ui.palette import Palette
from opsconsole.view.rows import Cell, Tone


class Border(NamedTuple):
    """The signs of one kind of frame."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    down: str


class Signs(NamedTuple):
    """What the frames and cursors are made of; one set for UTF-8, one for ASCII."""

    focused: Border
    plain: Border
    cursor: str
    mark: str
    ellipsis: str
    full: str
    """A filled cell of a bar."""
    empty: str


UNICODE: Final = Signs(
    focused=Border("╔", "╗", "╚", "╝", "═", "║"),
    plain=Border("┌", "┐", "└", "┘", "─", "│"),
    cursor="▸",
    mark="∙",
    ellipsis="…",
    full="█",
    empty="░",
)
ASCII: Final = Signs(
    focused=Border("+", "+", "+", "+", "=", "|"),
    plain=Border("+", "+", "+", "+", "-", "|"),
    cursor=">",
    mark="*",
    ellipsis="~",
    full="#",
    empty=".",
)


def edge(
    width: int,
    left: Cell,
    right: Cell,
    palette: Palette,
    signs: Signs,
    *,
    focused: bool,
    bottom: bool = False,
) -> Strip:
    """Draw a top or bottom line with a cell set into its left and its right end."""
    border = signs.focused if focused else signs.plain
    line = palette["focus" if focused else "line"]
    first, last = (
        (border.bottom_left, border.bottom_right) if bottom else (border.top_left, border.top_right)
    )
    inner = max(0, width - 2)
    head = _label(left, max(0, inner - 2), palette, signs, strong=focused)
    tail = _label(right, max(0, inner - 2 - _width(head)), palette, signs, strong=False)
    gap = inner - _width(head) - _width(tail)
    lead = min(1, gap) if tail else 0
    pieces = [
        Segment(first, line),
        *head,
        Segment(border.across * (gap - lead), line),
        *tail,
        Segment(border.across * lead + last, line),
    ]
    return Strip(pieces, width)


def side(palette: Palette, signs: Signs, *, focused: bool) -> Segment:
    """Draw the piece of a frame left or right of a line."""
    border = signs.focused if focused else signs.plain
    return Segment(border.down, palette["focus" if focused else "line"])


def _label(cell: Cell, room: int, palette: Palette, signs: Signs, *, strong: bool) -> list[Segment]:
    if not cell or room < 4:
        return []
    base = Tone.STRONG if strong else Tone.DIM
    space = Segment(" ", palette.base)
    text = fit(cell, room - 2, signs.ellipsis, pad=False)
    return [space, *segments(text, palette, base), space]


def _width(pieces: list[Segment]) -> int:
    return sum(piece.cell_length for piece in pieces)
