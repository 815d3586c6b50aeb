"""The one folder that simulated hosts have for PATH: our stubs, and links to a few harmless real programs."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from opsconsole.errors import EngineError

_REAL: Final = (
    "sh", "awk", "cat", "cut", "date", "echo", "env", "false", "find", "grep", "head", "ls", "mkdir",
    "mv", "nice", "printf", "rm", "sed", "setsid", "sleep", "sort", "sync", "test", "timeout", "touch", "tr",
    "true", "uniq", "wc", "basename", "chmod", "chown", "cp", "dirname", "mktemp", "sha256sum", "stat", "xargs",
)  # fmt: skip
"""They read and write what they are told to; none of them says anything about this machine by itself."""
_NEEDED: Final = ("sh", "awk", "cat", "date", "grep", "sleep", "mv")
_BEHIND_STUBS: Final = ("tail",)
"""Real programs that a stub of the same name calls as `real-NAME`, once paths are the simulated host's."""


def install(folder: Path) -> None:
    """Fill the folder.

    Raises:
        EngineError: A program without which no simulated host can answer is not on this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _REAL:
        real = shutil.which(name)
        if real is None and name in _NEEDED:
            raise EngineError(f"the demo fleet needs `{name}` on this machine")
        place = folder / name
        if real is not None and not place.exists():
            place.symlink_to(real)
    for name in _BEHIND_STUBS:
        real, place = shutil.which(name), folder / f"real-{name}"
        if real is None:
            raise EngineError(f"the demo fleet needs `{name}` on this machine")
        if not place.exists():
            place.symlink_to(real)
    for stub in files("opsconsole.testing").joinpath("bin").iterdir():
        place = folder / stub.name
        place.unlink(missing_ok=True)
        place.write_bytes(stub.read_bytes())
        place.chmod(0o755)


def slow_clock(folder: Path, real: Path, offset: float) -> None:
    """Give one host a clock that is wrong by `offset` seconds: a `date` of its own, found first."""
    folder.mkdir(parents=True, exist_ok=True)
    stub = folder / "date"
    shifted = f"{real / 'date'} +%s.%N | {real / 'awk'} '{{ printf \"%.6f\\n\", $1 + {offset:g} }}'"
    usual = f'exec {real / "date"} "$@"'
    stub.write_text(f"#!/bin/sh\ncase $* in\n+%s.%N) {shifted} ;;\n*) {usual} ;;\nesac\n")
    stub.chmod(0o755)
