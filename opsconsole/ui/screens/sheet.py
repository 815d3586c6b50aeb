"""Something to read in front of the screen: a description, a record as it is, the help."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.view.rows import Cell, Span, Tone

Write = Callable[[int], Sequence[Cell]]
"""Lines for a width in cells."""


class Sheet(Dialog[None]):
    """Scrolls; closes on escape, q and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "give_up", "close", id="sheet.close", show=False)
    ]

    def __init__(self, look: Look, title: str, write: Write, *, at_end: bool = False) -> None:
        super().__init__(look)
        self._at_end = at_end
        self._heading: Cell = (Span(clean(title, LABEL_LIMIT), Tone.STRONG),)
        self._write = write

    def fill(self) -> None:
        """Write the lines for the width there is."""
        lines = self._write(max(20, self.app.size.width - 8))
        self.set_box(lines, self._heading, (Span(Safe("esc close"), Tone.DIM),))
        if self._at_end:
            self.call_after_refresh(self.box.action_scroll_edge, "bottom")
