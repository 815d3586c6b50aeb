"""One run: how far it is, each target, what they say as they say it, and equal output folded."""

from collections.abc import Sequence
from typing import Final

from textual.geometry import Region, Size

from opsconsole.errors import OpsConsoleError
from opsconsole.model.calls import Output, ReadOutput
from opsconsole.model.run import OutputLine, Run
from opsconsole.ui.places import Place
from opsconsole.ui.screens.detail import Detail, beside, stack
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.bars import words
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import run_page
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Tone

_NORMAL_FROM: Final = 100
_KEPT: Final = 5_000
_WAIT: Final = 5.0
"""Seconds a call for more output may stay open."""
_RETRY: Final = 1.0


class RunView(Detail):
    """The panes of a run; its targets have the keys, output follows the cursor or all of them."""

    HEAD = 2

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._lines: list[OutputLine] = []
        self._merged = True
        self._said: tuple[int, str, bool] = (0, "", True)

    def make_panes(self) -> list[Pane]:
        """Targets, output, folded output, and how it ended."""
        look = self.session.look
        closing = Lines(look, id="closing")
        closing.framed, closing.can_focus = False, False
        targets = RowTable(look, id="targets")
        targets.leads = (
            True  # what goes wrong rises to the top: it must not scroll away above the cursor
        )
        return [
            targets,
            LogView(look, id="output"),
            Lines(look, id="folded"),
            closing,
        ]

    def on_mount(self) -> None:
        """Begin to read what it says."""
        self.run_worker(self._read(), name="read output", group="output", exclusive=True)

    @property
    def run(self) -> Run | None:
        """The run as it stands; None before it is known here."""
        return self.session.snapshot.runs.get(self.place.key)

    def areas(self, room: Size) -> dict[str, Region]:
        """Folded output stands beside the other where there is room for it."""
        tail = 1 if room.height < 25 else 2
        upper = Region(0, 0, room.width, room.height - tail)
        rows = stack(upper, (("targets", 0.42), ("low", 0.58)))
        rows["closing"] = Region(0, room.height - tail, room.width, tail)
        low = rows.pop("low")
        if room.width < _NORMAL_FROM:
            return {**rows, "output": low}
        return {**rows, **beside(low, (("folded", 0.34), ("output", 0.66)))}

    def headline(self, width: int) -> Sequence[Cell]:
        """Say what runs and how far it is."""
        run = self.run
        if run is None:
            return (words("The run is not known here yet.", Tone.DIM),)
        return run_page.headline(run, self.session.now, width, self.options)

    def fill(self, name: str) -> None:
        """Show one of the panes."""
        run = self.run
        if run is None:
            return
        match name:
            case "targets":
                width, options = self.panes[name].body.width, self.session.options(name)
                self.show_table(name, run_page.targets(run, self.session.now, width, options))
            case "folded":
                self.show_section(name, run_page.folded_output(run, self._lines, self.options))
            case "closing":
                closing = self.panes[name]
                if isinstance(closing, Lines):
                    closing.show((run_page.closing(run),))
            case _:
                self._show_output()

    def cursor_moved(self) -> None:
        """Show what the target under the cursor said."""
        self._show_output()

    def change_output(self) -> None:
        """Show all targets' lines merged, or only the one's under the cursor."""
        self._merged = not self._merged
        self._show_output()

    def place_of(self, key: str) -> Place | None:
        """Look at one target's output, instead of going anywhere."""
        del key
        self._merged = False
        self._show_output()
        self.focus_pane("output")
        return None

    def _show_output(self) -> None:
        pane, target = self.panes["output"], self._target
        state = (len(self._lines) and self._lines[-1].cursor, target, self._merged)
        if not isinstance(pane, LogView) or not pane.display or state == self._said:
            return
        self._said = state
        lines = (
            self._lines if self._merged else [line for line in self._lines if line.target == target]
        )
        title = "Output: all targets" if self._merged else f"Output: {bare_name(target)}"
        cells = run_page.output_cells(lines, self.options, one_target=not self._merged)
        pane.show(cells, words(title, Tone.STRONG), words("o one or all", Tone.DIM))

    @property
    def _target(self) -> str:
        table = self.panes["targets"]
        row = table.row if isinstance(table, RowTable) else None
        return "" if row is None else row.key

    @property
    def where(self) -> str:
        """Output is text to search in; the targets are a table."""
        return {"output": "output", "targets": "targets"}.get(self.focused_id, "run")

    @property
    def subject(self) -> str | None:
        """The run itself: commands here act on it."""
        return self.reference

    async def _read(self) -> None:
        """Read lines behind the cursor for as long as this view stands."""
        cursor, over = 0, False
        while not over:
            call = ReadOutput(self.place.key, after=cursor, wait=_WAIT)
            try:
                output = await self.session.source.call(call, Output)
            except OpsConsoleError:  # the engine is away, or does not know the run yet: both pass
                await self.session.look.clock.sleep(_RETRY)
                continue
            self._lines = [*self._lines, *output.lines][-_KEPT:]
            cursor = self._lines[-1].cursor if self._lines else cursor
            over = output.over and not output.lines
            self.update()
