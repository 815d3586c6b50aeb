"""The keys while a fleet is logged in to: an engine of its own against one in the screen's loop."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.fleet import Ground
from benchmarks.table import Line
from benchmarks.terminal import Terminal, python

_GAP = 0.05
"""Seconds between two keys: a hand that holds one down is faster."""


def keys_in_a_storm(ground: Ground, count: int, keys: int) -> Line:
    """Press keys from the first paint on, while `count` hosts are dialled, 32 at once."""
    config = ground.config(count)
    apart, within = (_keys(config, keys, solo=solo) for solo in (False, True))
    return Line(
        f"keys while {count} hosts are logged in to",
        f"p50 {_ms(apart, 0.5)}, p99 {_ms(apart, 0.99)}; in one loop {_ms(within, 0.5)} / {_ms(within, 0.99)}",
        {"p99 / engine in the screen's loop <= 0.33": _at(apart, 0.99) / _at(within, 0.99)},
    )


def _keys(config: Path, keys: int, *, solo: bool) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="oc-") as state:
        env = {"XDG_STATE_HOME": state, "HOME": state}
        before = ["-m", "opsconsole", "-c", str(config), "-E", "storm"]
        terminal = Terminal(python(*before, *(["--solo"] if solo else [])), env)
        try:
            terminal.until(b"Hosts", 30)
            terminal.press(b"2")
            return sorted(_press(terminal, keys))
        finally:
            terminal.end()
            stop = python(*before, "engine", "stop", "--force")
            subprocess.run(stop, env={**os.environ, **env}, check=False, capture_output=True)


def _press(terminal: Terminal, keys: int) -> list[float]:
    took = []
    for number in range(keys):
        terminal.drain(_GAP)
        began = time.perf_counter()
        terminal.press(b"j" if number % 40 < 20 else b"k")
        while not terminal.read(0.5) and time.perf_counter() - began < 5:
            pass
        took.append(time.perf_counter() - began)
    return took


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ms(ordered: list[float], share: float) -> str:
    return f"{1000 * _at(ordered, share):.0f} ms"
