"""Views of one pane over the whole room: a table, a plot, or a text that is read when it is opened."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.errors import OpsConsoleError
from opsconsole.ui.paint import flowed
from opsconsole.ui.places import Place
from opsconsole.ui.screens.detail import Detail
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.view.cells import cell
from opsconsole.view.rows import Cell, Tone


class Single(Detail):
    """No headline: the pane says it all."""

    HEAD = 0

    def areas(self, room: Size) -> dict[str, Region]:
        """The whole room."""
        return {next(iter(self.panes)): room.region}

    def headline(self, width: int) -> Sequence[Cell]:
        """Nothing."""
        del width
        return ()


class TextPage(Single):
    """A text made of what the engine remembers. Subclasses `read` it, write its `lines` and give it whole."""

    TITLE = ""
    HINT = "c copy   ctrl+s keep"

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._why = "reading what the engine remembers ..."
        """Why there is nothing to show."""

    def make_panes(self) -> list[Pane]:
        """The text."""
        return [Lines(self.session.look, id=self.place.kind)]

    def on_mount(self) -> None:
        """Read what it is made of."""
        self.read_again()

    def read_again(self) -> None:
        """Read what it is made of, once more."""
        self.run_worker(
            self._read,  # type: ignore[arg-type]  # mypy finds two ways to call it
            name=f"read {self.place.kind}", group="page", exclusive=True,
        )  # fmt: skip

    async def read(self) -> str:
        """Ask the engine and keep what it says; why there is nothing, else empty. Raises EngineError."""
        raise NotImplementedError

    def lines(self) -> Sequence[Cell]:
        """Write what was read; nothing before."""
        raise NotImplementedError

    def fill(self, name: str) -> None:
        """Show the text, each line flowed to the width."""
        pane = self.panes[name]
        if isinstance(pane, Lines):
            lines = self.lines() or [cell(self._why, Tone.DIM)]
            title = cell(f"{self.TITLE} {self.place.key}", Tone.STRONG)
            pane.show(flowed(lines, max(20, pane.body.width - 2)), title, cell(self.HINT, Tone.DIM))

    async def _read(self) -> None:
        try:
            self._why = await self.read()
        except OpsConsoleError as error:
            self._why = f"not to be had now: {error}"
        self.fill(self.place.kind)
