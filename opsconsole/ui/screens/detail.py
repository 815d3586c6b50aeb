"""What drill-downs share: a headline over their panes, and a title to go back from."""

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.geometry import Region, Size

from opsconsole.commands.command import ROWS
from opsconsole.ui.paint import flowed
from opsconsole.ui.places import Place
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import Grown
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Table
from opsconsole.view.sections import Section

Parts = Sequence[tuple[str, float]]
"""Panes side by side, or one over the other, with their shares."""


class Detail(View):
    """One object on the whole screen. Subclasses say what stands where (`areas`) and fill it (`fill`)."""

    HEAD = 1
    """Lines of headline."""

    def __init__(self, session: Session, place: Place) -> None:
        self.head = Bar(session.look, id="headline")
        super().__init__(session, place)

    def compose(self) -> ComposeResult:
        """The headline, then the panes."""
        yield self.head
        yield from self.panes.values()

    def on_mount(self) -> None:
        """Give the headline its height."""
        self.head.styles.height = self.HEAD

    def regions(self, size: Size) -> Mapping[str, Region]:
        """The headline on top, the panes of `areas` below it."""
        room = Size(size.width, max(0, size.height - self.HEAD))
        areas = self.areas(room)
        if self.grown is Grown.FULL and self.focused_id in areas:
            areas = {self.focused_id: room.region}
        placed = {name: region.translate((0, self.HEAD)) for name, region in areas.items()}
        return {"headline": Region(0, 0, size.width, self.HEAD), **placed}

    def areas(self, room: Size) -> dict[str, Region]:
        """Say where the panes stand in the room under the headline."""
        raise NotImplementedError

    def update(self) -> None:
        """Write the headline and fill the panes that are shown."""
        if not self.is_mounted:
            return
        self.head.show(self.headline(self.size.width))
        for name in self.shown:
            self.fill(name)

    def headline(self, width: int) -> Sequence[Cell]:
        """Write the lines over the panes."""
        raise NotImplementedError

    def fill(self, name: str) -> None:
        """Show in a pane what is known now."""
        raise NotImplementedError

    @property
    def reference(self) -> str:
        """The object this view is of, as commands call it."""
        return f"{self.place.kind}:{self.place.key}"

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", f"{self.place.kind}s", bare_name(self.place.key))

    @property
    def where(self) -> str:
        """The kind of the view, or that there are rows; unless the pane is something of its own."""
        return ROWS if isinstance(self.pane, RowTable) else self.place.kind

    @property
    def subject(self) -> str | None:
        """The row's object, where the pane has rows of objects; else the view's own."""
        row = super().subject
        return (
            row
            if row is not None and row.startswith(("host:", "service:", "alert:"))
            else self.reference
        )

    @property
    def options(self) -> ViewOptions:
        """How things are to be written here."""
        return self.session.options(self.place.kind)

    def show_section(self, name: str, section: Section, *, whole: bool = False) -> None:
        """Put a section into a pane of lines; `whole`: a line too long goes on below."""
        pane = self.panes[name]
        if isinstance(pane, Lines):
            room = pane.body.width - 2
            lines = flowed(section.lines, room) if whole and room > 0 else section.lines
            pane.show(lines, section.title, section.hint, section.footer)

    def show_table(self, name: str, table: Table) -> None:
        """Put a table into its pane."""
        pane = self.panes[name]
        if isinstance(pane, RowTable):
            pane.show(table)


def stack(region: Region, parts: Parts) -> dict[str, Region]:
    """Divide a region into panes one over the other."""
    placed: dict[str, Region] = {}
    y, total = region.y, sum(share for _, share in parts)
    for nth, (name, share) in enumerate(parts):
        high = region.bottom - y if nth == len(parts) - 1 else round(region.height * share / total)
        placed[name] = Region(region.x, y, region.width, high)
        y += high
    return placed


def beside(region: Region, parts: Parts) -> dict[str, Region]:
    """Divide a region into panes side by side."""
    placed: dict[str, Region] = {}
    x, total = region.x, sum(share for _, share in parts)
    for nth, (name, share) in enumerate(parts):
        wide = region.right - x if nth == len(parts) - 1 else round(region.width * share / total)
        placed[name] = Region(x, region.y, wide, region.height)
        x += wide
    return placed
