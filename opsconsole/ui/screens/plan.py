"""The plan of a run, and the one question before anything changes."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from opsconsole.model.action import Plan
from opsconsole.model.states import Confirm, Effect
from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone

_TYPED = (Confirm.COUNT, Confirm.TYPED)


class PlanDialog(Dialog[str]):
    """Answers what was typed back (empty for `y`), or None: then nothing happens.

    Shows the whole plan; scrolls. A dry run and a refused plan can only be closed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "run it", id="plan.agree"),
        Binding("n", "give_up", "do nothing", id="plan.decline", show=False),
    ]
    DEFAULT_CSS = """
    PlanDialog #ask { width: 100%; }
    PlanDialog LineInput { display: none; }
    PlanDialog.-typed LineInput { display: block; margin: 0 2; width: 1fr; }
    """

    def __init__(self, look: Look, plan: Plan, lines: Sequence[Cell], *, dry: bool = False) -> None:
        super().__init__(look)
        self._plan = plan
        self._lines = lines
        self._dry = dry
        self._said = ""

    @property
    def _askable(self) -> bool:
        return not self._dry and not self._plan.refusal and bool(self._plan.targets)

    @property
    def _typed(self) -> bool:
        return self._askable and self._plan.confirm in _TYPED

    def compose(self) -> ComposeResult:
        """The plan, the question, and a line to type into where one must be typed."""
        with Vertical():
            yield self.box
            yield Bar(self.look, id="ask")
            yield LineInput(id="typed", pastable=False)

    def on_mount(self) -> None:
        """Stand in the line where something must be typed."""
        self.set_class(self._typed, "-typed")
        super().on_mount()
        if self._typed:
            self.query_one(LineInput).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let `y` and `n` be letters while something is typed, and nothing when there is no question."""
        del parameters
        if action == "agree":
            return self._askable and not self._typed
        return True

    def fill(self) -> None:
        """Show the plan and its question."""
        title: Cell = (Span(clean(f"Plan: {self._plan.title}", LABEL_LIMIT), Tone.STRONG),)
        self.set_box(
            self._lines, title, (Span(Safe("esc close"), Tone.DIM),), extra=2 if self._typed else 1
        )
        self.query_one("#ask", Bar).show((self._question(),))

    def action_agree(self) -> None:
        """Run it."""
        self.dismiss("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run it when exactly the expected was typed."""
        event.stop()
        if event.value.strip() == self._plan.expect:
            self.dismiss(event.value.strip())
        else:
            self._said = f"That is not it: type {self._plan.expect}"
            self.fill()

    def _question(self) -> Cell:
        lead = Span(Safe("  "))
        if self._said:
            return (lead, Span(clean(self._said, LABEL_LIMIT), Tone.CRITICAL))
        if self._plan.refusal:
            return (lead, Span(clean(self._plan.refusal, LABEL_LIMIT), Tone.WARNING))
        if not self._askable:
            word = "Dry run: nothing was changed." if self._dry else "No target is left."
            return (lead, Span(Safe(word), Tone.DIM))
        if self._typed:
            expected = Span(clean(self._plan.expect, LABEL_LIMIT), Tone.CRITICAL)
            return (
                lead,
                Span(Safe("type "), Tone.DIM),
                expected,
                Span(Safe(" to run it"), Tone.DIM),
            )
        tone = Tone.ACCENT if self._plan.effect is Effect.READ else Tone.WARNING
        return (lead, Span(Safe("y"), tone), Span(Safe(" run it   ")), Span(Safe("esc"), Tone.ACCENT),
                Span(Safe(" do nothing"), Tone.DIM))  # fmt: skip
