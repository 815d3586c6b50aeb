"""The application: joins a source, a theme and the main screen, and owns everything about the terminal."""

import asyncio
import gc
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from opsconsole.commands.keymap import shown_key
from opsconsole.errors import ConfigError
from opsconsole.model import delta
from opsconsole.model.snapshot import EngineInfo, Snapshot
from opsconsole.model.text import MESSAGE_LIMIT, clean
from opsconsole.ui import clipboard, desktop, keymap, verbs
from opsconsole.ui.aside import run_aside
from opsconsole.ui.driver import ConsoleDriver
from opsconsole.ui.leaving import Leaving
from opsconsole.ui.look import Look
from opsconsole.ui.prefs import (
    Prefs,
    note_leaving,
    prefs_file,
    read_prefs,
    save_text,
    write_prefs,
)
from opsconsole.ui.screens import views
from opsconsole.ui.screens.dialog import Dialog
from opsconsole.ui.screens.main import Main
from opsconsole.ui.session import Session
from opsconsole.ui.source import Source
from opsconsole.ui.themes import ThemeFolder, to_textual

FRAME: Final = 0.1
"""Seconds between two looks at the source: at most ten paints a second."""
TICK: Final = 1.0
CALM: Final = 20.0
"""Seconds without a key after which only every second tick is drawn: a screen nobody touches costs half."""


class Console(App[None]):
    """One console on one engine."""

    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    TITLE = "opsconsole"
    CSS = """
    Main { background: $background; color: $foreground; layers: base notice; }
    Dialog { background: transparent; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # Textual quits on ctrl+q without a question, and tells how to quit on ctrl+c.
        Binding("ctrl+q", "ask_to_quit", "quit", show=False, priority=True),
        Binding("ctrl+c", "no_quit", "cancel", show=False),
    ]

    def __init__(
        self,
        connect: Callable[[], Source],
        look: Look,
        themes: ThemeFolder,
        *,
        memory: Path | None = None,
        lifeline: int = -1,
        driver: type[Driver] | None = ConsoleDriver,
    ) -> None:
        super().__init__(driver_class=driver)
        # Under NO_COLOR Textual paints shades of grey, and a terminal's own colour black; ours are taken out.
        self._filters = [NoColor() if isinstance(f, Monochrome) else f for f in self._filters]
        self.look = look
        self.themes = themes
        self.session = Session(connect(), look, Prefs() if memory is None else read_prefs(memory))
        self.main = Main(self.session)
        self.crash = ""
        """What to tell after the terminal is back, if the screen broke."""
        self.examine: Callable[[], Sequence[str]] | None = None
        """What `doctor` prints, line by line; None where there is no such program."""
        self._memory = memory
        self._shown = ("", Snapshot())
        self._theme_stamp = themes.stamp(look.palette.name)
        self._leaving = Leaving(self._leave, lifeline)
        self._adopted = EngineInfo()
        self._greeted = False
        self._ticks = 0
        self._pressed_at = look.clock.monotonic()
        self._begin_in_theme()

    def get_default_screen(self) -> Screen[Any]:
        """Give the one screen; dialogs stand in front of it."""
        return self.main

    def on_mount(self) -> None:
        """Paint first; the engine is looked for after the first frame."""
        self._leaving.listen()
        self.app_resume_signal.subscribe(self, lambda _: self.draw_again())
        self.set_interval(TICK, self._tick, name="tick")
        self.call_after_refresh(self._begin)

    async def on_unmount(self) -> None:
        """Detach and hear no more signals; when that was is remembered, for `:away`."""
        self._leaving.stop()
        if self._memory is not None and self.session.source.snapshot.revision:
            note_leaving(self._memory, self.session.source.now())
        await self.session.source.close()

    async def on_event(self, event: events.Event) -> None:
        """Take keys one after the other, and drop those that a dialog must not take."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._pressed_at = self.look.clock.monotonic()
            screen = self.screen if self._screen_stack else None
            if isinstance(screen, Dialog) and not screen.accepts(event):
                return
            if isinstance(event, events.Key) and await self._does_command(event):
                return
            if isinstance(event, events.Key) and self._means_nothing(event):
                self.main.say(
                    f"{_key_word(event)} does nothing here; ? lists the keys", passing=True
                )
        await super().on_event(event)

    def _means_nothing(self, event: events.Key) -> bool:
        typed = event.is_printable and not isinstance(self.focused, Input)
        return typed and self.screen is self.main

    async def _does_command(self, event: events.Key) -> bool:
        # Textual lets a key bubble through four queues before its binding is looked up; the next key is
        # on its way by then, and would mean something else if this one opened a prompt.
        if isinstance(self.focused, Input):
            return False
        return await self._check_bindings(event.key, priority=True) or await self._check_bindings(
            event.key
        )

    # -- the source

    def _begin(self) -> None:
        # What is there now stays: it need not be looked at for garbage ever again.
        gc.freeze()
        gc.enable()
        self.run_worker(asyncio.to_thread(_load_the_rest), name="load the rest")
        self.run_worker(self._follow(), name="follow the engine", group="source")

    async def _follow(self) -> None:
        self.session.source.start()
        while True:
            await self.session.source.wait_change()
            if self._has_news():
                self._adopt(self.session.source.snapshot.engine)
                self.main.source_changed()
                self._greet()
            await self.look.clock.sleep(FRAME)

    def _greet(self) -> None:
        """Tell once, on the first look, what happened since the console last went."""
        if self._greeted or not self.session.source.snapshot.revision:
            return
        self._greeted = True
        if self.session.was_away:
            self.run_worker(self._tell_away(), name="while you were away")

    async def _tell_away(self) -> None:
        from opsconsole.ui.verbs.overlooking import tell_away

        await tell_away(self.main)

    def _has_news(self) -> bool:
        """Tell whether there is more to show than a later time, which the ticks show."""
        source, (link, shown) = self.session.source, self._shown
        self._shown = (source.link, source.snapshot)
        return link != source.link or not delta.only_time_passed(shown, source.snapshot)

    def _adopt(self, engine: EngineInfo) -> None:
        """Take keys and theme that the configuration names; a theme somebody chose here stays."""
        before, self._adopted = self._adopted, engine
        if engine.keymap != before.keymap:
            self.set_keymap(keymap.changed_keys(engine.keymap))
            if wrong := keymap.mistakes(engine.keymap):
                self.main.say("; ".join(wrong))
        wanted = engine.theme if engine.theme != before.theme else ""
        if wanted and self.session.prefs.theme is None and not os.environ.get("NO_COLOR"):
            try:
                self.wear(wanted)
            except ConfigError as error:
                self.main.say(f"theme kept as it was: {error}")

    def _tick(self) -> None:
        self._ticks += 1
        calm = self.look.clock.monotonic() - self._pressed_at > CALM
        if calm and self._ticks % 2:
            return
        self._reload_theme()
        self.main.tick()

    # -- themes

    def wear(self, name: str) -> None:
        """Put another theme on.

        Raises:
            ConfigError: There is none of that name, or its file has mistakes.
        """
        self.look.palette = self.themes.load(name)
        self._theme_stamp = self.themes.stamp(name)
        self._wear_theme()

    def _begin_in_theme(self) -> None:
        # A theme that is put on later has the style sheet read twice before the first frame.
        theme = to_textual(self.look.palette)
        self.register_theme(theme)
        self.set_reactive(App.theme, theme.name)
        self.set_class(theme.dark, "-dark-mode", update=False)
        self.set_class(not theme.dark, "-light-mode", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def _wear_theme(self) -> None:
        theme = to_textual(self.look.palette)
        self.register_theme(theme)
        if self.theme == theme.name:
            self.refresh_css(animate=False)
        self.theme = theme.name
        self.main.repaint()

    def _reload_theme(self) -> None:
        name = self.look.palette.name
        stamp = self.themes.stamp(name)
        if stamp in (0.0, self._theme_stamp):
            return
        self._theme_stamp = stamp
        try:
            self.wear(name)
        except ConfigError as error:
            self.main.say(f"theme kept as it was: {error}")

    def save_prefs(self) -> None:
        """Write what is remembered between sessions."""
        why = "" if self._memory is None else write_prefs(self._memory, self.session.prefs)
        if why:
            self.main.say(why)

    def save_text(self, kind: str, text: str, ending: str = "txt") -> str:
        """Write a text to a file beside what is remembered; a sentence says where, or why not."""
        folder = (self._memory or prefs_file()).parent / "saved"
        return save_text(folder, kind, text, self.look.clock.now(), ending)

    # -- the terminal

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by OSC 52, cleaned and bounded, through tmux too."""
        if self._driver is not None:
            self._driver.write(clipboard.sequence(text, os.environ))

    def notify_desktop(self, text: str) -> None:
        """Ask the terminal for a notification, where it is known to take one."""
        if self._driver is not None and (told := desktop.sequence("opsconsole", text, os.environ)):
            self._driver.write(told)

    def set_mouse(self, *, on: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        if isinstance(self._driver, ConsoleDriver):
            self._driver.set_mouse(on=on)

    def draw_again(self) -> None:
        """Paint the whole terminal: somebody else had it."""
        self.refresh(layout=True)
        self.main.repaint()

    async def step_aside(self, argv: Sequence[str]) -> int:
        """Give the terminal to a program until it ends; nothing is painted meanwhile. Its exit code."""
        self._leaving.aside = True
        try:
            with self.batch_update(), self.suspend():
                code = await run_aside(argv)
        finally:
            self._leaving.aside = False
        self.draw_again()
        return code

    def action_no_quit(self) -> None:
        """Never quit on ctrl+c; it cancels what is being typed."""
        self.main.say("q goes back, :q leaves; ctrl+c never does")

    def action_ask_to_quit(self) -> None:
        """Ask before leaving."""
        if not isinstance(self.screen, Dialog):
            self.main.ask_to_quit()

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)

    def _fatal_error(self) -> None:
        # Textual would print every local variable; ours may hold a secret or a hostile string.
        self.crash = clean(traceback.format_exc(), MESSAGE_LIMIT, multiline=True)
        self.exit(return_code=1)


def _key_word(event: events.Key) -> str:
    """Write a key as it was typed; one that would not be seen, by its name."""
    typed = event.character or ""
    return typed if typed.strip() else shown_key(event.key)


def _load_the_rest() -> None:
    """Load what the first paint did not need, before a key asks for it."""
    verbs.load()
    views.load()
