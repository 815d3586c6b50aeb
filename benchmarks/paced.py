"""What a poll of a fleet at its pace costs, in turn with `ssh` over kept masters; medians."""

import asyncio
import math
import os
import re
import resource
import sqlite3
import subprocess
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.fleet import COMMAND, Ground, cpu_of, engine, pssh_kept, rss_of
from benchmarks.table import Line
from benchmarks.watch import first_samples
from opsconsole.state.rings import PIECE, ROWS, Ring
from opsconsole.state.series import host_points

EVERY = 10.0
_MASTERS = 20
_POLLS = 5
"""Of each master in a round."""
_FIRST_SLOW = 20
"""Hosts a second whose disks and units are first asked for: that belongs to the start."""
_CALM = 1.0
"""Load a core at which no rule waits on a host."""
_CALM_WITHIN = 240.0
_PID = re.compile(r"pid=(\d+)")


def paced(ground: Ground, count: int, seconds: float, rounds: int) -> list[Line]:
    """Measure an engine that polls every 10 s: CPU a poll and a core, memory a host."""
    with engine(ground.folder, ground.config(1)) as (process, socket):
        asyncio.run(first_samples(socket, 1, 30))
        base_rss = rss_of(process.pid)
    ours, masters = [], []
    with (
        engine(ground.folder, ground.config(count, EVERY)) as (process, socket),
        _masters(ground, ground.every[: min(count, _MASTERS)]) as poll,
    ):
        asyncio.run(first_samples(socket, count, 180))
        up = time.perf_counter()
        _settle(count)
        for _ in range(rounds):
            before, began = cpu_of(process.pid), time.perf_counter()
            time.sleep(seconds)
            ours.append((cpu_of(process.pid) - before) / (time.perf_counter() - began))
            masters.append(poll())
        rss, lasted = rss_of(process.pid), time.perf_counter() - up
        to_come = _to_come(socket.with_name("history.db"))
    core = median(ours)
    a_poll, a_master = core * EVERY / count, median(masters)
    seen = (rss - base_rss) / count / 1024
    whole = seen + to_come
    kept = pssh_kept(ground, min(count, _MASTERS), 20)
    most = 0.12 * count / 1000
    ratios = {
        "CPU a poll / ControlMaster + ssh <= 0.17": a_poll / a_master,
        f"% of a core / {100 * most:.1f} <= 1": core / most,
        "8000 / hosts a core <= 1": 8000 * core / count,
    }
    if kept is not None:
        ratios["CPU a poll, paced and all / parallel-ssh kept, back to back"] = a_poll / kept
    return [
        Line(
            f"engine, {count} hosts each {EVERY:g} s (poll, parse, store, rules)",
            f"{1000 * a_poll:.2f} ms CPU a poll ({_range(ours, 1000 * EVERY / count)}), "
            f"{100 * core:.1f} % of a core, {count / core:,.0f} hosts a core; "
            f"ControlMaster {1000 * a_master:.2f} ms ({_range(masters, 1000)})",
            ratios,
        ),
        Line(
            f"engine memory, {count} hosts",
            f"{seen:.0f} KiB a host after {lasted / 60:.0f} min ({rss / 2**20:.0f} MiB in all), "
            f"{whole:.0f} with an hour's history",
            {"KiB a host with an hour's history / 80 <= 1": whole / 80},
        ),
    ]


def _to_come(database: Path) -> float:
    """Give the KiB that a host's newest history will grow by until it is an hour, by how this one's is pressed."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        points = host_points(db, "host:h0000", 0.0, math.inf)
    ring, sizes = Ring(), [0]
    for point in points:
        ring.append(point.at, array("f", point.values).tobytes())
        sizes.append(ring.size)
    a_row, grown = sizes[1], [after - before for before, after in pairwise(sizes)]
    falls = [less for less in grown if less < 0]  # as the sample behind a full piece comes
    a_piece = (PIECE - 1) * a_row + max(falls, default=a_row)
    return (ROWS / PIECE * a_piece + PIECE * a_row - ring.size) / 1024


def _range(figures: Sequence[float], times: float) -> str:
    return f"{min(figures) * times:.2f} to {max(figures) * times:.2f}"


def _settle(count: int) -> None:
    """Wait until what the start brought is over.

    All hosts here are one machine, and its load is that of every one: while it is what a thousand logins made it,
    a rule waits on each of them.
    """
    time.sleep(15 + count / _FIRST_SLOW)
    end = time.monotonic() + _CALM_WITHIN
    while os.getloadavg()[0] > _CALM * (os.cpu_count() or 1) and time.monotonic() < end:
        time.sleep(1)


@contextmanager
def _masters(ground: Ground, hosts: Sequence[str]) -> Iterator["_Poll"]:
    """Log in to hosts, to poll them by one `ssh` each over the kept connections."""
    sockets = ground.folder / "cm"
    sockets.mkdir(exist_ok=True)
    base = [
        "ssh", "-F", "none", "-p", str(ground.sshd.port), "-i", str(ground.sshd.client_key),
        "-o", f"UserKnownHostsFile={ground.sshd.known_hosts}", "-o", f"ControlPath={sockets}/%h",
        "-l", ground.sshd.user,
    ]  # fmt: skip
    stay = ["-o", "ControlMaster=yes", "-o", "ControlPersist=600", "-f", "-N"]
    for host in hosts:
        subprocess.run([*base, *stay, host], check=True)
    try:
        yield _Poll(base, hosts)
    finally:
        for host in hosts:
            subprocess.run([*base, "-O", "exit", host], check=True, capture_output=True)


class _Poll:
    """Polls over masters, and gives the CPU seconds a poll: of `ssh`, of its start and of the masters."""

    def __init__(self, base: Sequence[str], hosts: Sequence[str]) -> None:
        self._base, self._hosts = base, hosts
        self._masters = [self._pid(host) for host in hosts]

    def _pid(self, host: str) -> int:
        check = [*self._base, "-O", "check", host]
        said = subprocess.run(check, capture_output=True, text=True, check=True).stderr
        found = _PID.search(said)
        assert found is not None, said
        return int(found[1])

    def __call__(self) -> float:
        before = self._used()
        for _ in range(_POLLS):
            for host in self._hosts:
                subprocess.run([*self._base, host, COMMAND], check=True, stdout=subprocess.DEVNULL)
        return (self._used() - before) / (_POLLS * len(self._hosts))

    def _used(self) -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        masters = sum(time.clock_gettime(_clock_of(pid)) for pid in self._masters)
        return children.ru_utime + children.ru_stime + time.process_time() + masters


def _clock_of(pid: int) -> int:
    """Name the clock of a process's CPU time, as clock_getcpuclockid(3) does on Linux."""
    return (~pid << 3) | 2
