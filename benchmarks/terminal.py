"""Runs a program on a pseudo-terminal: when it painted, how fast it answers keys, what it costs."""

import fcntl
import os
import pty
import resource
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS, LINES = 200, 60
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Figures:
    """What one run of one program showed."""

    first_paint: float = 0.0
    cpu: float = 0.0
    """Seconds of user and system time in the measured span."""
    wall: float = 0.0
    bytes_out: int = 0
    ticks: int = 0
    """Changes of data that it made; ten a second where the machine lets it."""
    latencies: list[float] = field(default_factory=list)
    rss: int = 0

    def quantile(self, share: float) -> float:
        """Give a quantile of the key latencies, seconds."""
        ordered = sorted(self.latencies) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Terminal:
    """A child program on a pty of 200x60."""

    def __init__(self, argv: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            child = {
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LANG": "C.UTF-8",
                **(env or {}),
            }
            child.pop("PYTHONDONTWRITEBYTECODE", None)
            child.pop("NO_COLOR", None)
            os.execvpe(argv[0], list(argv), child)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.seen = 0

    def read(self, seconds: float) -> bytes:
        """Read what comes within a time, at least once."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        self.seen += len(data)
        if b"\x1b[c" in data:  # "what are you": every terminal answers
            os.write(self.fd, b"\x1b[?62;22c")
        return data

    def until(self, marker: bytes, seconds: float) -> float | None:
        """Read until the marker shows; give the time since the start of the wait, or None."""
        began = time.perf_counter()
        tail = b""
        while (left := seconds - (time.perf_counter() - began)) > 0:
            tail = tail[-4096:] + self.read(left)
            if marker in tail:
                return time.perf_counter() - began
        return None

    def drain(self, seconds: float) -> None:
        """Read and forget for a time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def cpu(self) -> float:
        """User and system seconds of the child and its children so far."""
        return sum(_cpu_of(pid) for pid in _family(self.pid))

    def rss(self) -> int:
        """Resident bytes of the child."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def press(self, key: bytes) -> None:
        """Type."""
        os.write(self.fd, key)

    def end(self) -> None:
        """Kill the child and reap it."""
        for pid in reversed(_family(self.pid)):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in _family(int(child)))]


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def python(*args: str) -> list[str]:
    """Give an argument list for this interpreter."""
    return [sys.executable, *args]
