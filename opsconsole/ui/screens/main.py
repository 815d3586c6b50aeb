"""The screen behind everything: header, one view, the bottom line; routes keys to commands and back."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from opsconsole.model.selection import Selection
from opsconsole.ui import keymap
from opsconsole.ui.alarms import Alarms
from opsconsole.ui.places import Place
from opsconsole.ui.screens import views
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session
from opsconsole.ui.tiles import NUMBERS
from opsconsole.ui.widgets.bars import Bar, KeyBar
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.notice import Notice
from opsconsole.ui.widgets.prompt import Prompt
from opsconsole.view import header
from opsconsole.view.rows import Tone


class Main(Screen[None]):
    """Owns no data: the session does; draws nothing itself: the view and the bars do."""

    BINDINGS: ClassVar[list[BindingType]] = list(keymap.bindings())
    DEFAULT_CSS = """
    Main { layout: vertical; }
    Main > #header { height: 2; }
    Main > #body { height: 1fr; }
    Main.-asking > #keys { display: none; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.view: View = views.make(session, session.trail.here)
        self.header = Bar(session.look, id="header")
        self.keys = KeyBar(session.look, id="keys")
        self.prompt = Prompt(session.look)
        self.notice = Notice(session.look)
        self._alarms = Alarms()

    def compose(self) -> ComposeResult:
        """Header, body, bottom line."""
        yield self.header
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
        for sentence in self._alarms.heard(self.session.source.snapshot):
            self.say(sentence, Tone.CRITICAL)
            self.app.bell()
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
            filter=session.options(self.view.where).filter.source,
            layout=session.layout_name,
            link=session.source.link,
            paused_at=session.now if session.frozen is not None else None,
        )
        options = session.options("header")
        self.header.show(header.lines(session.snapshot, session.now, width, frame, options))
        self.view.update()
        self.show_keys()

    def repaint(self) -> None:
        """Paint everything again in other colours."""
        if self.is_mounted:
            self.view.repaint()
            self.refresh()
            for bar in self.query(Bar):
                bar.refresh()

    def say(self, text: str, tone: Tone = Tone.NORMAL) -> None:
        """Tell the person something for a few seconds."""
        self.notice.say(text, tone)

    def show_keys(self) -> None:
        """Show the keys that do something here and now."""
        self.keys.show_keys(keymap.footer(self.where, self.keys_in_force, lambda _: ""))

    # -- where one is

    async def go(self, place: Place) -> None:
        """Go to a place; it is remembered for `H`."""
        await self._open(self.session.trail.go(place))

    async def turn(self, place: Place | None) -> None:
        """Show a place of the trail; None: there is none."""
        if place is not None:
            await self._open(place)

    async def _open(self, place: Place) -> None:
        if place == self.view.place:
            return
        old, self.view = self.view, views.make(self.session, place)
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
            searching=isinstance(view.pane, LogView) and bool(view.pane.needle),
            live=self.session.source.link == "attached",
        )

    @property
    def keys_in_force(self) -> Mapping[str, str]:
        """Binding ids to the keys that reach them now."""
        return keymap.in_force(self.active_bindings)

    # -- commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a key alone where its command has nothing to act on; a refused one tells why."""
        if action != "command":
            return True
        if self.prompt.is_open:
            return False
        return keymap.applies(str(parameters[0]), self.where)

    def action_command(self, command: str) -> None:
        """Do what a key stands for."""
        self.do(command, "")

    def do(self, command: str, line: str) -> None:
        """Do a command, by its id, with what was typed behind it."""
        del line
        self.say(command)
        self.do_pane(command)

    def do_pane(self, command: str) -> None:
        kind, _, what = command.partition(".")
        if kind == "pane" and what.isdigit():
            names = {n: name for name, n in NUMBERS.items()}
            self.view.focus_pane(names[what], again_zooms=True)
