"""The hand-over on the screen: Markdown made of what is known, to be read, copied and kept."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.commands.line import duration as read_duration
from opsconsole.errors import OpsConsoleError
from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents
from opsconsole.ui.paint import flowed
from opsconsole.ui.places import Place
from opsconsole.ui.screens.detail import Detail
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.view.cells import cell
from opsconsole.view.handoff import hand_over
from opsconsole.view.handoff_text import markdown
from opsconsole.view.rows import Cell, Tone

EVENTS = 2_000


class HandoffView(Detail):
    """One pane of text; read when it is opened, and again with `:handoff`."""

    HEAD = 0

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self.text = ""
        """The Markdown; empty until the engine answered."""
        self._why = "reading the shift ..."

    def make_panes(self) -> list[Pane]:
        """The text."""
        return [Lines(self.session.look, id="handoff")]

    def areas(self, room: Size) -> dict[str, Region]:
        """The whole room."""
        return {"handoff": room.region}

    def on_mount(self) -> None:
        """Read the shift."""
        super().on_mount()
        self.run_worker(self._read(), name="hand-over", group="handoff", exclusive=True)

    def headline(self, width: int) -> Sequence[Cell]:
        """Nothing: the text says it all."""
        del width
        return ()

    def fill(self, name: str) -> None:
        """Show the text, each line flowed to the width."""
        pane = self.panes[name]
        if not isinstance(pane, Lines):
            return
        lines = [cell(line, _tone(line)) for line in self.text.splitlines()]
        shown = flowed(lines or [cell(self._why, Tone.DIM)], max(20, pane.body.width - 2))
        title = cell(f"Hand-over of the last {self.place.key}", Tone.STRONG)
        pane.show(shown, title, cell("c copy   ctrl+s keep", Tone.DIM))

    async def _read(self) -> None:
        source, now = self.session.source, self.session.source.now()
        since = now - read_duration(self.place.key)
        try:
            fires = await source.call(ReadEpisodes(since, now), Episodes)
            told = await source.call(ReadEvents(since, now, EVENTS), Events)
        except OpsConsoleError as error:
            self._why = f"not to be had now: {error}"
        else:
            shift = hand_over(
                source.snapshot, fires.episodes, told.events, since=since, until=now, by=source.actor
            )  # fmt: skip
            self.text = markdown(shift)
        self.fill("handoff")

    def export(self) -> tuple[str, str] | None:
        """Give the whole text, for the clipboard and for a file."""
        return ("handoff", self.text) if self.text else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "hand-over", self.place.key)


def _tone(line: str) -> Tone:
    return Tone.STRONG if line.startswith("#") else Tone.NORMAL
