"""What verbs need of the application itself, without knowing the application."""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from textual.screen import Screen

from opsconsole.ui.themes import ThemeFolder


class ConsoleCalls(Protocol):
    """The terminal, the themes and the memory: what only the application has."""

    themes: ThemeFolder
    examine: Callable[[], Sequence[str]] | None
    """Looks at everything the console leans on, which takes a while; None: nobody can here."""

    def wear(self, name: str) -> None:
        """Put another theme on."""
        ...

    def save_prefs(self) -> None:
        """Write what is remembered."""
        ...

    def save_text(self, kind: str, text: str, ending: str = "txt") -> str:
        """Write a text to a new file; a sentence says where, or why not."""
        ...

    def notify_desktop(self, text: str) -> None:
        """Ask the terminal for a notification, where it is known to take one."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by OSC 52."""
        ...

    def set_mouse(self, *, on: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        ...

    async def step_aside(self, argv: tuple[str, ...]) -> int:
        """Give the terminal to a program until it ends."""
        ...


def console_of(screen: Screen[None]) -> ConsoleCalls:
    """Give the application a screen runs in."""
    return cast(ConsoleCalls, screen.app)
