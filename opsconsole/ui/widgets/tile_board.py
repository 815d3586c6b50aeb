"""A container that puts its panes where `tiles` says; the others are not shown and not painted."""

from collections.abc import Mapping

from textual.containers import Container
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget


class _Tiles(Layout):
    name = "tiles"

    def __init__(self, board: "TileBoard") -> None:
        self._board = board

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: FBT001, FBT002 (Textual's signature)
    ) -> ArrangeResult:
        """Place each child where the board wants it."""
        del parent, greedy
        regions = self._board.regions(size)
        placed = ((regions.get(child.id or ""), child) for child in children)
        return [
            WidgetPlacement(at, NULL_OFFSET, Spacing(), child)
            for at, child in placed
            if at is not None
        ]


class TileBoard(Container):
    """Subclasses give `regions`; call `tiles_changed` when they would be others."""

    DEFAULT_CSS = "TileBoard { width: 1fr; height: 1fr; background: $background; }"

    def __init__(self, *children: Widget, id: str | None = None) -> None:
        super().__init__(*children, id=id)
        self._tiles = _Tiles(self)

    @property
    def layout(self) -> Layout:
        """The layout that asks `regions`."""
        return self._tiles

    def regions(self, size: Size) -> Mapping[str, Region]:
        """Give the region of each child that is shown, by its id."""
        del size
        return {}

    def tiles_changed(self) -> None:
        """Arrange again; panes without a region are hidden."""
        shown = self.regions(self.size)
        for child in self.children:
            child.display = child.id in shown
        # A widget's request forgets how those around it arrange their children, not how it does itself.
        for child in self.children[:1]:
            child.refresh(layout=True)
        self.refresh(layout=True)
