"""The cursor as the terminal sees it: a key counts as answered when it stands on another line."""

import re
import time

from benchmarks.terminal import Terminal

GAP = 0.05
"""Seconds between two keys: a hand that holds one down is faster."""
_LONGEST = 5.0
_MOVE = re.compile(rb"\x1b\[(\d+);\d+H")
_SIGN = "▸".encode()
_STEPS = 8
"""Lines that the cursor goes down before it comes up again: they lie in sight on every pane."""


class Cursor:
    """Presses `j` and `k`, and keeps what was read meanwhile."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._line = 0
        self._pressed = 0
        self._tail = b""
        self.read = b""
        """What came since the last key was pressed."""

    def press(self) -> float:
        """Wait a moment, press a key, and give the seconds until the cursor stood on another line."""
        self.read = b""
        self._watch(GAP, here=-1)
        before = self._line
        began = time.perf_counter()
        self._terminal.press(b"j" if self._pressed % (2 * _STEPS) < _STEPS else b"k")
        self._pressed += 1
        self._watch(_LONGEST, here=before)
        return time.perf_counter() - began

    def _watch(self, seconds: float, here: int) -> None:
        """Read for so long, or until the cursor leaves a line; -1: for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            data = self._terminal.read(left)
            self.read += data
            self._follow(data)
            if here >= 0 and self._line != here:
                return

    def _follow(self, data: bytes) -> None:
        """Find the last line on which the cursor was painted."""
        text = self._tail + data
        at = text.rfind(_SIGN)
        if at >= 0:
            moves = list(_MOVE.finditer(text, 0, at))
            if moves:
                self._line = int(moves[-1].group(1))
        # A sign whose line was told in an earlier piece keeps it in reach.
        self._tail = text[-2_048:] if at < 0 else text[at + len(_SIGN) :][-2_048:]
