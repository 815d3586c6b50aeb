"""Locks on targets: two runs never write the same host. The kernel's lock is the truth, the file tells who."""

import fcntl
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.errors import RefusedError

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Holder(Struct, frozen=True):
    """Who holds a lock; for people."""

    actor: str
    run: str
    action: str
    since: float
    pid: int


class Held:
    """Locks that are held; released together, or by the end of the process."""

    def __init__(self, fds: Sequence[int]) -> None:
        self._fds = list(fds)

    def release(self) -> None:
        """Give them back."""
        while self._fds:
            fd = self._fds.pop()
            os.ftruncate(fd, 0)
            os.close(fd)


def take_locks(folder: Path, keys: Sequence[str], holder: Holder, now: float) -> Held:
    """Take all locks or none, in sorted order, without waiting. Blocks a little: call it on a thread.

    Args:
        folder: Made when missing, 0700.
        keys: `host:web01`, `service:checkout`.
        holder: What others are told.
        now: For the age in the refusal.

    Raises:
        RefusedError: `held`, naming the holder; or `journal`: the folder cannot be used.
    """
    taken: list[int] = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for key in sorted(set(keys)):
            taken.append(_take(folder, key, holder, now))  # noqa: PERF401 - kept one by one, to give back
    except OSError as error:
        Held(taken).release()
        raise RefusedError("journal", f"no locks in {folder}: {error.strerror}") from error
    except RefusedError:
        Held(taken).release()
        raise
    return Held(taken)


def _take(folder: Path, key: str, holder: Holder, now: float) -> int:
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()}.lock"
    fd = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        content = os.pread(fd, 4_096, 0)
        os.close(fd)
        raise RefusedError("held", f"{key.partition(':')[2]} is held {_by(content, now)}") from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, msgspec.json.encode(holder), 0)
    return fd


def _by(content: bytes, now: float) -> str:
    try:
        other = msgspec.json.decode(content, type=Holder)
    except msgspec.DecodeError:
        return "by another run"
    age = max(0.0, now - other.since)
    return f"by {other.actor}: {other.action}, since {age:.0f} s (run {other.run})"
