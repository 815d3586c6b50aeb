"""What every view is: tiles, one of which has the keys, and an object under its cursor."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.geometry import Region, Size

from opsconsole.ui.places import Place
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import Grown
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.ui.widgets.tile_board import TileBoard

_GROWTH = (Grown.NORMAL, Grown.HALF, Grown.FULL)


class View(TileBoard):
    """Subclasses make panes, say where they stand and fill them in `update`."""

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__()
        self.session = session
        self.place = place
        self.grown = Grown.NORMAL
        self.panes: Mapping[str, Pane] = {pane.id or "": pane for pane in self.make_panes()}
        self.focused_id = next(iter(self.panes))

    def make_panes(self) -> list[Pane]:
        """Make the panes; the first gets the keys."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """All panes; those without a region are hidden."""
        yield from self.panes.values()

    def on_mount(self) -> None:
        """Arrange, fill, and give the keys to the first pane."""
        self.tiles_changed()
        self.focus_pane(self.focused_id)

    def on_resize(self) -> None:
        """Arrange for the new size and fill again: columns depend on widths."""
        self.tiles_changed()
        self.call_after_refresh(self.update)

    def update(self) -> None:
        """Show what the session knows now; hidden panes are left alone."""

    def repaint(self) -> None:
        """Paint everything again in other colours."""
        for pane in self.panes.values():
            pane.repaint()

    # -- focus

    @property
    def pane(self) -> Pane:
        """The pane that has the keys."""
        return self.panes[self.focused_id]

    @property
    def shown(self) -> list[str]:
        """The panes that stand on the screen."""
        return [name for name, pane in self.panes.items() if pane.display]

    def focus_pane(self, name: str, *, again_zooms: bool = False) -> None:
        """Give the keys to a pane; once more makes it full, or normal again."""
        if name not in self.panes:
            return
        if again_zooms and name == self.focused_id:
            self.zoom()
        self.focused_id = name
        self.tiles_changed()
        self.pane.focus()
        self.call_after_refresh(self.update)

    def zoom(self) -> None:
        """Make the pane full, or normal again."""
        self.set_grown(Grown.NORMAL if self.grown is Grown.FULL else Grown.FULL)

    def grow(self, step: int) -> None:
        """Make the pane larger or smaller: normal, half, full."""
        self.set_grown(_GROWTH[min(max(0, _GROWTH.index(self.grown) + step), len(_GROWTH) - 1)])

    def set_grown(self, grown: Grown) -> None:
        """Give the pane this much of the screen."""
        self.grown = grown
        self.tiles_changed()
        self.call_after_refresh(self.update)

    def tick(self) -> None:
        """Read again what this view reads by itself."""

    # -- what commands act on

    @property
    def where(self) -> str:
        """The word of `Selection.where` for what has the keys."""
        return self.focused_id

    @property
    def marks(self) -> tuple[str, ...]:
        """The marked objects, in the order shown."""
        pane = self.pane
        return pane.selection if isinstance(pane, RowTable) and pane.marks else ()

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The words of the second header line."""
        return ("all", self.place.kind)

    @property
    def subject(self) -> str | None:
        """The key of the object that Peek speaks of."""
        return self.pane.cursor if isinstance(self.pane, RowTable) else None

    def regions(self, size: Size) -> Mapping[str, Region]:
        """Only the pane that has the keys, unless a subclass knows better."""
        return {self.focused_id: size.region}
