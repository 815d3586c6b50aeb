"""A framed piece of a screen that is lines and no table, and the tabs of a drill-down."""

from msgspec import Struct

from opsconsole.view.rows import Cell


class Section(Struct, frozen=True):
    """What a pane of lines shows, frame included."""

    id: str
    lines: tuple[Cell, ...]
    title: Cell = ()
    hint: Cell = ()
    footer: Cell = ()


class Tab(Struct, frozen=True):
    """One tab of a drill-down: `Alerts 2`."""

    id: str
    title: str
