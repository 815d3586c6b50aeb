"""The one question before anything changes: shows everything first, then takes `y`, or a word typed back."""

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.paint import wrapped
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone

_QUIET: Final = 0.1
"""Seconds without a key after which a burst is over."""


class Question(Struct, frozen=True):
    """What is asked, and how it is answered."""

    title: str
    verb: str = "do it"
    """What `y` does: `run it`, `leave`."""
    expect: str = ""
    """What must be typed back, instead of `y`."""
    refusal: str = ""
    """Why it cannot be answered with yes now."""
    harmless: bool = False
    """True: nothing outside changes."""


class Confirm(Dialog[str]):
    """Answers what was typed back (empty for `y`), or None: then nothing happens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "yes", id="confirm.agree"),
        Binding("n", "give_up", "no", id="confirm.decline", show=False),
        Binding("down", "scroll(1)", "down", id="confirm.down", show=False, priority=True),
        Binding("up", "scroll(-1)", "up", id="confirm.up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Confirm #ask { width: 100%; }
    Confirm > #frame > LineInput { display: none; }
    Confirm.-typed > #frame > LineInput { display: block; margin: 0 3; width: 1fr; }
    """

    def __init__(self, look: Look, question: Question, lines: Sequence[Cell]) -> None:
        super().__init__(look)
        self._question = question
        self._lines = lines
        self._said = ""
        self._heard = float("-inf")
        self._flooded = False
        self._agreeing = False

    @property
    def _typed(self) -> bool:
        return bool(self._question.expect) and not self._question.refusal

    def fields(self) -> ComposeResult:
        """What would happen, the question, and a line to type into where one must be typed."""
        yield Bar(self.look, id="ask")
        yield LineInput(id="typed", pastable=False)

    def begin(self) -> None:
        """Stand in the line where something must be typed."""
        self.set_class(self._typed, "-typed")
        (self.query_one(LineInput) if self._typed else self.box).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let `y` and `n` be letters while something is typed; there is no yes to a refusal."""
        del parameters
        if action == "agree":
            return not self._typed and not self._question.refusal
        return True

    def fill(self) -> None:
        """Show what would happen, and the question."""
        title: Cell = (Span(clean(self._question.title, LABEL_LIMIT), Tone.STRONG),)
        hint: Cell = (Span(Safe("esc close"), Tone.DIM),)
        # What would be run is read whole before it is run: nothing of it is cut.
        lines = wrapped(self._lines, max(1, self.app.size.width - 4))
        self.set_box(lines, title, hint, extra=2 if self._typed else 1)
        self.query_one("#ask", Bar).show((self._words(),))

    def accepts(self, event: events.Event) -> bool:
        """Take nothing of a paste or a burst: not its first keys, nor the enter at its end."""
        taken = super().accepts(event)
        if isinstance(event, events.Paste):
            self._refuse()
        elif isinstance(event, events.Key):
            quiet, self._heard = event.time - self._heard, event.time
            if event.time <= self._painted_at:
                return False
            if not taken:
                self._refuse()
            elif quiet >= _QUIET:
                self._flooded = False
        return taken and not self._flooded

    def _refuse(self) -> None:
        self._flooded = True
        asked = f"type {self._question.expect}" if self._typed else "press a key by hand"
        self._said = f"A paste: nothing was taken, {asked}"
        if self.is_mounted:
            self.query_one(LineInput).put("")
            self.fill()

    def action_agree(self) -> None:
        """Say yes, unless the key turns out to be the first one of a paste."""
        if not self._agreeing:
            self._agreeing = True
            self.run_worker(self._agree(), name="yes", group="confirm")

    async def _agree(self) -> None:
        await self.look.clock.sleep(_QUIET)
        self._agreeing = False
        if not self._flooded:
            self.dismiss("")

    def action_scroll(self, steps: int) -> None:
        """See more of what would happen."""
        self.box.action_scroll_lines(steps)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say yes when exactly the expected was typed."""
        event.stop()
        if event.value.strip() == self._question.expect:
            self.dismiss(event.value.strip())
        else:
            self._said = f"That is not it: type {self._question.expect}"
            self.fill()

    def _words(self) -> Cell:
        asked = self._question
        lead = Span(Safe("  "))
        if self._said:
            return (lead, Span(clean(self._said, LABEL_LIMIT), Tone.CRITICAL))
        if asked.refusal:
            return (lead, Span(clean(asked.refusal, LABEL_LIMIT), Tone.WARNING))
        if self._typed:
            expected = Span(clean(asked.expect, LABEL_LIMIT), Tone.CRITICAL)
            return (
                lead,
                Span(Safe("type "), Tone.DIM),
                expected,
                Span(Safe(f" to {asked.verb}"), Tone.DIM),
            )
        yes = Span(Safe("y"), Tone.ACCENT if asked.harmless else Tone.WARNING)
        no = (Span(Safe("esc"), Tone.ACCENT), Span(Safe(" do nothing"), Tone.DIM))
        return (lead, yes, Span(Safe(f" {asked.verb}   ")), *no)
