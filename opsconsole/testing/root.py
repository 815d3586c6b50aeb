"""A machine's simulated root: a folder of files, rewritten while commands read them."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from opsconsole.testing.units import UnitState, read_unit, write_unit


def iso(at: float) -> str:
    """Write epoch seconds as journalctl's short-iso does, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class Root:
    """The folder that a simulated host's commands take for `/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: set[str] = set()
        self._last: dict[str, str] = {}

    def write(self, files: Mapping[str, str]) -> None:
        """Write files whose text changed; folders are made."""
        for name, text in files.items():
            if self._last.get(name) == text:
                continue
            self._last[name] = text
            folder = name.rpartition("/")[0]
            if folder not in self._made:
                (self.path / folder).mkdir(parents=True, exist_ok=True)
                self._made.add(folder)
            _overwrite(f"{self.path}/{name}", text.encode())

    def log(self, at: float, source: str, text: str) -> None:
        """Append a line to the journal, as `journalctl -o short-iso` shows it."""
        stamp = iso(at)
        journal = self.path / "opsc" / "journal"
        journal.parent.mkdir(parents=True, exist_ok=True)
        with journal.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {self.path.name} {source}: {text}\n")

    def unit(self, name: str) -> UnitState:
        """Read what a unit is now, as `systemctl` on the host left it."""
        return read_unit(self.path, name)

    def set_unit(self, name: str, state: UnitState) -> None:
        """Write what a unit is now."""
        write_unit(self.path, name, state)

    def mark_broken(self, name: str, *, broken: bool) -> None:
        """Decide whether restarting a unit will help."""
        mark = self.path / "opsc" / "broken" / name
        mark.parent.mkdir(parents=True, exist_ok=True)
        if broken:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)


def _overwrite(path: str, content: bytes) -> None:
    """Write over a file in place: one write of less than a page, which a reader sees before or after.

    A new file and a rename for each would cost five times as much, and forty hosts have four hundred of them.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(handle, content)
        if os.fstat(handle).st_size > len(content):
            os.ftruncate(handle, len(content))
    finally:
        os.close(handle)
