"""A pane of lines: what Peek, drill-downs and help show; scrolls, has no cursor."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from opsconsole.ui.look import Look
from opsconsole.ui.paint import blank, cell_width, crop, fit, segments
from opsconsole.ui.widgets.pane import Pane
from opsconsole.view.rows import Cell, Tone

_SIDEWAYS = 8


class Lines(Pane):
    """Shows lines of cells as they are; longer ones are cut, or scrolled sideways."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_lines(1)", "down", id="move.down", show=False),
        Binding("k,up", "scroll_lines(-1)", "up", id="move.up", show=False),
        Binding("g,home", "scroll_edge('top')", "top", id="move.top", show=False),
        Binding("G,end", "scroll_edge('bottom')", "bottom", id="move.bottom", show=False),
        Binding("ctrl+d", "scroll_page(0.5)", "half page down", id="move.half-down", show=False),
        Binding("ctrl+u", "scroll_page(-0.5)", "half page up", id="move.half-up", show=False),
        Binding("pagedown", "scroll_page(1)", "page down", id="move.page-down", show=False),
        Binding("pageup", "scroll_page(-1)", "page up", id="move.page-up", show=False),
        Binding("left", "sideways(-1)", "left", id="move.left", show=False),
        Binding("right", "sideways(1)", "right", id="move.right", show=False),
    ]

    def __init__(self, look: Look, *, id: str, number: str = "", inset: int = 1) -> None:
        super().__init__(look, id=id, number=number)
        self.lines: Sequence[Cell] = ()
        self.inset = inset
        self.top = 0
        self.left = 0
        self.scrolled: Callable[[], None] | None = None
        """Told when another line is at the top."""

    def show(
        self, lines: Sequence[Cell], title: Cell = (), hint: Cell = (), footer: Cell = ()
    ) -> None:
        """Take new lines; only those that differ are painted."""
        old, self.lines = self.lines, lines
        self.entitle(title, hint, footer)
        self.scroll_top(self.top)
        height = self.body.height
        self.refresh_body(*(y for y in range(height) if self._at(old, y) != self._at(lines, y)))

    def body_line(self, y: int, width: int) -> Strip:
        """Paint one line."""
        cell = self._at(self.lines, y)
        room = max(0, width - 2 * self.inset)
        text = (
            crop(cell, self.left, room) if self.left else fit(cell, room, self.look.signs.ellipsis)
        )
        body = Strip(segments(text, self.look.palette, Tone.NORMAL), room)
        gap = blank(self.inset, self.look.palette)
        return Strip.join([gap, body, gap]) if self.inset else body

    @property
    def below(self) -> int:
        """How many lines lie below those in sight."""
        return max(0, len(self.lines) - self.top - self.body.height)

    @property
    def _last_top(self) -> int:
        return max(0, len(self.lines) - self.body.height)

    def _at(self, lines: Sequence[Cell], y: int) -> Cell:
        place = self.top + y
        return lines[place] if place < len(lines) else ()

    def scroll_top(self, top: int) -> None:
        """Put another line at the top."""
        top = min(max(0, top), self._last_top)
        if top != self.top:
            self.top = top
            self.refresh()
            if self.scrolled is not None:
                self.scrolled()

    def action_scroll_lines(self, steps: int) -> None:
        """Scroll by lines."""
        self.scroll_top(self.top + steps)

    def action_scroll_edge(self, edge: str) -> None:
        """Scroll to the first or the last line."""
        self.scroll_top(self._last_top if edge == "bottom" else 0)

    def action_scroll_page(self, pages: float) -> None:
        """Scroll by pages or parts of one."""
        self.scroll_top(self.top + round(self.body.height * pages))

    def action_sideways(self, steps: int) -> None:
        """Scroll to see what was cut off."""
        longest = max((cell_width(line) for line in self.lines), default=0)
        self.left = min(max(0, self.left + steps * _SIDEWAYS), max(0, longest - _SIDEWAYS))
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        event.stop()
        self.action_scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self.action_scroll_lines(-3)
