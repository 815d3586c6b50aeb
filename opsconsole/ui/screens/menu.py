"""A menu of letters: runbooks for the selection, what to copy, layouts, sort columns, marks of mute."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import Binding, BindingType

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.view.rows import Cell, Span, Tone

_MOVING = "jk"
_LETTERS = "abcdefghilmnopqrstuvwxyz0123456789"
"""Without those that move."""


class Item(NamedTuple):
    """One entry: what is answered, what is shown, and why it cannot be chosen, if so."""

    value: str
    text: Cell
    letter: str = ""
    refused: str = ""


class Menu(Dialog[str]):
    """Answers the value of an entry, chosen by its letter, or with the arrows and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "down", id="menu.down", show=False, priority=True),
        Binding("k,up", "step(-1)", "up", id="menu.up", show=False, priority=True),
        Binding("enter", "take", "choose", id="menu.take", priority=True),
    ]

    def __init__(
        self,
        look: Look,
        title: str,
        items: Sequence[Item],
        *,
        empty: str = "",
        notes: Sequence[Cell] = (),
    ) -> None:
        super().__init__(look)
        self._heading: Cell = (Span(clean(title, LABEL_LIMIT), Tone.STRONG),)
        self._items = _lettered(items)
        self._empty = empty
        self._notes = notes
        self._place = 0
        self._said = ""

    def begin(self) -> None:
        """Keep the keys: in a box of lines some letters would scroll."""
        self.box.can_focus = False
        self.set_focus(None)

    def fill(self) -> None:
        """Show the entries, the chosen one marked and in sight."""
        lines = [self._line(nth, item) for nth, item in enumerate(self._items)]
        if not lines:
            lines.append((Span(Safe(self._empty or "Nothing here."), Tone.DIM),))
        if self._notes:
            lines.extend(((), *self._notes))
        if self._said:
            lines.extend(((), (Span(Safe(self._said), Tone.WARNING),)))
        self.set_box(lines, self._heading, footer=(Span(Safe("esc close"), Tone.DIM),))
        room = max(1, min(len(lines), self.app.size.height - 2))
        self.box.scroll_top(min(max(self.box.top, self._place - room + 1), self._place))

    def on_key(self, event: events.Key) -> None:
        """Choose by letter; entries bring their own letters, so these cannot be bindings."""
        for nth, item in enumerate(self._items):
            if event.character == item.letter:
                event.stop()
                self._place = nth
                self.action_take()
                return

    def action_step(self, step: int) -> None:
        """Mark another entry."""
        if self._items:
            self._place = (self._place + step) % len(self._items)
            self.fill()

    def action_take(self) -> None:
        """Answer the marked entry, or say why it is refused."""
        if not self._items:
            return
        item = self._items[self._place]
        if item.refused:
            self._said = clean(item.refused, LABEL_LIMIT)
            self.fill()
        else:
            self.dismiss(item.value)

    def _line(self, nth: int, item: Item) -> Cell:
        sign = self.look.signs.cursor if nth == self._place else " "
        tone = Tone.MUTED if item.refused else Tone.ACCENT
        text = (
            tuple(Span(span.text, Tone.MUTED) for span in item.text) if item.refused else item.text
        )
        return (Span(Safe(f"{sign} "), Tone.FOCUS), Span(Safe(f"{item.letter}  "), tone), *text)


def _lettered(items: Sequence[Item]) -> list[Item]:
    wished = {item.letter for item in items if item.letter}
    free = [letter for letter in _LETTERS if letter not in wished]
    taken: set[str] = set()
    lettered: list[Item] = []
    for item in items:
        letter = (
            item.letter
            if item.letter and item.letter not in taken and item.letter not in _MOVING
            else (free.pop(0) if free else " ")
        )
        taken.add(letter)
        lettered.append(item._replace(letter=letter))
    return lettered
