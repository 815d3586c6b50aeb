"""Old compressed logs on simulated hosts: something for a runbook to find and delete when a disk is full."""

import os
from pathlib import Path
from typing import Final

from opsconsole.testing.roster import Actor

_DAY: Final = 86_400.0
_LOGS: Final = (("syslog", 40 << 20), ("auth.log", 6 << 20))
_AGES: Final = (9, 37, 68, 130, 210)
"""Days; most of them are more than a month."""
_SEGMENT: Final = 1 << 30
_SEGMENTS: Final = 24


def leave_old_files(root: Path, actor: Actor, now: float) -> None:
    """Leave logs below /var/log, and archived segments below the /data of a database; they take no room here."""
    for name, size in _LOGS:
        for number, days in enumerate(_AGES, 2):
            _leave(root / "var" / "log" / f"{name}.{number}.gz", size, now - days * _DAY)
    if actor.role == "db":
        for number in range(_SEGMENTS):
            name = f"000000010000005A{number:08X}.gz"
            _leave(root / "data" / "archive" / name, _SEGMENT, now - (33 + number) * _DAY)


def archived(root: Path) -> int:
    """Count the bytes of a database's archived segments."""
    folder = root / "data" / "archive"
    return sum(entry.stat().st_size for entry in os.scandir(folder)) if folder.is_dir() else 0


def _leave(path: Path, size: int, at: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)  # all of it a hole
    os.utime(path, (at, at))
