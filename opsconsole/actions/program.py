"""An executable of a plugin: which file, that it is still the one that was loaded, and what it sees."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.actions.api import API
from opsconsole.actions.trust import TrustError, check_folder, read_trusted

_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_KEPT: Final = ("HOME", "USER", "LOGNAME", "TZ")


class Program(Struct, frozen=True):
    """What is started."""

    argv: tuple[str, ...]
    """The program's path, absolute where it belongs to the plugin, and its arguments."""
    folder: Path
    """Where it is started."""
    plugin: str
    content: bytes = b""
    """Its file's bytes; empty for a program of the system."""
    checked: bool = True

    @property
    def env(self) -> Mapping[str, str]:
        """All the environment it gets: nothing of the engine's but who runs it."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "OPSC_API": str(API),
            "OPSC_PLUGIN": self.plugin,
        }

    def check(self) -> None:
        """See that the file is the one that was loaded.

        Raises:
            TrustError: It was changed, or may not be used any more.
        """
        if not self.content:
            return
        path = Path(self.argv[0])
        now = read_trusted(path, checked=self.checked)
        if hashlib.sha256(now).digest() != hashlib.sha256(self.content).digest():
            raise TrustError(f"{path} was changed after it was loaded; opsconsole plugin reload")


def find_program(run: tuple[str, ...], folder: Path, plugin: str, *, checked: bool) -> Program:
    """Find what a manifest's `run:` names.

    Args:
        run: Program and arguments; with a slash, the program is a file of the plugin.
        folder: The plugin's.
        plugin: Its id.
        checked: Whether owner and mode must be good.

    Raises:
        TrustError: There is no such file, or it may not be used.
    """
    name = run[0]
    if "/" not in name:
        return Program(run, folder, plugin)
    path = Path(os.path.normpath(folder / name))
    if not path.is_relative_to(folder):
        return Program(_system(run), folder, plugin)
    if checked:
        check_folder(path.parent)
    content = read_trusted(path, checked=checked)
    if not os.access(path, os.X_OK):
        raise TrustError(f"{path} cannot be executed; chmod +x {path}")
    return Program((str(path), *run[1:]), folder, plugin, content, checked)


def _system(run: tuple[str, ...]) -> tuple[str, ...]:
    """An absolute path names a program of the system, such as a Nagios plugin."""
    path = Path(run[0])
    if not path.is_absolute():
        raise TrustError(f"{run[0]} lies outside the plugin")
    if not os.access(path, os.X_OK):
        raise TrustError(f"there is no program {path} here")
    return run
