"""Whether the terminal is dark or light: asked with OSC 11, fenced with a question every terminal answers.

Source: XTerm Control Sequences, "Operating System Commands" (OSC 11) and "Send Device Attributes".
"""

import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from typing import Any, Final

_ASK: Final = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR: Final = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_FENCE: Final = re.compile(rb"\x1b\[\?[0-9;]*c")
_WITHIN: Final = 0.2
"""Seconds; a slower answer is dropped by the driver when it comes."""
_LIGHT_COLORFGBG: Final = frozenset(("7", "15"))


class Question:
    """Asks the terminal on descriptors 0 and 2; what is done until the answer is wanted costs no time."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._asked_at = 0.0
        self._saved: list[Any] | None = None
        silent = environ.get("TERM", "") in ("", "dumb", "linux", "vt100")
        if not silent and os.isatty(0) and os.isatty(2):
            self._ask()

    def is_dark(self) -> bool | None:
        """Wait for the answer, not longer than 0.2 s after the question; None when it does not say."""
        answered = read_answer(self._answer()) if self._saved is not None else None
        return answered if answered is not None else _from_environ(self._environ)

    def _ask(self) -> None:
        try:
            saved = termios.tcgetattr(0)
            tty.setcbreak(0, termios.TCSANOW)
            os.write(2, _ASK)
        except (OSError, termios.error):
            return
        self._saved = saved
        self._asked_at = time.monotonic()

    def _answer(self) -> bytes:
        try:
            return _read_until_fence(self._asked_at + _WITHIN)
        except OSError:
            return b""
        finally:
            termios.tcsetattr(0, termios.TCSANOW, self._saved or [])


def read_answer(answer: bytes) -> bool | None:
    """Read an OSC 11 answer: True for a dark colour, None for no colour in it."""
    match = _COLOUR.search(answer)
    if match is None:
        return None
    red, green, blue = (int(part, 16) / ((1 << 4 * len(part)) - 1) for part in match.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5


def _from_environ(environ: Mapping[str, str]) -> bool | None:
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ground not in _LIGHT_COLORFGBG if ground else None


def _read_until_fence(end: float) -> bytes:
    # Before the loop exists and without a Clock: this is the one wait of the program's first moments.
    answer = b""
    while not _FENCE.search(answer) and len(answer) < 4_096:
        # What has come already is read, however long the imports took.
        ready, _, _ = select.select([0], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        answer += os.read(0, 1_024)
    return answer
