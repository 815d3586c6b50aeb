"""What a run's targets say: a bounded ring of cleaned lines with a growing cursor, read by many."""

import asyncio
import re
from collections import deque
from typing import Final

from opsconsole.clock import Clock
from opsconsole.model.run import OutputLine
from opsconsole.model.text import MESSAGE_LIMIT, Safe, clean

LINES_KEPT: Final = 20_000
CHARACTERS_KEPT: Final = 8 << 20
WAIT_LIMIT: Final = 30.0
_PARTIAL_LIMIT: Final = 64 * 1024
_COLOUR: Final = re.compile(rb"\x1b\[[0-9;:]{0,40}m")


class OutputRing:
    """One run's lines; the oldest fall out, the files keep them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: deque[OutputLine] = deque()
        self.characters = 0
        """Of all lines that are kept."""
        self._cursor = 0
        self._bell = asyncio.Event()
        self.over = False

    def say(self, target: str, step: str, stream: str, text: str | bytes) -> OutputLine:
        """Add one line; it is cleaned here."""
        self._cursor += 1
        line = OutputLine(self._cursor, self._clock.now(), target, step, stream, shown(text))
        self._lines.append(line)
        self.characters += len(line.text)
        while len(self._lines) > LINES_KEPT or self.characters > CHARACTERS_KEPT:
            self.characters -= len(self._lines.popleft().text)
        self._ring()
        return line

    def close(self) -> None:
        """Tell readers that nothing more comes."""
        self.over = True
        self._ring()

    def read(self, after: int, limit: int, target: str = "") -> tuple[tuple[OutputLine, ...], int]:
        """Give up to `limit` lines behind a cursor, and how many fell out before they were read."""
        first = self._lines[0].cursor if self._lines else self._cursor + 1
        start = max(0, after + 1 - first)
        found: list[OutputLine] = []
        for index in range(start, len(self._lines)):
            line = self._lines[index]
            if not target or line.target == target:
                found.append(line)
            if len(found) >= limit:
                break
        return tuple(found), max(0, first - 1 - after)

    async def wait(self, after: int, seconds: float) -> None:
        """Wait until there is a line behind a cursor, or nothing more comes, or the time is over."""
        bell = self._bell
        if self.over or self._cursor > after or seconds <= 0:
            return
        try:
            async with asyncio.timeout(min(seconds, WAIT_LIMIT)):
                await bell.wait()
        except TimeoutError:
            return

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()


def shown(text: str | bytes) -> Safe:
    """Make a line safe to show."""
    return clean(text, MESSAGE_LIMIT)


class LineCutter:
    """Cuts one stream's chunks into lines; colours are dropped, every other control is shown."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk, give the lines it completes."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        if len(rest) > _PARTIAL_LIMIT:
            lines.append(rest)
            rest = b""
        self._rest = rest
        return [_tidy(line) for line in lines]

    def end(self) -> list[bytes]:
        """Give what is left without a line end."""
        rest, self._rest = self._rest, b""
        return [_tidy(rest)] if rest else []


def _tidy(line: bytes) -> bytes:
    return _COLOUR.sub(b"", line[: MESSAGE_LIMIT * 4]).rstrip(b"\r")
