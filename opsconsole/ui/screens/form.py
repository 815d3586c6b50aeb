"""The form of an action's parameters: one line each, completion by type, mistakes beside the line."""

import textwrap
from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.view.rows import Cell, Span, Tone

_LABEL_WIDTH = 18
_DOC_WIDTH = 96


class Form(Dialog[dict[str, str]]):
    """Answers the values as typed; empty ones are left out, so that defaults apply."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "step(1)", "next", id="form.next", show=False, priority=True),
        Binding("shift+tab", "step(-1)", "previous", id="form.previous", show=False, priority=True),
        Binding("down", "choose(1)", "next choice", id="form.choice", show=False, priority=True),
        Binding("up", "choose(-1)", "earlier choice", id="form.earlier", show=False, priority=True),
        Binding("ctrl+r", "reveal", "show secret", id="form.reveal", show=False),
    ]
    DEFAULT_CSS = """
    Form Horizontal { height: 1; background: $background; }
    Form .label { width: 20; }
    Form LineInput { width: 1fr; }
    Form #hint { width: 100%; }
    """

    def __init__(
        self,
        look: Look,
        spec: ActionSpec,
        heading: str,
        values: Mapping[str, str],
        *,
        mistake: str = "",
        verb: str = "plan",
    ) -> None:
        super().__init__(look)
        self._spec = spec
        self._heading = heading
        self._values = values
        self._mistake = mistake
        self._verb = verb
        self._choices = {param.name: _static_choices(param) for param in spec.params}
        self._place = 0

    def fields(self) -> ComposeResult:
        """The heading, a line a parameter, and a hint for the one under the cursor."""
        for param in self._spec.params:
            with Horizontal():
                yield Bar(self.look, id=f"label-{param.name}").add_class("label")
                value = self._values.get(param.name, param.default or "")
                yield LineInput(value, id=f"value-{param.name}", password=param.secret)
        yield Bar(self.look, id="hint")

    def begin(self) -> None:
        """Stand in the first line."""
        for param in self._spec.params:
            self.query_one(f"#label-{param.name}", Bar).show((self._label(param),))
        self.action_step(0)

    def accepts(self, event: events.Event) -> bool:
        """Take letters however fast they come, pasted ones too: they trigger nothing, enter does."""
        if isinstance(event, events.Key) and event.is_printable:
            super().accepts(
                event
            )  # it remembers the time, for the enter that may come in the same burst
            return self.is_painted_before(event)
        return isinstance(event, events.Paste) or super().accepts(event)

    def fill(self) -> None:
        """Show what the action is, over the lines."""
        doc = clean(self._spec.doc, LABEL_LIMIT, multiline=True)
        room = max(20, min(self.app.size.width - 6, _DOC_WIDTH))
        lines: list[Cell] = [
            (Span(Safe(line), Tone.DIM),)
            for paragraph in doc.splitlines()
            for line in textwrap.wrap(paragraph, room)
        ]
        if self._mistake:
            lines.append((Span(clean(self._mistake, LABEL_LIMIT), Tone.CRITICAL),))
        title: Cell = (Span(clean(self._heading, LABEL_LIMIT), Tone.STRONG),)
        hint: Cell = (Span(Safe(f"enter {self._verb}   tab next   esc close"), Tone.DIM),)
        self.set_box(lines or [()], title, hint, extra=len(self._spec.params) + 1)

    def offer(self, param: str, choices: tuple[str, ...], note: str) -> None:
        """Take the choices that the targets gave, or the note why there are none."""
        self._choices[param] = choices
        if not choices and note:
            self._mistake = note
            self.fill()
        self._show_hint()

    def action_step(self, step: int) -> None:
        """Go to another line."""
        if self._spec.params:
            self._place = (self._place + step) % len(self._spec.params)
            self._line.focus()
            self._show_hint()

    def action_choose(self, step: int) -> None:
        """Put the next choice into the line."""
        choices = self._matching()
        if choices:
            value = self._line.value
            place = choices.index(value) + step if value in choices else 0
            self._line.put(choices[place % len(choices)])

    def action_reveal(self) -> None:
        """Show or hide a secret while it is typed."""
        if self._param.secret:
            self._line.password = not self._line.password

    def on_input_changed(self, event: Input.Changed) -> None:
        """Follow the typing with the hint."""
        event.stop()
        self._show_hint()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the values out; a required one that is empty is gone to first."""
        event.stop()
        values = {
            p.name: self.query_one(f"#value-{p.name}", LineInput).value for p in self._spec.params
        }
        for nth, param in enumerate(self._spec.params):
            if param.required and not values[param.name].strip():
                self._place = nth
                self._mistake = f"{param.title or param.name} is needed"
                self.fill()
                self.action_step(0)
                return
        self.dismiss({name: value.strip() for name, value in values.items() if value.strip()})

    @property
    def _param(self) -> ParamSpec:
        return self._spec.params[self._place]

    @property
    def _line(self) -> LineInput:
        return self.query_one(f"#value-{self._param.name}", LineInput)

    def _matching(self) -> list[str]:
        typed = self._line.value
        choices = list(self._choices[self._param.name])
        narrowed = [choice for choice in choices if choice.startswith(typed)]
        return choices if typed in choices or not narrowed else narrowed

    def _label(self, param: ParamSpec) -> Cell:
        name = clean(param.title or param.name, _LABEL_WIDTH)
        need = Span(Safe("*" if param.required else " "), Tone.WARNING)
        return (Span(Safe("  ")), Span(name, Tone.ACCENT), need)

    def _show_hint(self) -> None:
        if not self.is_mounted or not self._spec.params:
            return
        param = self._param
        choices = "  ".join(self._matching()[:8])
        text = f"  {param.type}   {param.help}" + (f"   up/down: {choices}" if choices else "")
        self.query_one("#hint", Bar).show(((Span(clean(text, LABEL_LIMIT), Tone.DIM),),))


def _static_choices(param: ParamSpec) -> tuple[str, ...]:
    return ("true", "false") if param.type == "bool" else param.choices
