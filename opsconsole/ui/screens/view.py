"""What every view is: tiles, one of which has the keys, and an object under its cursor."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region, Size

from opsconsole.ui.places import Place
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import Grown
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.ui.widgets.tile_board import TileBoard
from opsconsole.view.naming import bare_name
from opsconsole.view.triage import members

_PLACES = ("host", "service", "alert", "run", "incident")
_GROWTH = (Grown.NORMAL, Grown.HALF, Grown.FULL)


class Standing(NamedTuple):
    """The pane that had the keys, and the object under its cursor."""

    focused: str
    cursor: str | None


class View(TileBoard):
    """Subclasses make panes, say where they stand and fill them in `update`."""

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__()
        self.session = session
        self.place = place
        self.grown = Grown.NORMAL
        self.panes: Mapping[str, Pane] = {pane.id or "": pane for pane in self.make_panes()}
        self.focused_id = next(iter(self.panes))
        self._refills = False

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

    def on_pane_reshaped(self, message: Pane.Reshaped) -> None:
        """Fill again once the panes stand as they now are: what they show was made for another width."""
        message.stop()
        if not self._refills:
            self._refills = True
            self.call_after_refresh(self._refill)

    def _refill(self) -> None:
        self._refills = False
        self.update()

    def update(self) -> None:
        """Show what the session knows now; hidden panes are left alone."""

    def repaint(self) -> None:
        """Paint everything again in other colours."""
        for pane in self.panes.values():
            pane.repaint()

    def standing(self) -> Standing:
        """Tell where the person stands here, for when they come back."""
        return Standing(
            self.focused_id, self.pane.cursor if isinstance(self.pane, RowTable) else None
        )

    def resume(self, standing: Standing) -> None:
        """Stand where one stood: the same pane, the same object under the cursor."""
        self.focused_id = standing.focused
        if isinstance(self.pane, RowTable):
            self.pane.cursor = standing.cursor

    @property
    def stops(self) -> Sequence[str]:
        """The panes that `tab` goes through."""
        return self.shown

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
        self._turn_to(name)
        self.pane.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the mouse: a clicked pane has the keys."""
        name = event.widget.id or ""
        if name in self.panes and name != self.focused_id:
            self._turn_to(name)

    def _turn_to(self, name: str) -> None:
        self.focused_id = name
        for other, pane in self.panes.items():
            pane.light(on=other == name)
        self.tiles_changed()
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

    def export(self) -> tuple[str, str] | None:
        """Give a kind and a Markdown text to copy and to keep, where the view is one; else None."""
        return None

    def tick(self) -> None:
        """Read again what this view reads by itself."""

    def cursor_moved(self) -> None:
        """Show what belongs to the object under the cursor."""

    def turn_tab(self, step: int) -> None:
        """Turn to another tab, where there are tabs."""

    def drop_search(self) -> bool:
        """End a search in a text; tell whether there was one."""
        pane = self.pane
        if not isinstance(pane, LogView) or not pane.needle:
            return False
        pane.find("")
        return True

    # -- what commands act on

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no row move while a dialog speaks about them."""
        tables = [pane for pane in self.panes.values() if isinstance(pane, RowTable)]
        for table in tables:
            table.hold(held=True)
        try:
            yield
        finally:
            for table in tables:
                table.hold(held=False)

    @property
    def folds(self) -> Mapping[str, tuple[str, ...]]:
        """The episodes that folded fires under the cursor or among the marks stand for here, by their keys."""
        return {}

    @property
    def selection_words(self) -> str:
        """The selection in a few words, for a dialog's title."""
        marks = self.marks
        if marks:
            return f"{len(marks)} marked"
        alerts = members(self.session.snapshot, self.subject or "", self.folds)
        if alerts:
            return f"{alerts[0].name} on {bare_name(alerts[0].on)}"
        return bare_name(self.subject or "") or "nothing"

    def place_of(self, key: str) -> Place | None:
        """Say where opening a row leads; None when it does something else, or nothing."""
        kind, _, name = key.partition(":")
        return Place(kind, name) if kind in _PLACES and name else None

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
