"""The keys while a fleet is logged in to: an engine of its own against one in the screen's loop."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.cursor import Cursor
from benchmarks.fleet import Ground
from benchmarks.table import Line
from benchmarks.terminal import Terminal, python
from opsconsole.ui.prefs import DEFAULT, Layout, Prefs, Sort, prefs_file, write_prefs

_FEED = re.compile(rb"ssh (\d+)/(\d+)")
_LONGEST = 120.0


class _Storm:
    """The keys of some cold starts; only those pressed while hosts were being logged in to."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.lasted: list[float] = []

    def at(self, share: float) -> float:
        """Give a quantile, seconds; needs a key that was measured."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def words(self) -> str:
        """Say it."""
        if not self.took:
            return "no key measured"
        per = sum(self.lasted) / len(self.lasted)
        return (
            f"p50 {1000 * self.at(0.5):.0f} ms, p99 {1000 * self.at(0.99):.0f} ms "
            f"({len(self.took)} keys, {len(self.lasted)} starts of {per:.1f} s)"
        )


def keys_in_a_storm(ground: Ground, count: int, starts: int) -> Line:
    """Press keys while `count` hosts are dialled, 32 at once; both sides in turn, the same storm for each."""
    config = ground.config(count)
    apart, within = _Storm(), _Storm()
    for _ in range(starts):
        for storm, solo in ((apart, False), (within, True)):
            _one(config, storm, solo=solo)
    both = apart.took and within.took
    return Line(
        f"keys while {count} hosts are logged in to",
        f"{apart.words}; in one loop {within.words}",
        {"p99 / engine in the screen's loop <= 0.33": apart.at(0.99) / within.at(0.99)}
        if both
        else {},
    )


def _one(config: Path, storm: _Storm, *, solo: bool) -> None:
    """Start on nothing, and press keys from the first host that is up to the last.

    The hosts stand by name: by trouble, as usual, the cursor's host may jump to the very line that the key would
    have left, and the key would seem to have had no answer.
    """
    with tempfile.TemporaryDirectory(prefix="oc-") as state:
        env = {"XDG_STATE_HOME": state, "HOME": state}
        by_name = Layout(sorts={"hosts": Sort("host")})
        write_prefs(prefs_file(env), Prefs({DEFAULT: by_name}))
        before = ["-m", "opsconsole", "-c", str(config), "-E", "storm"]
        terminal = Terminal(python(*before, *(["--solo"] if solo else [])), env)
        try:
            terminal.until(b"Hosts", 30)
            with _before_servers(terminal.pid):
                _press(Cursor(terminal), storm)
        finally:
            terminal.end()
            stop = python(*before, "engine", "stop", "--force")
            subprocess.run(stop, env={**os.environ, **env}, check=False, capture_output=True)


@contextmanager
def _before_servers(pid: int) -> Iterator[None]:
    """Let a terminal's session, and the stopwatch, go before the servers; that takes privilege.

    They stand for other machines. Their niceness does not do it: a kernel that groups by session weighs sessions
    alone against each other, and every login of an sshd is a session of its own.
    """
    with suppress(PermissionError, FileNotFoundError):
        Path(f"/proc/{pid}/autogroup").write_text("-10")
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _press(cursor: Cursor, storm: _Storm) -> None:
    assert cursor.focus(b"2"), "the hosts pane shows no cursor"
    end, up, began = time.perf_counter() + _LONGEST, (0, 1), 0.0
    while time.perf_counter() < end and up[0] < up[1]:
        took = cursor.press()
        if seen := _FEED.findall(cursor.read):
            up = (int(seen[-1][0]), int(seen[-1][1]))
        if up[0]:
            began = began or time.perf_counter()
            storm.took.append(took)
    storm.lasted.append(time.perf_counter() - began if began else 0.0)
