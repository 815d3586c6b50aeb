"""The main screen: everything at once, worst first."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from textual.geometry import Region, Size

from opsconsole.ui.places import Place
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import (
    ACTIVITY,
    FIRES,
    FLEET,
    HOSTS,
    NUMBERS,
    PEEK,
    PEOPLE,
    SERVICES,
    SHOWN,
    TIMELINE,
    Grown,
    Scale,
    arrange,
    scale,
)
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import activity, fires, fleet_map, hosts, peek, runs, services, timeline
from opsconsole.view.cache import RowCache
from opsconsole.view.census import Once
from opsconsole.view.fire_ledger import FireLedger
from opsconsole.view.options import ViewOptions
from opsconsole.view.sections import Section

_TABLES: Final = {
    FIRES: fires.table,
    HOSTS: hosts.table,
    SERVICES: services.table,
    ACTIVITY: activity.table,
}


_LANE_MOVES: Final = 5.0
"""Seconds; a cell of the timeline is twenty of them wide, or more."""


class Overview(View):
    """Fires, Hosts, Services, Peek, Activity; on a wall also fleet map, timeline and people."""

    def __init__(self, session: Session, place: Place) -> None:
        self._caches = {name: RowCache() for name in _TABLES}
        self._stamps: dict[str, tuple[ViewOptions, float | None]] = {}
        self._made: dict[str, tuple[object, ...]] = {}
        """What the sections that stand were made of."""
        self._drawn = Once(fleet_map.drawn)
        self._peeked = FIRES
        super().__init__(session, place)

    def make_panes(self) -> list[Pane]:
        """Make tables and lines; which of them are shown depends on the size."""
        look = self.session.look
        tables: list[Pane] = [RowTable(look, id=name, number=NUMBERS[name]) for name in _TABLES]
        texts = [
            Lines(look, id=name, number=NUMBERS[name]) for name in (PEEK, FLEET, TIMELINE, PEOPLE)
        ]
        return [*tables, *texts]

    def regions(self, size: Size) -> Mapping[str, Region]:
        """Arrange for the terminal's size; a pane that has no tile there is shown alone."""
        how = self.scale
        grown = self.grown if self.focused_id in SHOWN[how] else Grown.FULL
        placed = arrange(size, how, self.focused_id, grown, self.session.hidden)
        return placed if self.focused_id in placed else {self.focused_id: size.region}

    @property
    def scale(self) -> Scale:
        """The arrangement for this terminal."""
        return scale(self.app.size)

    def tiles_changed(self) -> None:
        """Arrange again; Peek has no frame where lines are dear."""
        super().tiles_changed()
        bare = self.scale is Scale.COMPACT and self.focused_id != PEEK
        pane = self.panes[PEEK]
        pane.framed, pane.can_focus = not bare, True

    def _turn_to(self, name: str) -> None:
        # Peek goes on speaking of the last table's object.
        if name in _TABLES:
            self._peeked = name
        super()._turn_to(name)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "overview" if self.grown is not Grown.FULL else self.focused_id)

    @property
    def subject(self) -> str | None:
        """The object under the cursor of the last table that had the keys."""
        return self.table(self._peeked).cursor

    @property
    def folds(self) -> Mapping[str, tuple[str, ...]]:
        """What stands in the pane: a filter narrows what a folded row means."""
        ledger = self._caches[FIRES].once(FireLedger)
        keys = (self.subject or "", *self.marks)
        return {
            key: standing
            for key in keys
            if key.startswith("group:") and (standing := ledger.standing_for(key))
        }

    def cursor_moved(self) -> None:
        """Let Peek follow."""
        self.update_lines(PEEK)

    def place_of(self, key: str) -> Place | None:
        """Open the object of a row; folded fires open in their place, an event leads to its subject."""
        row = self.table(FIRES).row
        if row is not None and row.folds and row.key == key:
            self.session.toggle_group(FIRES, key)
            self.update()
            return None
        if key.startswith("event:"):
            event = self.session.snapshot.events.get(int(key.removeprefix("event:")))
            key = event.subject if event is not None else ""
        return super().place_of(key)

    def table(self, name: str) -> RowTable:
        """Give a table by its name."""
        pane = self.panes[name]
        assert isinstance(pane, RowTable)
        return pane

    def update(self) -> None:
        """Make the rows of the panes that are shown."""
        for name in self.shown:
            if name in _TABLES:
                self._update_table(name)
        for name in self.shown:
            if name not in _TABLES:
                self.update_lines(name)

    def _update_table(self, name: str) -> None:
        session, pane, options = self.session, self.table(name), self.session.options(name)
        stamp = (options, session.past_at)
        asked = self._stamps.get(name) not in (None, stamp)
        self._stamps[name] = stamp
        width, cache = pane.body.width, self._caches[name]
        table = _TABLES[name](session.snapshot, session.now, width, options, cache)
        pane.show(table, asked=asked)

    def update_lines(self, name: str) -> None:
        """Make the lines of Peek, fleet map, timeline or people."""
        pane = self.panes[name]
        if isinstance(pane, Lines) and pane.display:
            self._LINES[name](self, pane)

    def _show_peek(self, pane: Lines) -> None:
        session, key = self.session, self.subject or ""
        asked = (session.snapshot, key, session.now, session.options(PEEK), self.folds)
        if not pane.framed:
            pane.show(peek.brief(*asked))
            return
        seen = peek.peek(*asked)
        pane.show(seen.lines, seen.title)

    def _show_section(self, pane: Lines, section: Section) -> None:
        pane.show(section.lines, section.title, section.hint, section.footer)

    def _show_new(
        self, pane: Lines, stamp: tuple[object, ...], make: Callable[[], Section]
    ) -> None:
        """Make a section when what it is made of is another than last time."""
        stamp = (*stamp, pane.body, self.session.options(pane.id or ""))
        known = self._made.get(pane.id or "", ())
        # Tables of a snapshot are known by their identity: looking into thousands costs more than drawing.
        if len(known) != len(stamp) or any(
            old is not new and (isinstance(new, Mapping) or old != new)
            for old, new in zip(known, stamp, strict=True)
        ):
            self._made[pane.id or ""] = stamp
            self._show_section(pane, make())

    def _show_fleet(self, pane: Lines) -> None:
        seen, size, options = self.session.snapshot, pane.body, self.session.options(FLEET)
        self._show_new(
            pane,
            (self._drawn.of(seen.hosts),),
            lambda: fleet_map.section(seen, size.width - 2, size.height, options),
        )

    def _show_timeline(self, pane: Lines) -> None:
        seen, size, options = self.session.snapshot, pane.body, self.session.options(TIMELINE)
        now = self.session.now
        self._show_new(
            pane,
            (seen.alerts, seen.events, now // _LANE_MOVES),
            lambda: timeline.section(seen, now, size.width - 2, size.height, options),
        )

    def _show_people(self, pane: Lines) -> None:
        session, size = self.session, pane.body
        options = session.options(PEOPLE)
        self._show_section(
            pane, runs.people(session.snapshot, session.now, size.width - 2, size.height, options)
        )

    _LINES: ClassVar = {
        PEEK: _show_peek,
        FLEET: _show_fleet,
        TIMELINE: _show_timeline,
        PEOPLE: _show_people,
    }
