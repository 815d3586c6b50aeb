"""The help overlay: the keys in force, searched by typing."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone

Write = Callable[[str, int], Sequence[Cell]]
"""What was typed and a width, to lines."""


class Help(Dialog[None]):
    """Type to search; up, down and pages scroll; escape closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll(1)", "down", id="help.down", show=False, priority=True),
        Binding("up", "scroll(-1)", "up", id="help.up", show=False, priority=True),
        Binding(
            "pagedown", "scroll(20)", "page down", id="help.page-down", show=False, priority=True
        ),
        Binding("pageup", "scroll(-20)", "page up", id="help.page-up", show=False, priority=True),
    ]
    DEFAULT_CSS = "Help > #frame > LineInput { margin: 0 2; width: 1fr; }"

    def __init__(self, look: Look, title: str, write: Write) -> None:
        super().__init__(look)
        self._heading: Cell = (
            Span(Safe(title), Tone.STRONG),
            Span(Safe("   type to search"), Tone.DIM),
        )
        self._write = write

    def fields(self) -> ComposeResult:
        """The line to search with."""
        yield LineInput(id="search")

    def begin(self) -> None:
        """Type into the line at once."""
        self.query_one(LineInput).focus()

    def fill(self) -> None:
        """Show everything, or what was searched for."""
        lines = self._write(self.query_one(LineInput).value, max(20, self.app.size.width - 6))
        self.set_box(lines, self._heading, (Span(Safe("esc close"), Tone.DIM),), extra=1)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search."""
        event.stop()
        self.box.scroll_top(0)
        self.fill()

    def action_scroll(self, steps: int) -> None:
        """See more."""
        self.box.action_scroll_lines(steps)
