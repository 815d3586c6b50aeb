"""Lets old runs go: by age and by size, never one that is live, and never one whose outcome is not known."""

import asyncio
import contextlib
import fcntl
import os
import shutil
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from opsconsole.clock import Clock
from opsconsole.runs.chain import JournalError, read_chain
from opsconsole.runs.late import OPEN
from opsconsole.runs.recovery import read_run

KEEP_FOR: Final = 400 * 86400.0
"""Seconds; as long as the index of runs."""
KEEP_BYTES: Final = 1 << 30
EVERY: Final = 86400.0


def drop_old_runs(
    runs: Path, now: float, *, keep_for: float = KEEP_FOR, keep_bytes: int = KEEP_BYTES
) -> tuple[str, ...]:
    """Remove run folders that are too old, then the oldest until the rest fits. Blocks: call it on a thread.

    Returns:
        The names of what was removed.
    """
    if not runs.is_dir():
        return ()
    places = sorted(place for place in runs.iterdir() if place.is_dir() and not place.is_symlink())
    sizes = {place: _size(place) for place in places}
    total = sum(sizes.values())
    gone: list[str] = []
    for place in places:
        if now - place.stat().st_mtime <= keep_for and total <= keep_bytes:
            continue
        if _may_go(place):
            shutil.rmtree(place, ignore_errors=True)
            total -= sizes[place]
            gone.append(place.name)
    return tuple(gone)


def _size(place: Path) -> int:
    found = 0
    for folder, _, names in os.walk(place):
        for name in names:
            with contextlib.suppress(OSError):
                found += (Path(folder) / name).lstat().st_size
    return found


def _may_go(place: Path) -> bool:
    """Only a run that is over, that nobody holds, and in which nothing is open, or that somebody closed."""
    try:
        with (place / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            run = read_run(place, read_chain(place))
    except (OSError, JournalError):
        return False
    is_open = any(target.state in OPEN for target in run.targets)
    return run.state.is_over and (not is_open or bool(run.closed))


async def keep_tidy(runs: Path, clock: Clock, disk: Executor) -> None:
    """Drop old runs now, and once a day."""
    while True:
        now = clock.now()
        await asyncio.get_running_loop().run_in_executor(disk, drop_old_runs, runs, now)
        await clock.sleep(EVERY)
