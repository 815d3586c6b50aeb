"""One engine a folder: a lock the kernel takes back when its holder dies, with the holder's name in it."""

import fcntl
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from opsconsole.errors import EngineError


class Holder(Struct, frozen=True):
    """Who holds an engine's lock."""

    pid: int
    person: str
    since: float
    version: str = ""


class EngineLock:
    """Holds `lock` from `take` to `release`, or to the end of the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether we have it."""
        return self._fd is not None

    def take(self, holder: Holder) -> None:
        """Take the lock and write down who has it.

        Raises:
            EngineError: Another process has it; names its pid and its person.
        """
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise EngineError(_held(self._path)) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; the file stays, so that nobody locks a file that is being removed."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def holder_of(path: Path) -> Holder | None:
    """Tell who holds a lock now; None when nobody does."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path) or Holder(0, "somebody", 0.0)
    finally:
        os.close(fd)
    return None


def _held(path: Path) -> str:
    holder = _read(path)
    if holder is None:
        return f"an engine already runs here and holds {path}"
    return (
        f"an engine already runs here: pid {holder.pid}, started by {holder.person}; "
        "stop it with: opsconsole engine stop"
    )


def _read(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None
