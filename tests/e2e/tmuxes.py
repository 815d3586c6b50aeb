"""A person at a terminal: keys go into a tmux of our own, and what stands on the screen is read back."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tests.program import Program
from tests.realsshd import need

_CONFIG = """
set -g status off
set -g default-terminal tmux-256color
set -g remain-on-exit on
set -sg escape-time 0
"""
_WAIT = 40.0
_AGAIN = 4.0


class Tmux:
    """One program in one pane of one server with its own socket."""

    def __init__(
        self, program: Program, command: Sequence[str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self._tmux = need("tmux", "tmux")
        self._socket = program.folder / "tmux.sock"
        self._config = program.folder / "tmux.conf"
        self._environ = {**program.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        self._command = command
        self._size = size

    def __enter__(self) -> Self:
        self._config.write_text(_CONFIG)
        width, height = self._size
        self._ask("new-session", "-d", "-x", str(width), "-y", str(height), *self._command)
        return self

    def __exit__(self, *_args: object) -> None:
        self._ask("kill-server", check=False)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a dropped login does."""
        self._ask("kill-server")

    @property
    def pid(self) -> int:
        """The process in the pane."""
        return int(self._ask("display-message", "-p", "#{pane_pid}"))

    def screen(self) -> str:
        """What stands on the screen."""
        return self._ask("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys by their names: `Enter`, `Escape`, `r`."""
        self._ask("send-keys", *keys)

    def line(self, sign: str, text: str) -> None:
        """Open a line at the foot of the screen with its sign, `:` or `/`, fill it and send it off."""
        self.press_until(sign, f"\n{sign}")
        self._ask("send-keys", "-l", text)
        self.wait(text)
        self.press("Enter")

    def wait(self, *words: str, without: str = "", within: float = _WAIT) -> str:
        """Look until all these words stand there, and those do not; give the screen."""

        def is_there(screen: str) -> bool:
            return all(word in screen for word in words) and not (without and without in screen)

        return self.look(is_there, f"{words} without {without!r}", within)

    def look(self, wanted: Callable[[str], bool], what: str, within: float = _WAIT) -> str:
        """Look until the screen is as wanted."""
        give_up = time.monotonic() + within
        while not wanted(screen := self.screen()):
            if time.monotonic() > give_up:
                raise AssertionError(f"waited for {what}, and saw:\n{screen}")
            time.sleep(0.1)  # another process has to paint
        return screen

    def fill(self, text: str) -> str:
        """Type into the field that has the focus, from its beginning again until all of it stands there."""

        def typed() -> str:
            self._ask("send-keys", "-l", text)
            return self.wait(text, within=_AGAIN)

        return self._until(typed, lambda: self.press("C-u"))

    def answer(self, text: str, *words: str) -> str:
        """Type what a question wants to be typed and send it off, again until these words stand there."""

        def answered() -> str:
            self.press(text)
            self.look(lambda screen: _stands_alone(text, screen), f"{text!r} alone", _AGAIN)
            self.press("Enter")
            return self.wait(*words, within=_AGAIN)

        return self._until(answered, lambda: self.press("C-u"))

    def press_until(self, key: str, *words: str) -> str:
        """Press a key, and again if nothing came of it: a dialog takes none before a person could have read it."""

        def pressed() -> str:
            self.press(key)
            return self.wait(*words, within=_AGAIN)

        return self._until(pressed)

    def _until(self, attempt: Callable[[], str], between: Callable[[], None] = lambda: None) -> str:
        give_up = time.monotonic() + _WAIT
        while True:
            try:
                return attempt()
            except AssertionError:
                if time.monotonic() > give_up:
                    raise
                between()

    def _ask(self, *arguments: str, check: bool = True) -> str:
        line = [self._tmux, "-S", str(self._socket), "-f", str(self._config), *arguments]
        answer = subprocess.run(
            line, env=self._environ, capture_output=True, text=True, timeout=20,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if check:
            assert answer.returncode == 0, answer.stderr
        return answer.stdout


def _stands_alone(text: str, screen: str) -> bool:
    return any(row.strip(" ║│") == text for row in screen.splitlines())


def descendants(pid: int) -> list[int]:
    """Give the processes below one, and itself last."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        words = []
    return [*(below for word in words for below in descendants(int(word))), pid]
