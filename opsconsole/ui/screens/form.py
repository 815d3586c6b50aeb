"""The form of an action: its targets and how far they reach, a line a parameter, mistakes beside the line."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsconsole.actions.grammars import GRAMMARS, World
from opsconsole.actions.params import read_value
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.field_row import FieldRow
from opsconsole.view.rows import Cell, Span, Tone

TARGETS: Final = "-targets"
"""The first line's name; no parameter can be called so."""
_DOC_WIDTH = 96
_OFFERED = 8


class Reached(NamedTuple):
    """What the words in the line of targets mean now."""

    lines: Sequence[Cell]
    refusal: str = ""


class Filled(Struct, frozen=True):
    """What a form answers: values as typed without the empty ones, and the words that name targets."""

    values: Mapping[str, str]
    targets: str = ""


class Asking(Struct, frozen=True):
    """What a form is about, beside its action."""

    heading: str
    values: Mapping[str, str] = {}
    mistake: str = ""
    verb: str = "plan"
    """What enter does."""
    targets: str | None = None
    """Words in the line of targets; None: there is no such line."""
    reach: Callable[[str], Reached] | None = None
    """What words for targets mean; asked at every change."""
    room: int = 0
    """Lines that its answer takes."""
    choices: Callable[[ParamSpec], Sequence[str]] = lambda _: ()
    """Values that exist now for a parameter."""
    target_choices: Sequence[str] = ()
    world: World = World()


class Form(Dialog[Filled]):
    """Answers what was typed, once every line can be read; nothing is planned before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "step(1)", "next", id="form.next", show=False, priority=True),
        Binding("shift+tab", "step(-1)", "previous", id="form.previous", show=False, priority=True),
        Binding("down", "choose(1)", "next choice", id="form.choice", show=False, priority=True),
        Binding("up", "choose(-1)", "earlier choice", id="form.earlier", show=False, priority=True),
        Binding("ctrl+r", "reveal", "show secret", id="form.reveal", show=False),
    ]
    DEFAULT_CSS = """
    Form #hint { width: 100%; }
    Form #reach { width: 100%; }
    """

    def __init__(self, look: Look, spec: ActionSpec, asking: Asking) -> None:
        super().__init__(look)
        self._spec = spec
        self._asking = asking
        self._mistake = asking.mistake
        self._params = _with_targets(spec.params, asking)
        self._choices = {
            p.name: tuple(asking.choices(p)) or _static_choices(p) for p in spec.params
        }
        self._choices[TARGETS] = tuple(asking.target_choices)
        self._place = 0
        self._refusal = ""
        self._refused = ("", "", "")
        """Name, value and sentence of what the engine would not take."""

    def fields(self) -> ComposeResult:
        """A line for targets and one for each parameter, how far it reaches, and a hint."""
        for param in self._params:
            value = self._asking.values.get(param.name, param.default or "")
            title = param.title or param.name
            yield FieldRow(
                self.look, param.name, title, value, required=param.required, secret=param.secret
            )
        yield Bar(self.look, id="reach")
        yield Bar(self.look, id="hint")

    def begin(self) -> None:
        """Stand in the first parameter; the targets are chosen already, mostly."""
        self.query_one("#reach", Bar).styles.height = self._asking.room
        self._own_mistake()
        self._show_reach()
        if self._params:
            self._place = 1 if self._asking.targets and len(self._params) > 1 else 0
            self._row.line.focus()
            self._show_hint()

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
        mistake = clean(self._mistake, LABEL_LIMIT)
        lines += [(Span(Safe(line), Tone.CRITICAL),) for line in textwrap.wrap(mistake, room)]
        title: Cell = (Span(clean(self._asking.heading, LABEL_LIMIT), Tone.STRONG),)
        hint: Cell = (Span(Safe(f"enter {self._asking.verb}   tab next   esc close"), Tone.DIM),)
        extra = len(self._params) + 1 + self._asking.room
        wide = _DOC_WIDTH if self._asking.room else 0
        self.set_box(lines or [()], title, hint, extra=extra, least=wide)

    def offer(self, param: str, choices: tuple[str, ...], note: str) -> None:
        """Take the choices that the targets gave, or the note why there are none."""
        self._choices[param] = choices
        if not choices and note:
            self._mistake = note
            self.fill()
        self._show_hint()

    # -- moving, choosing

    def action_step(self, step: int) -> None:
        """Go to another line; the one left says what is wrong with it."""
        if self._params:
            self._check(self._row, self._param)
            self._place = (self._place + step) % len(self._params)
            self._row.line.focus()
            self._show_hint()

    def action_choose(self, step: int) -> None:
        """Put the next choice into the line."""
        choices = self._matching()
        if not choices:
            return
        head, last = self._split()
        place = choices.index(last) + step if last in choices else 0
        self._row.line.put(f"{head}{choices[place % len(choices)]}")

    def action_reveal(self) -> None:
        """Show or hide a secret while it is typed."""
        if self._param.secret:
            self._row.line.password = not self._row.line.password

    def on_input_changed(self, event: Input.Changed) -> None:
        """Follow the typing with hint and reach; a mistake goes as soon as it is mended."""
        event.stop()
        if not self.is_mounted or not self._params:
            return
        if self._param.name == TARGETS:
            self._show_reach()
        if self._row.mistake:
            self._check(self._row, self._param)
        self._show_hint()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the values out; the first line that cannot be read is gone to instead."""
        event.stop()
        for nth, param in enumerate(self._params):
            row = self._row_of(param.name)
            self._check(row, param, needed=True)
            if row.mistake:
                self._place = nth
                row.line.focus()
                self._show_hint()
                return
        typed = {p.name: self._row_of(p.name).line.value.strip() for p in self._params}
        targets = typed.pop(TARGETS, "") if self._asking.targets is not None else ""
        self.dismiss(Filled({name: value for name, value in typed.items() if value}, targets))

    # -- mistakes

    def _own_mistake(self) -> None:
        """What the engine refused stands beside the line it speaks of, where it names one."""
        name, colon, said = self._mistake.partition(": ")
        rows = {param.name: n for n, param in enumerate(self._params)}
        if colon and name in rows and ";" not in said:
            row = self._row_of(name)
            self._refused = (name, row.line.value.strip(), said)
            row.tell(said)
            self._mistake = ""

    def _check(self, row: FieldRow, param: ParamSpec, *, needed: bool = False) -> None:
        text = row.line.value.strip()
        if param.name == TARGETS:
            row.tell(self._refusal if needed else "")
            return
        if (param.name, text) == self._refused[:2] and not needed:
            row.tell(self._refused[2])
            return
        if not text:
            row.tell("is needed" if needed and param.required else "")
            return
        if param.secret or param.type not in GRAMMARS or "${" in text:
            row.tell("")
            return
        try:
            read_value(param, text, self._asking.world)
        except ValueError as error:
            row.tell(str(error))
        else:
            row.tell("")

    # -- showing

    @property
    def _param(self) -> ParamSpec:
        return self._params[self._place]

    @property
    def _row(self) -> FieldRow:
        return self._row_of(self._param.name)

    def _row_of(self, name: str) -> FieldRow:
        return self.query_one(f"#field-{name}", FieldRow)

    def _split(self) -> tuple[str, str]:
        """The targets' line takes several words: only the last one is completed."""
        text = self._row.line.value
        if self._param.name != TARGETS:
            return "", text
        head, blank, last = text.rpartition(" ")
        return head + blank, last

    def _matching(self) -> list[str]:
        _, typed = self._split()
        choices = list(self._choices[self._param.name])
        begin = [choice for choice in choices if choice.startswith(typed)]
        inside = [choice for choice in choices if typed in choice]
        return choices if typed in choices else begin or inside or choices

    def _show_reach(self) -> None:
        reach = self._asking.reach
        if reach is None or self._asking.targets is None:
            return
        reached = reach(self._row_of(TARGETS).line.value)
        self._refusal = reached.refusal
        lead: Cell = (Span(Safe("  ")),)
        self.query_one("#reach", Bar).show([(*lead, *line) for line in reached.lines])

    def _show_hint(self) -> None:
        if not self.is_mounted or not self._params:
            return
        param = self._param
        choices = "  ".join(self._matching()[:_OFFERED])
        kind = "" if param.name == TARGETS else f"{param.type}   "
        text = f"  {kind}{param.help}" + (f"   up/down: {choices}" if choices else "")
        self.query_one("#hint", Bar).show(((Span(clean(text, LABEL_LIMIT), Tone.DIM),),))


def _with_targets(params: Sequence[ParamSpec], asking: Asking) -> tuple[ParamSpec, ...]:
    if asking.targets is None:
        return tuple(params)
    first = ParamSpec(
        TARGETS, "str", "targets", "names, web[01-03], role:web", required=True, default=asking.targets
    )  # fmt: skip
    return (first, *params)


def _static_choices(param: ParamSpec) -> tuple[str, ...]:
    return ("true", "false") if param.type == "bool" else param.choices
