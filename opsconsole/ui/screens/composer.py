"""The composer of a silence: matchers, duration, comment; what it would hide is said while one types."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsconsole.commands.line import LineError
from opsconsole.commands.line import duration as read_duration
from opsconsole.errors import OpsConsoleError, QueryError
from opsconsole.model.silence import SilenceDraft, SilenceEffect
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.query.matchers import parse_matchers
from opsconsole.ui.look import Look
from opsconsole.ui.paint import flowed
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.widgets.bars import Bar
from opsconsole.ui.widgets.field_row import FieldRow
from opsconsole.view import silence_effect
from opsconsole.view.cells import cell
from opsconsole.view.composing import Composing, field_of
from opsconsole.view.rows import Cell, Span, Tone

Preview = Callable[[SilenceDraft], Awaitable[SilenceEffect]]
_ROOM: Final = 9
_WIDE: Final = 110
_FIELDS: Final = ("matchers", "duration", "comment")
_HELP: Final = {
    "matchers": 'alertname="HighLoad" instance=~"web-.*"   = != =~ !~, all of them must match',
    "duration": "30m, 2h, 1d: it always ends",
    "comment": "why: the next one on call reads it",
}


class Read(NamedTuple):
    """What the lines say: a draft, or the line that cannot be read and why."""

    draft: SilenceDraft | None
    field: str = ""
    mistake: str = ""


class Composer(Dialog[Composing]):
    """Answers what was typed, once it can be read; making it is asked elsewhere, with everything shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,down", "step(1)", "next", id="composer.next", show=False, priority=True),
        Binding("shift+tab,up", "step(-1)", "previous", id="composer.previous", show=False, priority=True),
    ]  # fmt: skip
    DEFAULT_CSS = """
    Composer #effect { width: 100%; }
    Composer #hint { width: 100%; }
    """

    def __init__(
        self, look: Look, start: Composing, preview: Preview, shown: Callable[[], Snapshot]
    ) -> None:
        """Set up.

        Args:
            look: How it is drawn.
            start: What stands in the lines.
            preview: Asks what a draft would hide; raises OpsConsoleError.
            shown: Gives the snapshot, for the names of what would be hidden.
        """
        super().__init__(look)
        self._start = start
        self._preview = preview
        self._shown = shown
        self._place = 0
        self._wanted: SilenceDraft | None = None
        self._asked: SilenceDraft | None = None
        self._asks = False
        self._said = ""
        self.effect: SilenceEffect | None = None
        """Of the draft as it is typed now; None: not known yet, or it cannot be read."""

    def fields(self) -> ComposeResult:
        """Three lines, what they would do, a hint."""
        for name in _FIELDS:
            yield FieldRow(self.look, name, name, getattr(self._start, name), required=True)
        yield Bar(self.look, id="effect")
        yield Bar(self.look, id="hint")

    def begin(self) -> None:
        """Stand in the first line that asks for something."""
        self.query_one("#effect", Bar).styles.height = _ROOM
        if self._start.mistake:
            self._go(_FIELDS.index(field_of(self._start.mistake)))
            self._row_of(_FIELDS[self._place]).tell(self._start.mistake)
        else:
            self._go(0 if not self._start.matchers else 2)
        self._changed()

    def accepts(self, event: events.Event) -> bool:
        """Take letters however fast they come, pasted ones too: they trigger nothing, enter does."""
        if isinstance(event, events.Key) and event.is_printable:
            super().accepts(event)  # it remembers the time, for the enter at the end of a burst
            return self.is_painted_before(event)
        return isinstance(event, events.Paste) or super().accepts(event)

    def fill(self) -> None:
        """Show what it is about, over the lines."""
        title: Cell = (Span(clean(self._start.heading, LABEL_LIMIT), Tone.STRONG),)
        hint: Cell = (Span(Safe("enter look at it   tab next   esc close"), Tone.DIM),)
        said = (
            "Hides what matches, new ones too, until it ends; checks go on. An ack is for one fire."
        )
        self.set_box(
            flowed([cell(said, Tone.DIM)], max(20, self.app.size.width - 6)),
            title, hint, extra=len(_FIELDS) + _ROOM + 1, least=_WIDE,
        )  # fmt: skip
        if self.is_mounted:
            self._show()

    # -- typing

    def action_step(self, step: int) -> None:
        """Go to another line; the one left says what is wrong with it."""
        name = _FIELDS[self._place]
        read = self._read()
        typed = self._row_of(name).line.value
        self._row_of(name).tell(read.mistake if read.field == name and typed else "")
        self._go((self._place + step) % len(_FIELDS))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Follow the typing."""
        event.stop()
        if self.is_mounted and event.input.has_focus:
            self._row_of(_FIELDS[self._place]).tell("")
            self._changed()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand out what was typed; a line that cannot be read is gone to instead."""
        event.stop()
        read = self._read()
        field, mistake = (read.field, read.mistake) if read.mistake else self._refused(read.draft)
        if mistake:
            self._go(_FIELDS.index(field))
            self._row_of(field).tell(mistake)
            return
        typed = {name: self._row_of(name).line.value.strip() for name in _FIELDS}
        self.dismiss(replace(self._start, mistake="", **typed))

    def _refused(self, draft: SilenceDraft | None) -> tuple[str, str]:
        """What is readable and still cannot be made: the line it is about, and why."""
        if self.effect is not None and self._asked == draft and self.effect.refusal:
            return field_of(self.effect.refusal), self.effect.refusal
        if not self._row_of("comment").line.value.strip():
            return "comment", "say why: the next one on call reads it"
        if self._is_unchanged():
            return "comment", "only the end differs: extend does that"
        return "", ""

    def _is_unchanged(self) -> bool:
        # The engine takes the same matchers and comment for an extension, from the silence's own end.
        typed = tuple(self._row_of(name).line.value.strip() for name in ("matchers", "comment"))
        return bool(self._start.id) and typed == self._start.was

    def _read(self) -> Read:
        typed = {name: self._row_of(name).line.value.strip() for name in _FIELDS}
        return read(replace(self._start, **typed))

    # -- what it would do

    def _changed(self) -> None:
        wanted = self._read()
        self._wanted = wanted.draft
        if self._wanted is None:
            self.effect = None
            self._tell(f"{wanted.field}: {wanted.mistake}")
        elif not self._asks:
            self.run_worker(self._ask(), name="preview", group="preview")

    async def _ask(self) -> None:
        """Ask until what was asked is what stands there: one question at a time, the newest wins."""
        self._asks = True
        try:
            while self._wanted is not None and self._wanted != self._asked:
                self._asked, said = self._wanted, ""
                try:
                    effect: SilenceEffect | None = await self._preview(self._asked)
                except OpsConsoleError as error:
                    effect, said = None, str(error)
                if self._wanted == self._asked:
                    self.effect = effect
                    self._tell(said)
        finally:
            self._asks = False

    def _tell(self, mistake: str) -> None:
        self._said = mistake
        self._show()

    def _show(self) -> None:
        room = max(20, min(self.app.size.width, _WIDE) - 6)
        lines: Sequence[Cell] = ()
        if self._said:
            lines = [cell(self._said, Tone.WARNING)]
        elif self.effect is not None:
            lines = silence_effect.lines(self._shown(), self.effect)
        lead: Cell = (Span(Safe("  ")),)
        flow = [(*lead, *line) for line in flowed(lines, room)]
        if len(flow) > _ROOM - 1:
            flow = [*flow[: _ROOM - 2], cell("  more of it is shown before it is made", Tone.DIM)]
        self.query_one("#effect", Bar).show([(), *flow])

    def _row_of(self, name: str) -> FieldRow:
        return self.query_one(f"#field-{name}", FieldRow)

    def _go(self, place: int) -> None:
        self._place = place
        name = _FIELDS[place]
        self._row_of(name).line.focus()
        self.query_one("#hint", Bar).show((cell(f"  {_HELP[name]}", Tone.DIM),))


def read(typed: Composing) -> Read:
    """Read what was typed; a missing comment is the engine's to refuse, so that the rest is seen already."""
    try:
        matchers = parse_matchers(typed.matchers)
    except QueryError as error:
        return Read(None, "matchers", f"at {error.column + 1}: {error.text}")
    try:
        seconds = read_duration(typed.duration)
    except LineError as error:
        return Read(None, "duration", str(error))
    return Read(SilenceDraft(typed.source, matchers, seconds, typed.comment, typed.id))
