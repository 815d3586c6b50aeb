"""Ends what steps left running under a home folder: a hang-up does not reach it, and nothing may stay."""

import contextlib
import os
import signal
from pathlib import Path


def end_spooled(home: Path) -> None:
    """Kill every supervisor that is alive still (same process, same start time), and its command."""
    for place in home.glob(".opsc/*/*/pid"):
        words = place.read_text().split()
        if len(words) < 2 or _started(words[0]) != words[1]:
            continue
        job = place.with_name("job")
        groups = [*(job.read_text().split() if job.exists() else ()), words[0]]
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(group), signal.SIGKILL)


def _started(pid: str) -> str:
    """Read a process's start time; proc(5): field 22 of stat, behind the last parenthesis."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]
    except (OSError, IndexError):
        return ""
