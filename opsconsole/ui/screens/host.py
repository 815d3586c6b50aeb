"""One host: vitals, fires, what runs on it, its log; the rest under tabs. Some of it is asked for only here."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Final

from msgspec.structs import replace
from textual.geometry import Region, Size

from opsconsole.errors import OpsConsoleError
from opsconsole.model.calls import AskHost, ReadHistory, Series, Text
from opsconsole.model.snapshot import Snapshot
from opsconsole.ui.places import Place
from opsconsole.ui.screens.detail import Detail, beside, stack
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import Grown
from opsconsole.ui.widgets.bars import words
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import host_details, host_devices, host_page, services
from opsconsole.view.log_lines import log_cells
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Table, Tone
from opsconsole.view.sections import Section

_NORMAL_FROM: Final = 100
_SMALL_WIDTH: Final = 60
_SMALL_HEIGHT: Final = 15
"""Below these the first tab has one pane at a time; `tab` goes to the next."""
_OVERVIEW: Final = ("vitals", "fires", "logs")
_ASK_EVERY: Final = 5.0
"""Seconds between two looks at what is asked for only while it is on the screen."""
_HISTORY_SPAN: Final = 3_600.0

_Tables = Callable[[Snapshot, str, float, ViewOptions], Table]
_Sections = Callable[[Snapshot, str, float, ViewOptions], Section]


def _services(snapshot: Snapshot, name: str, now: float, options: ViewOptions) -> Table:
    carried = {key: record for key, record in snapshot.services.items() if name in record.hosts}
    return services.table(replace(snapshot, services=carried), now, _NORMAL_FROM, options)


_TABLES: Final[Mapping[str, _Tables]] = {
    "alerts": host_page.alerts_table,
    "services": _services,
    "disks": host_devices.disks,
    "net": host_devices.net,
}
_SECTIONS: Final[Mapping[str, _Sections]] = {
    "vitals": host_page.vitals,
    "fires": host_page.fires,
    "changed": host_page.changed,
    "raw": host_details.raw,
}
_ASKED: Final = {"logs": "Log tail", "procs": "Processes"}


class HostView(Detail):
    """Tabs over panes; the first tab shows several at once."""

    HEAD = 2

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, Place(place.kind, place.key, place.tab or "overview"))
        self._asked_at: dict[str, float] = {}
        self._series: Series | None = None
        self.focused_id = self._first(self.place.tab)

    def make_panes(self) -> list[Pane]:
        """Every pane of every tab; only those of the current one are shown."""
        look = self.session.look
        texts: list[Pane] = [Lines(look, id=name) for name in (*_SECTIONS, "procs", "history")]
        tables: list[Pane] = [RowTable(look, id=name) for name in (*_TABLES, "runbooks")]
        return [LogView(look, id="logs"), *texts, *tables]

    def on_mount(self) -> None:
        """Begin with the vitals where only one pane has room."""
        if self.place.tab == "overview" and _is_small(self.app.size):
            self.focused_id = "vitals"

    @property
    def stops(self) -> Sequence[str]:
        """Also the panes of the first tab that have no room now."""
        alone = self.place.tab == "overview" and len(self.shown) == 1
        return _OVERVIEW if alone else self.shown

    def areas(self, room: Size) -> dict[str, Region]:
        """One pane a tab, but for the first."""
        if self.place.tab != "overview":
            return {self._first(self.place.tab): room.region}
        if _is_small(self.app.size):
            name = self.focused_id if self.focused_id in _OVERVIEW else "vitals"
            return {name: room.region}
        if room.width < _NORMAL_FROM or room.height < 28:
            rows = stack(room.region, (("top", 0.47), ("logs", 0.53)))
            top = rows.pop("top")
            return {**rows, **beside(top, (("vitals", 0.525), ("fires", 0.475)))}
        rows = stack(room.region, (("top", 0.29), ("middle", 0.26), ("logs", 0.45)))
        top, middle = rows.pop("top"), rows.pop("middle")
        upper = beside(top, (("vitals", 0.383), ("fires", 0.617)))
        return {**rows, **upper, **beside(middle, (("procs", 0.517), ("changed", 0.483)))}

    def headline(self, width: int) -> Sequence[Cell]:
        """Say what it is and how it is, and name the tabs."""
        del width
        session, name = self.session, self.place.key
        tabs = host_page.tabs(session.snapshot, name, session.now, session.source.actor)
        head = host_page.headline(session.snapshot, name, session.now, self.options)
        return (head, host_page.tab_line(tabs, self.place.tab))

    def turn_tab(self, step: int) -> None:
        """Show the next tab's panes; the trail keeps which."""
        session = self.session
        tabs = [tab.id for tab in host_page.tabs(session.snapshot, self.place.key, session.now)]
        tab = tabs[(tabs.index(self.place.tab) + step) % len(tabs)]
        self.place = session.trail.turn(tab)
        self.grown = Grown.NORMAL
        self.focus_pane(self._first(tab))

    def fill(self, name: str) -> None:
        """Show one of the panes, or ask for what it shows."""
        session, key, options = self.session, self.place.key, self.options
        if name in _TABLES:
            self.show_table(name, _TABLES[name](session.snapshot, key, session.now, options))
        elif name in _SECTIONS:
            self.show_section(name, _SECTIONS[name](session.snapshot, key, session.now, options))
        elif name == "runbooks":
            table = host_details.runbooks(session.snapshot, self.reference, session.now, options)
            self.show_table(name, table)
        elif name == "history":
            width = self.panes[name].body.width - 2
            self.show_section(name, host_details.history(self._series, width, options))
            self._ask(name, self._read_history)
        else:
            self._ask(name, lambda: self._read_text(name))

    @property
    def where(self) -> str:
        """The log is text to search in; everything else is the host."""
        special = {"logs": "log", "disks": "disks", "procs": "text"}.get(self.focused_id)
        return special or super().where

    def _first(self, tab: str) -> str:
        return "logs" if tab == "overview" else tab

    def _ask(self, name: str, read: Callable[[], Coroutine[None, None, None]]) -> None:
        now = self.session.look.clock.monotonic()
        if now - self._asked_at.get(name, float("-inf")) >= _ASK_EVERY:
            self._asked_at[name] = now
            self.run_worker(read(), name=f"ask {name}", group=name, exclusive=True)

    async def _read_text(self, what: str) -> None:
        pane, title = self.panes[what], words(_ASKED.get(what, what), Tone.STRONG)
        try:
            if self.session.past is None:
                text = await self.session.source.call(AskHost(self.place.key, what), Text)
            else:
                text = Text((), "hosts are asked as they are now: p goes back to it")
        except OpsConsoleError as error:
            text = Text((), str(error))
        lines = log_cells(text.lines) or (words(text.note or "nothing was said", Tone.DIM),)
        if isinstance(pane, LogView):
            pane.show(lines, title, self._log_hint(pane))
        elif isinstance(pane, Lines):
            pane.show(lines, title, words(text.note, Tone.DIM))

    def _log_hint(self, pane: LogView) -> Cell:
        return words("follow   e next error" if pane.following else "e next error", Tone.DIM)

    async def _read_history(self) -> None:
        now = self.session.now
        call = ReadHistory(f"host:{self.place.key}", host_details.HISTORY, now - _HISTORY_SPAN, now)
        try:
            self._series = await self.session.source.call(call, Series)
        except OpsConsoleError:  # the engine is away: the header says so, the old curves stay
            return
        width = self.panes["history"].body.width - 2
        self.show_section("history", host_details.history(self._series, width, self.options))


def _is_small(screen: Size) -> bool:
    return screen.width < _SMALL_WIDTH or screen.height < _SMALL_HEIGHT
