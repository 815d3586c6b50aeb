"""The table of every pane: any number of rows, of which only the visible ones are ever painted.

The cursor is bound to an object's key, never to a row number. A row that vanishes under it stays as
a ghost until the cursor moves, and a new order waits while the person is moving.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.look import Look
from opsconsole.ui.paint import blank
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.reorder import keep_order
from opsconsole.ui.widgets.row_painter import RowLine, RowPainter, marked_words
from opsconsole.view.lazy_rows import in_keys, keys_of, with_ghost
from opsconsole.view.rows import Row, Span, Table, Tone

SETTLE: Final = 2.0
"""Seconds without a move before a new order is shown."""
_TROUBLE: Final = frozenset((Tone.CRITICAL, Tone.WARNING, Tone.STALE, Tone.REVERSED))
_SIDEWAYS: Final = 8
_WHEEL: Final = 3
_NOTHING: Final = RowLine(row=None, cursor=False, marked=False)


class RowTable(Pane):
    """Shows a Table; says where its cursor is and which row was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", id="move.down", show=False),
        Binding("k,up", "move(-1)", "up", id="move.up", show=False),
        Binding("g,home", "move_to(0)", "top", id="move.top", show=False),
        Binding("G,end", "move_to(-1)", "bottom", id="move.bottom", show=False),
        Binding("ctrl+d", "page(0.5)", "half page down", id="move.half-down", show=False),
        Binding("ctrl+u", "page(-0.5)", "half page up", id="move.half-up", show=False),
        Binding("pagedown", "page(1)", "page down", id="move.page-down", show=False),
        Binding("pageup", "page(-1)", "page up", id="move.page-up", show=False),
        Binding("left", "sideways(-1)", "left", id="move.left", show=False),
        Binding("right", "sideways(1)", "right", id="move.right", show=False),
        Binding("e", "trouble(1)", "next problem", id="move.next-problem", show=False),
        Binding("E", "trouble(-1)", "previous problem", id="move.previous-problem", show=False),
        Binding("space", "mark", "mark", id="select.mark", show=False),
        Binding("v", "span", "range", id="select.range", show=False),
        Binding("*", "mark_all", "all shown", id="select.all", show=False),
        Binding("U", "unmark", "clear marks", id="select.clear", show=False),
        Binding("enter", "choose", "open", id="look.open", show=False),
    ]

    class CursorMoved(Message):
        """The cursor stands on another object."""

        def __init__(self, table: "RowTable", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor is now is of interest."""
            return isinstance(message, RowTable.CursorMoved) and message.table is self.table

    class RowChosen(Message):
        """The row under the cursor was opened."""

        def __init__(self, table: "RowTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    def __init__(self, look: Look, *, id: str, number: str = "") -> None:
        super().__init__(look, id=id, number=number)
        self.table = Table((), ())
        self.leads = False
        """True: the cursor keeps to the first row until the person moves it, with the keys here too."""
        self.rows: Sequence[Row] = ()
        """What is shown, in order; those that nobody looked at may not be made yet."""
        self.cursor: str | None = None
        self.marks: frozenset[str] = frozenset()
        self.top = 0
        self.left = 0
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._ghost: str | None = None
        self._waiting: Table | None = None
        self._held = False
        self._anchor: str | None = None
        self._moved_at = float("-inf")
        self._painted: list[RowLine] = []
        self._painter = RowPainter(look)

    # -- what is shown

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        place = self._place
        return None if place is None else self.rows[place]

    @property
    def selection(self) -> tuple[str, ...]:
        """The keys a command acts on: the marked rows in their order, else the one under the cursor."""
        if self.marks:
            return tuple(key for key in self._keys if key in self.marks)
        return () if self.cursor is None else (self.cursor,)

    def show(self, table: Table, *, asked: bool = False) -> None:
        """Take a new content.

        Its order waits while somebody is moving, all of it under a dialog, and what vanished under the
        cursor stays as a ghost. Not so when the person `asked` for other rows by a filter or a sort.
        """
        if self._held:
            self._waiting = table
        elif asked:
            self._waiting = None
            self._take(table, table.rows, keep_ghost=False)
        elif self._moving and not self._same_order(table):
            if self._waiting is None:
                self.set_timer(SETTLE, self._settle, name="settle order")
            self._waiting = table
            self._take(table, keep_order(self._keys, table.rows))
        else:
            self._waiting = None
            self._take(table, table.rows)

    def hold(self, *, held: bool) -> None:
        """Freeze the rows while a dialog speaks about them."""
        self._held = held
        if not held:
            self._settle()

    def go_to(self, key: str) -> bool:
        """Put the cursor on an object; tell whether it is here."""
        if key not in self._places:
            return False
        self._put_cursor(self._places[key])
        return True

    def repaint(self) -> None:
        """Paint everything again: the theme or the signs changed."""
        self._painter.forget()
        self.refresh()

    # -- painting

    def body_line(self, y: int, width: int) -> Strip:
        """Paint the column titles, a row, or the sentence for an empty table."""
        if y < self._header:
            cell = self._painter.title_cell(self.table.columns, width)
            return self.cell_strip(cell, width, Tone.DIM)
        line = self._line(self.top + y - self._header)
        if line.row is None:
            return self._empty_line(y, width)
        return self._painter.strip(line, line.row, self.table.columns, self.left, width)

    def on_resize(self, event: events.Resize) -> None:
        """Fit columns and scroll position to the new size."""
        del event
        self._painter.forget()
        if self._moved_at == float("-inf"):
            self.top = 0  # nobody scrolled yet: as much of the beginning as the cursor allows
        self._scroll_to_cursor()
        self.refresh()

    def _line(self, place: int) -> RowLine:
        if place >= len(self.rows):
            return _NOTHING
        row = self.rows[place]
        return RowLine(row, self.active and row.key == self.cursor, row.key in self.marks)

    def _empty_line(self, y: int, width: int) -> Strip:
        if self.rows or y != self._header or not self.table.empty:
            return blank(width, self.look.palette)
        return self.cell_strip((Span(Safe("  " + self.table.empty), Tone.DIM),), width)

    def _refresh_changed(self) -> None:
        told = self.table
        self.entitle(told.title, told.hint, marked_words(len(self.marks), told.footer))
        (width, height), head = self.body, self._header
        places = range(self.top, self.top + height - head)
        fresh = [*(_NOTHING for _ in range(min(head, height))), *map(self._line, places)]
        if len(fresh) != len(self._painted):
            self.refresh()
        else:
            columns = self.table.columns
            pairs = zip(fresh, self._painted, strict=True)
            self.refresh_starts(
                *(self._painter.changed(new, old, columns, self.left, width) for new, old in pairs)
            )
        self._painted = fresh

    # -- taking new rows

    @property
    def _header(self) -> int:
        return 1 if any(column.title for column in self.table.columns) else 0

    @property
    def _place(self) -> int | None:
        return None if self.cursor is None else self._places.get(self.cursor)

    @property
    def _page(self) -> int:
        return max(1, self.body.height - self._header)

    @property
    def _moving(self) -> bool:
        return self.look.clock.monotonic() - self._moved_at < SETTLE

    def _same_order(self, table: Table) -> bool:
        keys = keys_of(table.rows)
        if keys == self._keys:
            return True
        places = [self._places[key] for key in keys if key in self._places]
        return places == sorted(places)

    def _settle(self) -> None:
        table = self._waiting
        if table is not None and not self._held:
            self.show(table)

    def _take(self, table: Table, rows: Sequence[Row], *, keep_ghost: bool = True) -> None:
        place, offset = self._place, (self._place or 0) - self.top
        keys = keys_of(rows)
        self._ghost = None
        if place is not None and keep_ghost and keys != self._keys and self.cursor not in keys:
            self._ghost = self.cursor
            why = "over" if self.cursor in table.over else "gone"
            rows = with_ghost(rows, self.rows[place], place, why)
        if table.columns != self.table.columns:
            self.refresh()
            self._painter.forget()
        if table.empty != self.table.empty:
            self.refresh()
        self.table = table
        self._set_rows(rows)
        self._find_cursor()
        if place is not None and (self.top or (self._place or 0) >= self._page):
            # The top stays in view as long as the cursor does: what is worst stands there.
            self.top = max(0, (self._place or 0) - offset)
        self._scroll_to_cursor()
        self._refresh_changed()

    def _set_rows(self, rows: Sequence[Row]) -> None:
        keys = keys_of(rows)
        self.rows = rows
        if keys != self._keys:
            self._keys = keys
            self._places = {key: place for place, key in enumerate(keys)}
            self.marks = frozenset(key for key in self.marks if key in self._places)

    def _find_cursor(self) -> None:
        first = self._keys[0] if self._keys else None
        if self.cursor != first and (self.cursor not in self._places or self._is_untouched):
            self.cursor = first
            self.post_message(self.CursorMoved(self, self.cursor))

    @property
    def _is_untouched(self) -> bool:
        """A pane nobody has been in shows its first rows, whatever came first when it was empty."""
        return (self.leads or not self.active) and self._moved_at == float("-inf")

    def _drop_ghost(self) -> None:
        if self._ghost not in (None, self.cursor):
            kept = tuple(key for key in self._keys if key != self._ghost)
            self._ghost = None
            self._set_rows(in_keys(self.rows, kept))

    # -- moving

    def action_move(self, steps: int) -> None:
        """Move the cursor by rows."""
        self._put_cursor((self._place or 0) + steps)

    def action_move_to(self, place: int) -> None:
        """Move to the first or the last row."""
        self._put_cursor(place if place >= 0 else len(self.rows) + place)

    def action_page(self, pages: float) -> None:
        """Move by pages or parts of one."""
        self._put_cursor((self._place or 0) + round(self._page * pages))

    def action_sideways(self, steps: int) -> None:
        """Scroll to see what a column cut off."""
        self.left = max(0, self.left + steps * _SIDEWAYS)
        self.repaint()

    def action_trouble(self, direction: int) -> None:
        """Move to the next row, or back to the last one, that is in trouble."""
        place = (self._place if self._place is not None else -1) + direction
        while 0 <= place < len(self.rows):
            if in_trouble(self.rows[place]):
                self._put_cursor(place)
                return
            place += direction

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        row = self.row
        if row is not None and not row.ghost:
            self.post_message(self.RowChosen(self, row.key))

    def _put_cursor(self, place: int) -> None:
        if not self.rows:
            return
        self._moved_at = self.look.clock.monotonic()
        before, self.cursor = self.cursor, self._keys[min(max(0, place), len(self.rows) - 1)]
        if before != self.cursor:
            self._drop_ghost()
            self._mark_span()
            self.post_message(self.CursorMoved(self, self.cursor))
        self._scroll_to_cursor()
        self._refresh_changed()

    def _scroll_to_cursor(self) -> None:
        place = self._place or 0
        self.top = min(self.top, place, max(0, len(self.rows) - self._page))
        self.top = max(self.top, place - self._page + 1, 0)

    # -- marking

    def action_mark(self) -> None:
        """Mark or unmark the row, and go on to the next."""
        if self.cursor is not None:
            self.marks ^= {self.cursor}
            self.action_move(1)
            self._refresh_changed()

    def action_span(self) -> None:
        """Begin marking a range at the cursor, or end it."""
        self._anchor = self.cursor if self._anchor is None else None
        self._mark_span()
        self._refresh_changed()

    def action_mark_all(self) -> None:
        """Mark all rows that are shown."""
        self.marks = frozenset(key for key in self._keys if key != self._ghost)
        self._refresh_changed()

    def action_unmark(self) -> None:
        """Clear the marks."""
        self.marks, self._anchor = frozenset(), None
        self._refresh_changed()

    def _mark_span(self) -> None:
        here, there = self._place, self._places.get(self._anchor or "")
        if here is not None and there is not None:
            low, high = sorted((here, there))
            self.marks |= set(self._keys[low : high + 1])

    # -- mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a double click opens it."""
        place = self.top + event.y - self._header - (1 if self.framed else 0)
        if 0 <= place < len(self.rows) and event.y > 0:
            self._put_cursor(place)
            if event.chain == 2:
                self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move on."""
        event.stop()
        self.action_move(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move back."""
        event.stop()
        self.action_move(-_WHEEL)


def in_trouble(row: Row) -> bool:
    """Tell whether a row speaks of a fault: one of its first two cells has a fault's tone."""
    return any(span.tone in _TROUBLE for cell in row.cells[:2] for span in cell)
