"""The cursor as the terminal sees it: a key counts as answered when it stands on another line."""

import re
import time

from benchmarks.terminal import Terminal

GAP = 0.05
"""Seconds between two keys: a hand that holds one down is faster."""
_LONGEST = 5.0
_MARKS = re.compile(rb"\x1b\[(\d+);\d+H|(\xe2\x95\x94)|(\xe2\x95\x9a)|(\xe2\x96\xb8)")
"""A move to a line; the upper and the lower corner of the focused pane (╔ ╚); a cursor (▸)."""
_CUT = 16
"""Bytes at the end of a read that may be the beginning of a mark."""
_STEPS = 8
"""Lines that the cursor goes down before it comes up again: they lie in sight on every pane."""


class Cursor:
    """Presses `j` and `k` in the focused pane, and keeps what was read meanwhile.

    Every pane shows a cursor, and all of them are painted anew as hosts change: only the one between the
    corners of the focused frame counts. It turns where it is seen to stand, for a key at the end of a list
    moves nothing and would seem to have had no answer.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._painting = 0
        self._top, self._bottom = 0, 1 << 16
        self._line = self._first = 0
        self._is_going_down = True
        self._rest = b""
        self.read = b""
        """What came since the last key was pressed."""

    def focus(self, key: bytes) -> bool:
        """Press the key of a pane, and tell whether its cursor came into sight."""
        self._line = self._first = 0
        self._terminal.press(key)
        self._watch(_LONGEST, here=0)
        self._first = self._line
        return self._line > 0

    def press(self) -> float:
        """Wait a moment, press a key, and give the seconds until the cursor stood on another line."""
        self.read = b""
        self._watch(GAP, here=-1)
        before = self._line
        if self._line <= self._first:
            self._is_going_down = True
        elif self._line >= self._first + _STEPS:
            self._is_going_down = False
        began = time.perf_counter()
        self._terminal.press(b"j" if self._is_going_down else b"k")
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
        """Find the line on which the focused pane's cursor was painted last."""
        text, at = self._rest + data, 0
        for mark in _MARKS.finditer(text):
            move, upper, lower, cursor = mark.groups()
            at = mark.end()
            if move:
                self._painting = int(move)
            elif upper:
                self._top, self._bottom = self._painting, 1 << 16
            elif lower:
                self._bottom = self._painting
            elif cursor and self._top < self._painting < self._bottom:
                self._line = self._painting
        self._rest = text[max(at, len(text) - _CUT) :]
