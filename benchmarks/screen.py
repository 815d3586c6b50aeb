"""The screen on a pseudo-terminal of 200x60: keys, processor, bytes, start; beside Textual's own widgets."""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.table import Line
from benchmarks.terminal import Figures, Terminal, python
from opsconsole.ui.app import FRAMES

_PEERS = Path(__file__).parent / "peers"

_UNTOUCHED = 24.0
"""Seconds without a key: from then on the screen takes it easy."""


def _program(name: str, ticks: Path, *args: str) -> Terminal:
    env = {"TEXTUAL_FPS": FRAMES} if name == "console_table" else {}
    return Terminal(
        python("-m", f"benchmarks.peers.{name}", *args), {**env, "BENCHMARK_TICKS": str(ticks)}
    )


def _run(name: str, rows: int, visible: int, keys: int) -> Figures:
    """Start a table program, let it settle, press keys while rows change."""
    with tempfile.TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        terminal = _program(name, ticks, str(rows), str(visible))
        try:
            if terminal.until(b"KEYS-000000", 30) is None:
                raise SystemExit(f"{name} did not start")
            terminal.drain(3)
            return _measured(terminal, ticks, keys)
        finally:
            terminal.end()


def _measured(terminal: Terminal, ticks: Path, keys: int) -> Figures:
    figures = Figures()
    cpu, seen, began, before = (
        terminal.cpu(),
        terminal.seen,
        time.perf_counter(),
        ticks.stat().st_size,
    )
    for number in range(1, keys + 1):  # the n-th key brings the cursor to row n
        terminal.press(b"j")
        took = terminal.until(f"{number:06d}".encode(), 10)
        figures.latencies.append(10.0 if took is None else took)
        terminal.drain(0.05)
    if not keys:
        terminal.drain(10)
    figures.wall = time.perf_counter() - began
    figures.ticks = max(1, ticks.stat().st_size - before)
    figures.cpu, figures.bytes_out, figures.rss = (
        terminal.cpu() - cpu,
        terminal.seen - seen,
        terminal.rss(),
    )
    return figures


def keys_and_cpu(keys: int, rows: int = 5_000) -> list[Line]:
    """Measure key latency and CPU at many rows, six visible ones changing at 10 Hz; then the same without keys."""
    ours, theirs = _run("console_table", rows, 6, keys), _run("datatable", rows, 6, keys)
    still, their_still = _run("console_table", rows, 6, 0), _run("datatable", rows, 6, 0)
    small = _run("console_table", 100, 6, 0)
    mine, peer, least = (each.cpu / each.ticks for each in (still, their_still, small))
    size, their_size = (each.bytes_out / each.ticks for each in (still, their_still))
    return [
        Line(
            f"keys, hosts pane of {rows:,} rows, 6 visible rows change at 10 Hz ({keys} keys)",
            f"p50 {1000 * ours.quantile(0.5):.1f} ms, p99 {1000 * ours.quantile(0.99):.0f} ms; "
            f"DataTable {1000 * theirs.quantile(0.5):.0f} / {1000 * theirs.quantile(0.99):.0f} ms",
            {
                "p50 / DataTable <= 0.1": ours.quantile(0.5) / theirs.quantile(0.5),
                "p99 / DataTable <= 0.25": ours.quantile(0.99) / theirs.quantile(0.99),
            },
        ),
        Line(
            f"the same without keys, {rows:,} rows",
            f"{1000 * mine:.1f} ms CPU and {size:,.0f} bytes a change ({still.ticks} changes); "
            f"DataTable {1000 * peer:.0f} ms, {their_size:,.0f} bytes ({their_still.ticks} changes)",
            {
                "CPU / DataTable <= 0.1": mine / peer,
                "bytes / DataTable <= 0.083": size / their_size,
                "CPU at 5,000 / CPU at 100 rows <= 1.5": mine / least,
            },
        ),
    ]


def _start(argv: list[str], marker: bytes, env: dict[str, str]) -> tuple[float, float]:
    """Give seconds from exec to the marker, and the share of a core used when nobody touches it."""
    terminal = Terminal(argv, env)
    try:
        painted = terminal.until(marker, 30)
        terminal.drain(_UNTOUCHED)
        before, began = terminal.cpu(), time.perf_counter()
        terminal.drain(10)
        return painted or 30.0, (terminal.cpu() - before) / (time.perf_counter() - began)
    finally:
        terminal.end()


def start_and_idle(runs: int) -> list[Line]:
    """Measure exec to first paint and idle CPU of the whole program, beside an empty Textual application."""
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "XDG_STATE_HOME": f"{home}/state"}
        ours, empty = [], []
        for _ in range(runs):
            ours.append(_start(python("-m", "opsconsole"), b"Hosts", env))
            empty.append(_start(python("-m", "benchmarks.peers.empty"), b"READY-MARK", {}))
        subprocess.run(
            python("-m", "opsconsole", "engine", "stop"), env={**os.environ, **env}, check=False
        )
    paint, their_paint = (statistics.median(run[0] for run in seen) for seen in (ours, empty))
    idle, their_idle = (statistics.median(run[1] for run in seen) for seen in (ours, empty))
    return [
        Line(
            f"exec to first paint ({runs} runs, median)",
            f"{paint:.2f} s; empty Textual application {their_paint:.2f} s",
            {"wall / empty application <= 1.4": paint / their_paint},
        ),
        Line(
            "idle, this machine watched",
            f"{100 * idle:.2f} % of a core; empty application {100 * their_idle:.2f} %",
            {
                "% of a core / 0.5 <= 1": 100 * idle / 0.5,
                "CPU / empty application <= 3": idle / their_idle,
            },
        ),
    ]
