"""One line of a form: its label, what is typed, and what is wrong with it, right beside it."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.paint import text_width
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Span, Tone

_LABEL_WIDTH = 18
_MISTAKE_WIDTH = 46


class FieldRow(Horizontal):
    """The label, the line, and a mistake that takes its place only while there is one."""

    DEFAULT_CSS = """
    FieldRow { height: 1; background: $background; }
    FieldRow > .label { width: 20; }
    FieldRow > LineInput { width: 1fr; }
    FieldRow > .mistake { width: 0; }
    """

    def __init__(
        self, look: Look, name: str, title: str, value: str, *, required: bool, secret: bool = False
    ) -> None:
        super().__init__(id=f"field-{name}")
        self.line = LineInput(value, id=f"value-{name}", password=secret)
        self.label = Bar(look, id=f"label-{name}")
        self.label.add_class("label")
        self.wrong = Bar(look, id=f"mistake-{name}")
        self.wrong.add_class("mistake")
        self.mistake = ""
        self._title = clean(title, _LABEL_WIDTH)
        self._required = required

    def compose(self) -> ComposeResult:
        """Label, line, mistake."""
        yield self.label
        yield self.line
        yield self.wrong

    def on_mount(self) -> None:
        """Write the label."""
        need = Span(Safe("*" if self._required else " "), Tone.WARNING)
        self.label.show(((Span(Safe("  ")), Span(self._title, Tone.ACCENT), need),))

    def tell(self, mistake: str) -> None:
        """Say what is wrong with the line, or nothing."""
        if mistake == self.mistake:
            return
        self.mistake = mistake
        text = clean(mistake, LABEL_LIMIT)
        self.wrong.styles.width = min(_MISTAKE_WIDTH, text_width(text) + 2) if text else 0
        self.wrong.show(((Span(Safe(" ")), Span(text, Tone.CRITICAL)),))
