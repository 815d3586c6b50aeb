"""Text that grows: a log's tail, a run's output. Follows, wraps, searches, jumps to errors."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from opsconsole.ui.look import Look
from opsconsole.ui.paint import blank, crop, segments, wrapped
from opsconsole.ui.widgets.lines import Lines
from opsconsole.view.rows import Cell, Tone

LINE_LIMIT: Final = 5_000
"""Lines kept; the oldest go first, the files on disk have them all."""
_ERRORS: Final = frozenset((Tone.CRITICAL, Tone.REVERSED))
_SEARCHED: Final = 1_000


class LogView(Lines):
    """A Lines that appends; while it follows, the newest line is in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "follow", "follow", id="text.follow"),
        Binding("W", "wrap", "wrap", id="text.wrap"),
        Binding("n", "found(1)", "next match", id="find.next", show=False),
        Binding("N", "found(-1)", "previous match", id="find.previous", show=False),
        Binding("e", "error(1)", "next error", id="move.next-problem"),
        Binding("E", "error(-1)", "previous error", id="move.previous-problem", show=False),
    ]

    def __init__(self, look: Look, *, id: str, number: str = "") -> None:
        super().__init__(look, id=id, number=number)
        self.following = True
        self.wrapping = False
        self.needle = ""
        self.hiding = False
        """True: only lines that contain the needle are shown."""
        self._source: list[Cell] = []

    def show(
        self, lines: Sequence[Cell], title: Cell = (), hint: Cell = (), footer: Cell = ()
    ) -> None:
        """Replace everything; stays where the reader is unless it follows."""
        self._source = list(lines[-LINE_LIMIT:])
        self._lay_out(title, hint, footer)

    def append(self, lines: Sequence[Cell]) -> None:
        """Add lines at the end."""
        if not lines:
            return
        self._source.extend(lines)
        lost = len(self._source) - LINE_LIMIT
        if lost > 0:
            del self._source[:lost]
            self.top = max(0, self.top - lost)
        self._lay_out(*self.titles)

    def find(self, needle: str) -> None:
        """Mark what contains the text and go to the next line that does."""
        self.needle = needle[:_SEARCHED].casefold()
        if self.hiding:
            self.hiding = bool(needle)
            self._lay_out(*self.titles)
        self.refresh()
        if needle:
            self.action_found(1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave n and N to others while nothing is searched for."""
        del parameters
        return bool(self.needle) if action == "found" else True

    def on_resize(self, event: events.Resize) -> None:
        """Wrap to the new width."""
        del event
        self._lay_out(*self.titles)

    def body_line(self, y: int, width: int) -> Strip:
        """Paint one line, what was found standing out."""
        place = self.top + y
        cell = self._at(self.lines, y)
        if self.needle and place < len(self.lines) and self._matches(place):
            found = crop(cell, self.left, max(0, width - 2))
            body = Strip(segments(found, self.look.palette, Tone.ACCENT, cursor=True), width - 2)
            return Strip.join([blank(1, self.look.palette), body, blank(1, self.look.palette)])
        return super().body_line(y, width)

    def action_follow(self) -> None:
        """Follow the newest line, or stop following."""
        self.following = not self.following
        if self.following:
            self.action_scroll_edge("bottom")

    def hide_rest(self) -> bool:
        """Hide the lines that do not contain the needle, or show them again; tell which."""
        self.hiding = bool(self.needle) and not self.hiding
        self._lay_out(*self.titles)
        self.refresh()
        return self.hiding

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping
        self.left = 0
        self._lay_out(*self.titles)
        self.refresh()

    def action_found(self, direction: int) -> None:
        """Go to the next or the last line found."""
        self._jump(direction, self._matches)

    def action_error(self, direction: int) -> None:
        """Go to the next or the last line that tells of an error."""
        self._jump(direction, self._is_error)

    def action_scroll_lines(self, steps: int) -> None:
        """Scroll by lines; going back ends following."""
        self.following = self.following and steps > 0
        super().action_scroll_lines(steps)

    def action_scroll_page(self, pages: float) -> None:
        """Scroll by pages; going back ends following."""
        self.following = self.following and pages > 0
        super().action_scroll_page(pages)

    def _lay_out(self, title: Cell, hint: Cell, footer: Cell) -> None:
        room = max(1, self.body.width - 2)
        source = (
            [line for line in self._source if self._holds(line)] if self.hiding else self._source
        )
        lines = wrapped(source, room) if self.wrapping else tuple(source)
        super().show(lines, title, hint, footer)
        if self.following:
            self.scroll_top(self._last_top)

    def _matches(self, place: int) -> bool:
        return bool(self.needle) and self._holds(self.lines[place])

    def _holds(self, line: Cell) -> bool:
        return self.needle in "".join(span.text for span in line).casefold()

    def _is_error(self, place: int) -> bool:
        return any(span.tone in _ERRORS for span in self.lines[place])

    def _jump(self, direction: int, wanted: Callable[[int], bool]) -> None:
        places = range(len(self.lines))
        order = places[self.top + 1 :] if direction > 0 else reversed(places[: self.top])
        for place in order:
            if wanted(place):
                self.following = False
                self.scroll_top(place)
                return
