"""Thousands of alerts of a real Alertmanager: what they cost as they come and repeat, and the keys meanwhile."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cursor import Cursor
from benchmarks.table import Line
from benchmarks.terminal import Terminal, python
from opsconsole.engine.lock import holder_of
from tests.e2e.realservers import RealAlertmanager

_TICK = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
_SETTLE = 5.0
_FEW = 100
_LOOKS = 4.0
"""Seconds between two forced polls: far more often than the engine would by itself."""


class _Scene:
    """An engine that watches one Alertmanager, and a console on it."""

    def __init__(self, folder: Path, server: RealAlertmanager) -> None:
        self.env = {"XDG_STATE_HOME": str(folder / "s"), "HOME": str(folder)}
        self.config = folder / "c.yaml"
        self.config.write_text(
            "version: 1\nalert_sources:\n"
            f"  - {{name: am, kind: alertmanager, urls: ['{server.url}'], every: 15s}}\n"
        )
        self.verb("engine", "start")
        holder = holder_of(folder / "s" / "opsconsole" / "bench" / "lock")
        assert holder is not None
        self._pid = holder.pid

    def verb(self, *words: str) -> str:
        argv = python("-m", "opsconsole", "-c", str(self.config), "-E", "bench", *words)
        done = subprocess.run(
            argv, env={**os.environ, **self.env}, check=False, capture_output=True, text=True
        )
        return done.stdout

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def rss(self) -> int:
        pages = Path(f"/proc/{self._pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()


def arriving(count: int, keys: int) -> Iterator[Line]:
    """Measure before, while and after `count` alerts come in, and while all of them are sent again."""
    with (
        tempfile.TemporaryDirectory(prefix="oc-") as name,
        RealAlertmanager(Path(name) / "am") as server,
    ):
        scene = _Scene(Path(name), server)
        terminal = Terminal(
            python("-m", "opsconsole", "-c", str(scene.config), "-E", "bench"), scene.env
        )
        try:
            terminal.until(b"Fires", 30)
            terminal.drain(_SETTLE)
            server.post(_FEW)
            scene.verb("poll", "feed:am")
            terminal.drain(_SETTLE)
            cursor = Cursor(terminal)
            cursor.focus(b"2")
            assert cursor.focus(b"1"), "the fires pane shows no cursor"
            quiet, before = sorted(cursor.press() for _ in range(keys)), scene.rss()
            cpu, began = scene.cpu(), time.perf_counter()
            busy: list[float] = []
            for _ in range(4):  # the first brings them, the others repeat them with another end
                server.post(count)
                scene.verb("poll", "feed:am")
                busy += [cursor.press() for _ in range(keys // 2)]
                terminal.drain(_LOOKS)
            used, wall = scene.cpu() - cpu, time.perf_counter() - began
            grown = (scene.rss() - before) / _MIB
            idle, since = scene.cpu(), time.perf_counter()
            terminal.drain(20)
            rest = (scene.cpu() - idle) / (time.perf_counter() - since)
        finally:
            terminal.end()
            scene.verb("engine", "stop")
    late = sorted(busy)[int(0.95 * len(busy))]
    yield Line(
        f"{count:,} alerts of a real Alertmanager arrive and repeat three times within {wall:.0f} s",
        f"keys p95 {1000 * late:.0f} ms (with 100 {1000 * quiet[int(0.95 * len(quiet))]:.0f}); "
        f"engine {used:.1f} s CPU, {grown:+.0f} MiB; {100 * rest:.1f}% of a core afterwards",
        {"keys p95 / 50 ms <= 1": late / 0.05, "RSS growth / 60 MiB <= 1": grown / 60},
    )
