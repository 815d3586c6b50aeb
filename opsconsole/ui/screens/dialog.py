"""What stands in front of the screen: a box that takes no key before it was painted."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.view.rows import Cell, Span, Tone

Answer = TypeVar("Answer")
_LEAST = 44
_BURST = 0.001
"""Seconds between two keys below which no person typed them: an unmarked paste or a flood."""


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A framed box in the middle; escape answers None.

    Keys that were pressed before its first paint are dropped by the application, which asks
    `accepts`; so are keys that come faster than a person types, and every paste.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > #frame { layout: vertical; max-width: 100%; max-height: 100%; }
    Dialog > #frame > Widget { margin: 0 1; }
    Dialog > #frame > #box { margin: 1 1 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "close", id="dialog.close")
    ]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.frame = Pane(look, id="frame")
        self.frame.can_focus = False
        self.frame.lit = True
        self.box = Lines(look, id="box")
        self.box.framed = False
        self.box.scrolled = self._tell_more
        self._titles: tuple[Cell, Cell, Cell] = ((), (), ())
        self._painted_at = float("inf")
        self._last_key = 0.0

    def compose(self) -> ComposeResult:
        """The frame, in it the box, and below that what a subclass adds."""
        with self.frame:
            yield self.box
            yield from self.fields()

    def fields(self) -> ComposeResult:
        """What stands below the box, one line each."""
        yield from ()

    def on_mount(self) -> None:
        """Fill the box and wait for its first paint."""
        self.begin()
        self.fill()
        self.call_after_refresh(self._arm)

    def begin(self) -> None:
        """Give the keys to the box; subclasses give them to a line, where they have one."""
        self.box.focus()

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
        least: int = 0,
    ) -> None:
        """Size the box to its lines and show them.

        Args:
            lines: What it says.
            title: Top left.
            hint: Top right.
            footer: Bottom left.
            extra: Lines left below for other widgets.
            least: Cells it is wide at least, where the screen is.
        """
        wide, high = self.app.size
        longest = max(
            [cell_width(line) for line in lines] + [cell_width(title) + cell_width(hint) + 6]
        )
        width = min(wide, max(_LEAST, least, longest + 4))
        height = max(1, min(high - extra - 2, len(lines)))
        self.frame.styles.width, self.frame.styles.height = width, height + extra + 2
        self.box.styles.width, self.box.styles.height = max(1, width - 2), height
        self._titles = (title, hint, footer)
        self.box.show(lines)
        self._tell_more()
        self.call_after_refresh(self._tell_more)  # by then the box has its height

    def _tell_more(self) -> None:
        """Say in the frame how much lies below: what is not seen must not be taken for not there."""
        title, hint, footer = self._titles
        if self.box.below:
            more = (Span(Safe(f"{self.box.below} more below"), Tone.ACCENT),)
            footer = (*footer, Span(Safe("   ")), *more) if footer else more
        self.frame.entitle(title, hint, footer)

    def accepts(self, event: events.Event) -> bool:
        """Tell whether an input event may reach this dialog."""
        if isinstance(event, events.Paste):
            return False
        if isinstance(event, events.Key):
            gap = event.time - self._last_key
            self._last_key = event.time
            return self.is_painted_before(event) and gap >= _BURST
        return True

    def is_painted_before(self, event: events.Event) -> bool:
        """Tell whether the person could see the dialog when the event came about."""
        return event.time > self._painted_at

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def _arm(self) -> None:
        # Events carry Textual's clock, so the paint is stamped with it too.
        self._painted_at = Message().time
