"""What a table shows: columns, rows of cells, and tones; the only thing widgets are told.

A cell's text is Safe and already formatted; a tone is a meaning (a theme gives it its colour).
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from opsconsole.model.text import Safe


class Tone(StrEnum):
    """What a piece of text means; themes map each to a style, and glyph and word say it again."""

    NORMAL = "normal"
    DIM = "dim"
    STRONG = "strong"
    CRITICAL = "critical"
    WARNING = "warning"
    OK = "ok"
    STALE = "stale"
    MUTED = "muted"
    ACCENT = "accent"
    FOCUS = "focus"
    SPARK = "spark"
    SPARK_DIM = "spark-dim"
    REVERSED = "reversed"
    """The unowned critical: the only block on the screen."""
    BADGE = "badge"
    """The badge of a production environment: the theme's `prod` token, solid."""


class Span(Struct, frozen=True, gc=False):
    """A piece of text with one meaning."""

    text: Safe
    tone: Tone = Tone.NORMAL


Cell = tuple[Span, ...]


class Column(Struct, frozen=True):
    """One column: fixed width, or taking what is left; dropped by `rank` as the width shrinks."""

    id: str
    title: str
    width: int
    """Cells; for a flexible column the least it accepts."""
    right: bool = False
    flexible: bool = False
    rank: int = 0
    """0: never dropped; higher goes first."""
    sortable: bool = True


class Row(Struct, frozen=True, gc=False):
    """One row; equal rows are painted once. `key` is the object's id and never an index."""

    key: str
    cells: tuple[Cell, ...]
    tone: Tone = Tone.NORMAL
    ghost: str = ""
    """Why the row is no longer among the others, in a word; it stays until the cursor moves."""
    folds: bool = False
    """True: it opens in its place into several rows."""


class Table(Struct, frozen=True):
    """A pane's content: what to paint, in order, and what its border says."""

    columns: tuple[Column, ...]
    """A line of titles is drawn where one of them has a title."""
    rows: Sequence[Row]
    """May be made only when they are looked at: see `lazy_rows`."""
    title: Cell = ()
    """In the top border, left."""
    hint: Cell = ()
    """In the top border, right: sort, filter."""
    footer: Cell = ()
    """In the bottom border."""
    empty: str = ""
    """What to say when there are no rows: never a blank pane."""
    over: frozenset[str] = frozenset()
    """Keys of what came to its end; any other row that is missing is said to be gone."""
