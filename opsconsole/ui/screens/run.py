"""One run: how far it is, each target, its batches, what they say, and what it does to the service."""

from collections.abc import Mapping, Sequence
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
from opsconsole.view import live_effect, rollout_page, run_output, run_page
from opsconsole.view.naming import bare_name
from opsconsole.view.normalise import ALL
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.sections import Section

_NORMAL_FROM: Final = 100
_ROOMY: Final = 30
"""Lines from which the live effect has a place of its own."""
_TAIL: Final = 3
_KEPT: Final = 5_000
_WAIT: Final = 5.0
"""Seconds a call for more output may stay open."""
_RETRY: Final = 1.0

MODES: Final[Mapping[str, str]] = {
    "merged": "every target's lines as they come",
    "live": "only the target under the cursor",
    "folded": "equal output once",
    "diff": "the target's output against what most said",
}
_FOLLOWS: Final = ("merged", "live")
_UPPER: Final = ("rollout", "effect")


class RunView(Detail):
    """The panes of a run; its targets have the keys, output follows the cursor or all of them."""

    HEAD = 2

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._lines: list[OutputLine] = []
        self.mode = "merged"
        self.kinds: frozenset[str] = ALL
        """What is taken out of lines before they are compared."""
        self._said: tuple[object, ...] = ()
        self._tail = 1

    def make_panes(self) -> list[Pane]:
        """Targets, output, the way, folded output, the effect, and what one may choose."""
        look = self.session.look
        closing = Lines(look, id="closing")
        closing.framed, closing.can_focus = False, False
        targets = RowTable(look, id="targets")
        targets.leads = (
            True  # what goes wrong rises to the top: it must not scroll away above the cursor
        )
        lines = [Lines(look, id=name) for name in ("rollout", "folded", "effect")]
        return [targets, LogView(look, id="output"), *lines, closing]

    def on_mount(self) -> None:
        """Begin to read what it says."""
        self.run_worker(self._read(), name="read output", group="output", exclusive=True)

    @property
    def run(self) -> Run | None:
        """The run as it stands; None before it is known here."""
        return self.session.snapshot.runs.get(self.place.key)

    @property
    def lines(self) -> Sequence[OutputLine]:
        """What was said, as far as it is kept here."""
        return self._lines

    @property
    def stops(self) -> Sequence[str]:
        """Also the panes that have no room of their own now."""
        return [name for name in self.panes if name != "closing"]

    def areas(self, room: Size) -> dict[str, Region]:
        """On a narrow screen the pane with the keys takes the place of its neighbour."""
        tail = min(self._tail, max(1, room.height // 6))
        upper = Region(0, 0, room.width, room.height - tail)
        placed = {"closing": Region(0, room.height - tail, room.width, tail)}
        if room.width < _NORMAL_FROM:
            rows = stack(upper, (("high", 0.44), ("low", 0.56)))
            high = self.focused_id if self.focused_id in _UPPER else "targets"
            low = "folded" if self.focused_id == "folded" else "output"
            return {**placed, high: rows["high"], low: rows["low"]}
        effect = 6 if room.height >= _ROOMY else 0
        if effect:
            placed["effect"] = Region(0, upper.height - effect, room.width, effect)
        rest = Region(0, 0, room.width, upper.height - effect)
        rows = stack(rest, (("high", 0.46), ("low", 0.54)))
        aside = "effect" if self.focused_id == "effect" and not effect else "rollout"
        return {
            **placed,
            **beside(rows["high"], (("targets", 0.55), (aside, 0.45))),
            **beside(rows["low"], (("folded", 0.36), ("output", 0.64))),
        }

    def headline(self, width: int) -> Sequence[Cell]:
        """Say what runs and how far it is."""
        run = self.run
        if run is None:
            why = "had not begun then" if self.session.past else "is not known here yet"
            return (words(f"The run {why}.", Tone.DIM),)
        return run_page.headline(run, self.session.now, width, self.options)

    def update(self) -> None:
        """Give what one may choose the lines it needs, then fill the panes."""
        run = self.run
        tail = 1 if run is None else min(_TAIL, max(1, len(run_page.closing(run))))
        if tail != self._tail and self.is_mounted:
            self._tail = tail
            self.tiles_changed()
        super().update()

    def fill(self, name: str) -> None:
        """Show one of the panes."""
        run, pane = self.run, self.panes[name]
        if run is None:
            return
        session, width = self.session, pane.body.width
        match name:
            case "targets":
                options = session.options(name)
                self.show_table(name, run_page.targets(run, session.now, width, options))
            case "rollout":
                self.show_section(name, rollout_page.section(run, session.now, width, self.options))
            case "folded":
                self.show_section(
                    name, run_output.folded(run, self._lines, self.options, self.kinds)
                )
            case "effect":
                self.show_section(name, self._effect(run, pane))
            case "closing":
                if isinstance(pane, Lines):
                    pane.show(run_page.closing(run, session.now))
            case _:
                self._show_output()

    def _effect(self, run: Run, pane: Pane) -> Section:
        session, room = self.session, pane.body
        return live_effect.section(
            session.snapshot, run, session.now, room.width - 2, room.height, self.options
        )

    def cursor_moved(self) -> None:
        """Show what the target under the cursor said."""
        self._show_output()

    def show_mode(self, mode: str) -> None:
        """Show the output another way."""
        self.mode = mode
        output = self.panes["output"]
        if isinstance(output, LogView):
            output.following = mode in _FOLLOWS
            output.scroll_top(0)
        self._show_output()

    def turn_kind(self, kind: str) -> None:
        """Take a kind of words out before comparing, or leave it in."""
        self.kinds = self.kinds ^ {kind}
        self.update()

    def place_of(self, key: str) -> Place | None:
        """Look at one target's output, instead of going anywhere."""
        del key
        self.show_mode("live")
        self.focus_pane("output")
        return None

    def _show_output(self) -> None:
        pane, run = self.panes["output"], self.run
        last = self._lines[-1].cursor if self._lines else 0
        settled = run.targets if run is not None and self.mode not in _FOLLOWS else ()
        state = (last, self.target, self.mode, self.kinds, settled)
        if not isinstance(pane, LogView) or run is None or not pane.display or state == self._said:
            return
        self._said = state
        shown = self._output(run)
        pane.show(shown.lines, shown.title, words("o view", Tone.DIM))

    def _output(self, run: Run) -> Section:
        """Write what was said, the way it is wished for."""
        match self.mode:
            case "folded":
                return run_output.folded(run, self._lines, self.options, self.kinds, _KEPT)
            case "diff":
                return run_output.compared(run, self._lines, self.target, self.kinds)
            case "live":
                own = [line for line in self._lines if line.target == self.target]
                title = f"Output: {bare_name(self.target)}"
            case _:
                own, title = self._lines, "Output: all targets"
        cells = run_page.output_cells(own, self.options, one_target=self.mode == "live")
        return Section("output", cells, words(title, Tone.STRONG))

    @property
    def target(self) -> str:
        """The target under the cursor, as the run calls it."""
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
        cursor, over, until = 0, False, self.session.past_at
        while not over:
            call = ReadOutput(self.place.key, after=cursor, wait=_WAIT)
            try:
                output = await self.session.source.call(call, Output)
            except OpsConsoleError:  # the engine is away, or does not know the run yet: both pass
                await self.session.look.clock.sleep(_RETRY)
                continue
            said = [line for line in output.lines if until is None or line.at <= until]
            self._lines = [*self._lines, *said][-_KEPT:]
            cursor = output.lines[-1].cursor if output.lines else cursor
            over = output.over and not output.lines
            self.update()
