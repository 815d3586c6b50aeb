"""The bottom line as a question: `/` filters while one types, `:` takes a command, a word asks for a note."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.paint import cell_width
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone

Complete = Callable[[str, int], Sequence[str]]
"""Line and cursor to whole lines that could follow, best first."""
_HISTORY = 200


class Prompt(Horizontal):
    """Asks one line; tells each change, the answer, or that it was given up."""

    DEFAULT_CSS = """
    Prompt { height: 1; background: $background; display: none; }
    Prompt.-open { display: block; }
    Prompt > #prompt-label { width: auto; }
    Prompt > LineInput { width: 1fr; }
    Prompt > #prompt-hint { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", "cancel", id="prompt.cancel"),
        Binding("tab", "complete", "complete", id="prompt.complete", priority=True),
        Binding("up", "recall(-1)", "earlier", id="prompt.earlier", show=False),
        Binding("down", "recall(1)", "later", id="prompt.later", show=False),
    ]

    class Changed(Message):
        """The line is another now."""

        def __init__(self, kind: str, value: str) -> None:
            super().__init__()
            self.kind = kind
            self.value = value

        def can_replace(self, message: Message) -> bool:
            """Only the newest line is of interest."""
            return isinstance(message, Prompt.Changed)

    class Answered(Message):
        """Enter was pressed."""

        def __init__(self, kind: str, value: str) -> None:
            super().__init__()
            self.kind = kind
            self.value = value

    class Cancelled(Message):
        """Escape was pressed."""

        def __init__(self, kind: str) -> None:
            super().__init__()
            self.kind = kind

    def __init__(self, look: Look) -> None:
        super().__init__(id="prompt")
        self.kind = ""
        self._look = look
        self._complete: Complete | None = None
        self._history: dict[str, list[str]] = {}
        self._place = 0

    def compose(self) -> ComposeResult:
        """Label, line, hint."""
        yield Bar(self._look, id="prompt-label")
        yield LineInput(id="prompt-line")
        yield Bar(self._look, id="prompt-hint")

    @property
    def is_open(self) -> bool:
        """Whether it is asking."""
        return self.has_class("-open")

    def ask(self, kind: str, label: str, value: str = "", complete: Complete | None = None) -> None:
        """Open with a label; `kind` comes back with the messages and picks the history."""
        self.kind, self._complete = kind, complete
        self._place = len(self._history.get(kind, ()))
        cell: Cell = (Span(clean(label, LABEL_LIMIT), Tone.ACCENT),)
        bar = self.query_one("#prompt-label", Bar)
        bar.styles.width = cell_width(cell)
        bar.show((cell,))
        self.query_one("#prompt-hint", Bar).display = complete is not None
        self.add_class("-open")
        line = self.query_one(LineInput)
        line.put(value)
        self.screen.set_focus(line)
        self._show_hint(value)

    def close(self) -> None:
        """Stop asking."""
        self.remove_class("-open")
        self.kind = ""

    def tell(self, text: str) -> None:
        """Show a mistake beside the line."""
        hint = self.query_one("#prompt-hint", Bar)
        hint.display = True
        hint.show(((Span(clean(f"  {text}", LABEL_LIMIT), Tone.WARNING),),))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offer what could follow, and tell."""
        event.stop()
        if self.is_open:
            self._show_hint(event.value)
            self.post_message(self.Changed(self.kind, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Remember the line and hand it out."""
        event.stop()
        kind, value = self.kind, event.value.strip()
        if value:
            past = self._history.setdefault(kind, [])
            past[:] = [*(line for line in past if line != value), value][-_HISTORY:]
        self.post_message(self.Answered(kind, value))

    def action_cancel(self) -> None:
        """Give up."""
        self.post_message(self.Cancelled(self.kind))

    def action_complete(self) -> None:
        """Take the best completion."""
        line = self.query_one(LineInput)
        offers = self._offers(line.value)
        if offers:
            line.put(offers[0])

    def action_recall(self, step: int) -> None:
        """Walk through what was asked before."""
        past = self._history.get(self.kind, [])
        self._place = min(max(0, self._place + step), len(past))
        self.query_one(LineInput).put(past[self._place] if self._place < len(past) else "")

    def _offers(self, value: str) -> Sequence[str]:
        line = self.query_one(LineInput)
        return () if self._complete is None else self._complete(value, line.cursor_position)

    def _show_hint(self, value: str) -> None:
        offers = [clean(offer, LABEL_LIMIT) for offer in self._offers(value)[:8] if offer != value]
        cell: Cell = ()
        if offers:
            rest = Safe("   ".join(_last_word(offer) for offer in offers[1:]))
            first = Span(_last_word(offers[0]))
            cell = (
                Span(Safe("  tab "), Tone.ACCENT),
                first,
                Span(Safe("   ")),
                Span(rest, Tone.DIM),
            )
        self.query_one("#prompt-hint", Bar).show((cell,))


def _last_word(line: str) -> Safe:
    return Safe(line.rsplit(maxsplit=1)[-1] if line.strip() else "")
