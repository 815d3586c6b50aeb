"""One incident: what is known of it and its timeline, read again when it is opened or changed."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.errors import OpsConsoleError
from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents
from opsconsole.model.incident import Incident
from opsconsole.ui.paint import flowed
from opsconsole.ui.places import Place
from opsconsole.ui.screens.detail import Detail
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.view.cells import cell
from opsconsole.view.incident import IncidentPage, page, span_of
from opsconsole.view.incident_text import page_lines, post_mortem
from opsconsole.view.rows import Cell, Tone

EVENTS = 2_000


class IncidentView(Detail):
    """One pane of text; copying and keeping give the post-mortem."""

    HEAD = 0

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._page: IncidentPage | None = None
        self._asked: Incident | None = None
        """As it was when its timeline was asked for last."""
        self._why = "reading the timeline ..."

    def make_panes(self) -> list[Pane]:
        """The text."""
        return [Lines(self.session.look, id="incident")]

    def areas(self, room: Size) -> dict[str, Region]:
        """The whole room."""
        return {"incident": room.region}

    def on_mount(self) -> None:
        """Read the timeline."""
        super().on_mount()
        self.run_worker(self._read(), name="incident", group="incident", exclusive=True)

    def headline(self, width: int) -> Sequence[Cell]:
        """Nothing: the text says it all."""
        del width
        return ()

    def fill(self, name: str) -> None:
        """Show it; what changed since it was read is read again."""
        pane = self.panes[name]
        if not isinstance(pane, Lines):
            return
        lines = [cell(self._why, Tone.DIM)]
        if self._page is not None:
            lines = [cell(line) for line in page_lines(self._page, self.session.now)]
            if self.session.snapshot.incidents.get(self.place.key) is not self._asked:
                self.run_worker(self._read(), name="incident", group="incident", exclusive=True)
        shown = flowed(lines, max(20, pane.body.width - 2))
        title = cell(f"Incident {self.place.key}", Tone.STRONG)
        pane.show(shown, title, cell("c copy   ctrl+s keep the post-mortem", Tone.DIM))

    async def _read(self) -> None:
        source = self.session.source
        found = self._asked = source.snapshot.incidents.get(self.place.key)
        if found is None:
            self._page, self._why = None, f"there is no incident {self.place.key}"
            self.fill("incident")
            return
        now = source.now()
        since, until = span_of(found, now)
        try:
            fires = await source.call(ReadEpisodes(since, until), Episodes)
            told = await source.call(ReadEvents(since, until, EVENTS), Events)
        except OpsConsoleError as error:
            self._why = f"not to be had now: {error}"
        else:
            runs = source.snapshot.runs.values()
            self._page = page(found, fires.episodes, told.events, runs, now)
        self.fill("incident")

    def export(self) -> tuple[str, str] | None:
        """Give the post-mortem, for the clipboard and for a file."""
        if self._page is None:
            return None
        return (f"incident-{self.place.key}", post_mortem(self._page, self.session.now))

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "incidents", self.place.key)
