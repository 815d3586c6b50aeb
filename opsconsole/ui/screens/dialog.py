"""What stands in front of the screen: a box that takes no key before it was painted."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width
from opsconsole.ui.widgets.lines import Lines
from opsconsole.view.rows import Cell

Answer = TypeVar("Answer")
_BURST = 0.001
"""Seconds between two keys below which no person typed them: an unmarked paste or a flood."""


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A framed box in the middle; escape answers None.

    Keys that were pressed before its first paint are dropped by the application, which asks
    `accepts`; so are keys that come faster than a person types, and every paste.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > Vertical { background: $background; height: auto; max-width: 100%; max-height: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "close", id="dialog.close")
    ]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.box = Lines(look, id="box")
        self._painted_at = float("inf")
        self._last_key = 0.0

    def compose(self) -> ComposeResult:
        """The box, and below it what a subclass adds."""
        with Vertical():
            yield self.box

    def on_mount(self) -> None:
        """Fill the box and wait for its first paint."""
        self.fill()
        self.box.focus()
        self.call_after_refresh(self._arm)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the box to the new size."""
        del event
        self.fill()

    def fill(self) -> None:
        """Show the content; subclasses call `set_box`."""

    def set_box(
        self,
        lines: Sequence[Cell],
        title: Cell,
        hint: Cell = (),
        footer: Cell = (),
        *,
        extra: int = 0,
    ) -> None:
        """Size the box to its lines and show them; `extra` lines are left below for other widgets."""
        wide, high = self.app.size
        needed = max(
            [cell_width(line) for line in lines] + [cell_width(title) + cell_width(hint) + 4]
        )
        width = min(wide, max(40, needed + 4))
        height = max(3, min(high - extra, len(lines) + 2))
        column = self.query_one(Vertical)
        column.styles.width = width
        self.box.styles.width = width
        self.box.styles.height = height
        self.box.show(lines, title, hint, footer)

    def accepts(self, event: events.Event) -> bool:
        """Tell whether an input event may reach this dialog."""
        if isinstance(event, events.Paste):
            return False
        if isinstance(event, events.Key):
            gap = event.time - self._last_key
            self._last_key = event.time
            return event.time > self._painted_at and gap >= _BURST
        return True

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def _arm(self) -> None:
        # Events carry Textual's clock, so the paint is stamped with it too.
        self._painted_at = Message().time
