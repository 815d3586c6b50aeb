"""The real program on a pseudo-terminal that we read, resize, or leave unread."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pyte

from tests.e2e.tmuxes import descendants
from tests.program import Program

_WITHIN = 40.0


class Pty:
    """A terminal whose other end is in our hands."""

    def __init__(self, program: Program, *arguments: str, **environ: str) -> None:
        self.raw = b""
        self.code: int | None = None
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self._command = [sys.executable, "-m", "opsconsole", *arguments]
        usual = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._environ = {**program.environ, **usual, **environ}

    def __enter__(self) -> Self:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(self._command[0], self._command, self._environ)
        self.resize(80, 24)
        return self

    def __exit__(self, *_args: object) -> None:
        for pid in [] if self.has_ended() else descendants(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.code is None:
            os.waitpid(self.pid, 0)
        os.close(self._master)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    @property
    def unread(self) -> int:
        """Bytes the program has written and we have not read."""
        return int.from_bytes(fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4), sys.byteorder)

    @property
    def memory(self) -> int:
        """Resident bytes of all its processes."""
        pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in descendants(self.pid)]
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def write(self, data: bytes) -> None:
        """Type; while the program does not read as fast as we type, read what it says."""
        while data:
            readable, writable, _ = select.select([self._master], [self._master], [], _WITHIN)
            assert readable or writable, "the program neither reads nor writes"
            if readable:
                self._read()
            if writable:
                data = data[os.write(self._master, data[:1024]) :]

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def wait(self, wanted: str) -> str:
        """Read until these words stand on the screen."""
        self.look(lambda: wanted in self.text, wanted)
        return self.text

    def look(self, is_there: Callable[[], bool], what: str) -> None:
        """Read until something is true."""
        give_up = time.monotonic() + _WITHIN
        while not is_there():
            assert time.monotonic() < give_up, f"waited for {what}, and saw:\n{self.text}"
            if select.select([self._master], [], [], 0.05)[0]:
                self._read()

    def has_ended(self) -> bool:
        """Tell whether it has ended; `code` is then its exit code."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None

    def read_to_the_end(self) -> None:
        """Read until it has ended, and what it said last."""
        self.look(self.has_ended, "its end")
        while select.select([self._master], [], [], 0)[0] and self._read():
            pass

    def _read(self) -> bytes:
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # the other end is closed
            return b""
        self.raw += data
        self._stream.feed(data)
        return data
