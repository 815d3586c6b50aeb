"""A list one narrows by typing: the palette, the help's search; answers the line under the cursor."""

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone


class Choice(NamedTuple):
    """A line that can be picked, and the value it stands for."""

    value: str
    text: Cell


Narrow = Callable[[str], Sequence[Choice]]


class Picker(Dialog[str]):
    """Type to narrow, up and down to choose, enter to pick."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "step(1)", "down", id="picker.down", show=False, priority=True),
        Binding("up,ctrl+p", "step(-1)", "up", id="picker.up", show=False, priority=True),
    ]
    DEFAULT_CSS = "Picker > #frame > LineInput { margin: 0 2; width: 1fr; }"

    def __init__(self, look: Look, title: str, narrow: Narrow) -> None:
        super().__init__(look)
        self._heading: Cell = (Span(clean(title, LABEL_LIMIT), Tone.STRONG),)
        self._narrow = narrow
        self._shown: Sequence[Choice] = ()
        self._place = 0

    def fields(self) -> ComposeResult:
        """The list, and the line under it."""
        yield LineInput(id="narrow")

    def begin(self) -> None:
        """Type into the line at once."""
        self.query_one(LineInput).focus()

    def fill(self) -> None:
        """Show what is left."""
        typed = self.query_one(LineInput).value
        self._shown = self._narrow(typed)
        self._place = min(self._place, max(0, len(self._shown) - 1))
        room = max(3, self.app.size.height - 6)
        top = max(0, self._place - room + 1)
        lines: list[Cell] = [self._line(n, c) for n, c in enumerate(self._shown)][top : top + room]
        none: list[Cell] = [(Span(Safe("Nothing is called so."), Tone.DIM),)]
        self.set_box(lines or none, self._heading, (Span(Safe("esc close"), Tone.DIM),), extra=1)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow."""
        event.stop()
        self._place = 0
        self.fill()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pick."""
        event.stop()
        if self._shown:
            self.dismiss(self._shown[self._place].value)

    def action_step(self, step: int) -> None:
        """Choose another line."""
        if self._shown:
            self._place = (self._place + step) % len(self._shown)
            self.fill()

    def _line(self, nth: int, choice: Choice) -> Cell:
        sign = self.look.signs.cursor if nth == self._place else " "
        return (Span(Safe(f"{sign} "), Tone.FOCUS), *choice.text)
