"""The way into the screen: a guard outside, then theme and signs for this terminal, then the console."""

import codecs
import gc
import locale
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from opsconsole.ui.guard import guarded

FRAMES: Final = "250"
"""Paints a second at most: the screen library lets a key wait for a whole frame, however idle it is, and
changes of data come ten times a second anyhow."""

if TYPE_CHECKING:
    from opsconsole.ui.console import Console
    from opsconsole.ui.source import Source


def run(
    connect: "Callable[[], Source]",
    *,
    ascii: bool = False,
    theme: str | None = None,
    mouse: bool = True,
    examine: "Callable[[], Sequence[str]] | None" = None,
) -> int:
    """Open the console on this terminal and return its exit code.

    Args:
        connect: Makes the client of an engine; called before the first paint, started after it.
        ascii: Draw with ASCII signs only; also chosen where the locale is not UTF-8.
        theme: A theme's name, instead of what was chosen before or fits the terminal.
        mouse: Whether to take the mouse.
        examine: Writes what `doctor` finds, for `:doctor`; called on a thread.
    """

    def screen(lifeline: int) -> int:
        console = _make(connect, lifeline, ascii=ascii or not speaks_utf8(), theme=theme)
        console.examine = examine
        console.run(mouse=mouse)
        if console.crash:
            sys.stderr.write(f"the screen broke, the engine goes on:\n{console.crash}\n")
        return console.return_code or 0

    return guarded(screen)


def speaks_utf8() -> bool:
    """Tell whether what is written to the terminal is UTF-8."""
    encoding = getattr(sys.__stderr__, "encoding", None) or locale.getpreferredencoding(
        do_setlocale=False
    )
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _make(
    connect: "Callable[[], Source]", lifeline: int, *, ascii: bool, theme: str | None
) -> "Console":
    # The screen library is imported here, in the guarded child, so that the guard stays small.
    os.environ.setdefault("TEXTUAL_FPS", FRAMES)
    gc.disable()  # until the first paint: a tenth of the start is spent looking for garbage that is not there
    from opsconsole.ui.background import Question

    question = Question()  # the terminal answers while the libraries load
    from opsconsole.clock import SystemClock
    from opsconsole.ui.console import Console
    from opsconsole.ui.frames import ASCII, UNICODE
    from opsconsole.ui.look import Look
    from opsconsole.ui.prefs import prefs_file, read_prefs
    from opsconsole.ui.themes import choose, colour_system, theme_folders

    themes = theme_folders(memo=prefs_file().with_name("theme.json"))
    name = choose(
        theme or read_prefs(prefs_file()).theme,
        no_color=bool(os.environ.get("NO_COLOR")),
        color_system=colour_system(),
        dark=question.is_dark(),
    )
    look = Look(themes.load(name), ASCII if ascii else UNICODE, SystemClock())
    return Console(connect, look, themes, memory=prefs_file(), lifeline=lifeline)
