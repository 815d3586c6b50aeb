"""The screen behind everything: header, one view, the bottom line; routes keys to commands and back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from opsconsole.commands.line import Invocation
from opsconsole.commands.registry import BY_ID
from opsconsole.errors import OpsConsoleError
from opsconsole.model.moment import Moment
from opsconsole.model.selection import Selection
from opsconsole.ui import keymap, verbs
from opsconsole.ui.alarms import Alarms
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.places import HOME, Place
from opsconsole.ui.screens import views
from opsconsole.ui.screens.view import Standing, View
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.bars import Bar, KeyBar
from opsconsole.ui.widgets.line_input import LineInput
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.notice import Notice
from opsconsole.ui.widgets.prompt import Complete, Prompt
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import header
from opsconsole.view.rows import Cell, Tone

_BANNERS: Final = 2
"""Sentences that may stand under the header; the worst come first."""


class Main(Screen[None], inherit_bindings=False):
    """Owns no data: the session does; draws nothing itself: the view and the bars do."""

    BINDINGS: ClassVar[list[BindingType]] = list(keymap.bindings())
    DEFAULT_CSS = """
    Main { layout: vertical; }
    Main > #header { height: 2; }
    Main > #banners { height: 0; }
    Main > #body { height: 1fr; }
    Main.-asking > #keys { display: none; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.view: View = views.make(session, session.trail.here)
        self.header = Bar(session.look, id="header")
        self.banners = Bar(session.look, id="banners")
        self.keys = KeyBar(session.look, id="keys")
        self.prompt = Prompt(session.look)
        self.notice = Notice(session.look)
        self._left: Mapping[Place, Standing] = {}
        self._alarms = Alarms()
        self._answer: asyncio.Future[str | None] | None = None
        self._heard: Callable[[str], None] | None = None

    def compose(self) -> ComposeResult:
        """Header, body, bottom line."""
        yield self.header
        yield self.banners
        yield Container(self.view, id="body")
        yield self.prompt
        yield self.keys
        yield self.notice

    # -- showing

    def on_mount(self) -> None:
        """Paint the frame before anything is known."""
        self.update()

    def on_resize(self) -> None:
        """Fit header and keys."""
        self.call_after_refresh(self.update)

    def source_changed(self) -> None:
        """Show what the engine told; a stopped screen only tells that it is stopped."""
        source = self.session.source
        for sentence in self._alarms.heard(source.snapshot, source.actor):
            self.say(sentence, Tone.CRITICAL)
            self.app.bell()
            if source.snapshot.engine.desktop:
                console_of(self).notify_desktop(sentence)
        self.update()

    def tick(self) -> None:
        """Let ages grow, and follow what drill-downs read by themselves."""
        self.view.tick()
        self.update()

    def update(self) -> None:
        """Show everything as the session knows it now."""
        if not self.is_mounted or not self.view.is_mounted:
            return
        session, width = self.session, self.size.width
        frame = header.Frame(
            crumbs=self.view.crumbs,
            filter=session.options(self.view.focused_id).filter.source,
            layout=session.layout_name,
            link=session.source.link,
            paused_at=session.now if session.frozen is not None else None,
            past=session.past,
        )
        options = session.options("header")
        self.header.show(header.lines(session.snapshot, session.now, width, frame, options))
        sentences = header.banners(session.snapshot, session.now, options)[:_BANNERS]
        if session.past is not None:
            past = header.past_line(session.past, session.source.now(), width, options)
            sentences = (past, *sentences)
        self._show_banners(sentences)
        self.view.update()
        self.show_keys()

    def _show_banners(self, sentences: Sequence[Cell]) -> None:
        if len(sentences) != len(self.banners.lines):
            self.banners.styles.height = len(sentences)
        self.banners.show(sentences)

    def repaint(self) -> None:
        """Paint everything again in other colours."""
        if self.is_mounted:
            self.view.repaint()
            self.refresh()
            for bar in self.query(Bar):
                bar.refresh()

    def say(self, text: str, tone: Tone = Tone.NORMAL, *, passing: bool = False) -> None:
        """Tell the person something for a few seconds; passing: why a key does nothing, the last one alone."""
        self.notice.say(text, tone, passing=passing)

    def show_keys(self) -> None:
        """Show the keys that do something here and now."""
        session = self.session
        self.keys.show_keys(keymap.bottom_line(session.snapshot, self.where, session.now))

    def text(self) -> str:
        """Write what stands on the screen as plain lines."""
        shown = (
            self.header,
            self.banners,
            *(self.view.panes[name] for name in self.view.shown),
            self.keys,
        )
        rows = [[" "] * self.size.width for _ in range(self.size.height)]
        for widget in shown:
            for y in range(widget.region.height):
                text = widget.render_line(y).text
                row = rows[widget.region.y + y]
                row[widget.region.x : widget.region.x + len(text)] = text
        return "\n".join("".join(row).rstrip() for row in rows)

    # -- where one is

    async def go(self, place: Place) -> None:
        """Go to a place; it is remembered for `H`."""
        await self._open(self.session.trail.go(place))

    async def turn(self, place: Place | None) -> None:
        """Show a place of the trail; None: there is none."""
        if place is not None:
            await self._open(place)

    async def show_moment(self, moment: Moment | None) -> None:
        """Show a board of before, or (None) now, in the view that is open; one that only knows now is left."""
        if moment is None:
            self.session.go_live()
        else:
            self.session.rewind(moment)
        if moment is not None and self.view.place.kind not in views.OF_ALL_TIMES:
            await self.go(HOME)
        elif self.view.place != HOME:  # its panes and what it asked for are of another time
            await self._mount(self.view.place)
        self.update()

    async def _open(self, place: Place) -> None:
        if place == self.view.place:
            return
        if self.session.past is not None and place.kind not in views.OF_ALL_TIMES:
            self.session.go_live()
            self.say(f"{place.kind} is known of now: live again")
        await self._mount(place)

    async def _mount(self, place: Place) -> None:
        old, self.view = self.view, views.make(self.session, place)
        left = {**self._left, old.place: old.standing()}
        self._left = {each: left[each] for each in self.session.trail.visited if each in left}
        if place in self._left:
            self.view.resume(self._left[place])
        await self.query_one("#body", Container).mount(self.view)
        await old.remove()
        self.update()

    @property
    def where(self) -> Selection:
        """What a command would act on here."""
        view = self.view
        return Selection(
            where=view.where,
            key=view.subject or "",
            marks=view.marks,
            me=self.session.source.actor,
            folds=view.folds,
            searching=isinstance(view.pane, LogView) and bool(view.pane.needle),
            live=self.session.source.link == "attached",
            past=self.session.past is not None,
        )

    def on_row_table_cursor_moved(self, message: RowTable.CursorMoved) -> None:
        """Let Peek and the bottom line follow the cursor."""
        del message
        self.view.cursor_moved()
        self.show_keys()

    async def on_row_table_row_chosen(self, message: RowTable.RowChosen) -> None:
        """Open what the row stands for; an action's row runs it."""
        if message.key.startswith("action:"):
            self.do(Invocation(BY_ID["act.run"], {"action": message.key.removeprefix("action:")}))
            return
        if message.key.startswith(("silence:", "window:")):
            self.do(Invocation(BY_ID["fire.mute"], {}))
            return
        place = self.view.place_of(message.key)
        if place is not None:
            await self.go(place)

    def on_descendant_focus(self) -> None:
        """Other keys work in another pane."""
        self.call_after_refresh(self.show_keys)

    # -- commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a key alone where its command has no meaning; where it is refused, it tells why."""
        if action != "command":
            return True
        return not self.prompt.is_open and keymap.takes(str(parameters[0]), self.where)

    async def action_command(self, command: str) -> None:
        """Do what a key stands for."""
        self.do(Invocation(BY_ID[command], {}))
        # The command's task takes its first step here, so that a prompt is open before the next key.
        await asyncio.sleep(0)

    def do(self, wanted: Invocation) -> None:
        """Do a command, or say why not."""
        command, where = wanted.command, self.where
        if wanted.arguments.get("run") in self.session.snapshot.runs:
            where = replace(where, key=f"run:{wanted.arguments['run']}", marks=())
        refusal = command.disabled_reason(self.session.snapshot, where, self.session.now)
        handler = verbs.find(command.id)
        if refusal or handler is None:
            said = refusal or f"{command.title} is not there yet"
            self.say(said, Tone.WARNING, passing=True)
        else:
            self.run_worker(self._try(handler(self, wanted)), name=command.id, group="command")

    async def _try(self, deed: Awaitable[None]) -> None:
        try:
            await deed
        except OpsConsoleError as error:
            self.say(str(error), Tone.WARNING)
        self.update()

    # -- asking

    async def ask(
        self,
        kind: str,
        label: str,
        *,
        value: str = "",
        complete: Complete | None = None,
        heard: Callable[[str], None] | None = None,
        mistake: str = "",
    ) -> str | None:
        """Ask one line at the bottom; None when it was given up. `heard` is told each change."""
        if self._answer is not None:
            return None
        self._answer, self._heard = asyncio.get_running_loop().create_future(), heard
        self.add_class("-asking")
        self.prompt.ask(kind, label, value, complete)
        if mistake:
            self.prompt.tell(mistake)
            # The pane is given the focus a moment after a prompt closed: asked again, the line has it last.
            self.prompt.query_one(LineInput).focus()
        try:
            return await self._answer
        finally:
            self._answer = self._heard = None
            self.prompt.close()
            self.remove_class("-asking")
            self.view.pane.focus()

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Tell who listens."""
        if self._heard is not None:
            self._heard(message.value)

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        """Hand the answer over."""
        self._answered(message.value)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Hand over that there is none."""
        del message
        self._answered(None)

    def _answered(self, value: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(value)

    def ask_to_quit(self) -> None:
        """Ask whether to leave, as the command does."""
        self.do(Invocation(BY_ID["app.detach"], {}))
