"""Locks on targets: two runs never write the same host. The kernel's lock is the truth, the file tells who."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError

TRY_EVERY: Final = 1.0
"""Seconds between two tries of who waits."""
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

    def __init__(self, fds: Sequence[int], *, shared: bool = False) -> None:
        self._fds = list(fds)
        self._shared = shared
        self._more: list[Held] = []

    def add(self, other: "Held") -> None:
        """Give another's back together with these."""
        self._more.append(other)

    def release(self) -> None:
        """Give them back."""
        while self._more:
            self._more.pop().release()
        while self._fds:
            fd = self._fds.pop()
            if not self._shared:  # others may hold it with us, and the file names one of them
                os.ftruncate(fd, 0)
            os.close(fd)


def take_locks(
    folder: Path, keys: Iterable[str], holder: Holder, now: float, *, shared: bool = False
) -> Held:
    """Take all locks or none, in sorted order, without waiting. Blocks a little: call it on a thread.

    Args:
        folder: Made when missing, 0700; every engine of this account uses the same one.
        keys: `target:web01`, `service:checkout`, or what an action names.
        holder: What others are told.
        now: For the age in the refusal.
        shared: Others who share it are let in too; who changes something is not.

    Raises:
        RefusedError: `held`, naming the holder; or `journal`: the folder cannot be used.
    """
    taken: list[int] = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for key in sorted(set(keys)):
            fd = _take(folder, key, holder, now, shared=shared)
            taken.append(fd)  # kept one by one, to give back
    except OSError as error:
        Held(taken, shared=shared).release()
        raise RefusedError("journal", f"no locks in {folder}: {error.strerror}") from error
    except RefusedError:
        Held(taken, shared=shared).release()
        raise
    return Held(taken, shared=shared)


def _path(folder: Path, key: str) -> Path:
    return folder / f"{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}.lock"


def _take(folder: Path, key: str, holder: Holder, now: float, *, shared: bool) -> int:
    fd = os.open(_path(folder, key), _FLAGS, 0o600)
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        content = os.pread(fd, 4_096, 0)
        os.close(fd)
        raise RefusedError("held", f"{_shown(key)} is held {_by(content, now)}") from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, msgspec.json.encode(holder), 0)
    return fd


def _shown(key: str) -> str:
    return key.removeprefix("target:")


def _by(content: bytes, now: float) -> str:
    try:
        other = msgspec.json.decode(content, type=Holder)
    except msgspec.DecodeError:
        return "by another run"
    age = max(0.0, now - other.since)
    return f"by {other.actor}: {other.action}, since {age:.0f} s (run {other.run})"


def find_holder(folder: Path, keys: Iterable[str], now: float, *, shared: bool = False) -> str:
    """Say who holds one of these locks now; empty: nobody. Blocks a little: call it on a thread."""
    for key in sorted(set(keys)):
        try:
            fd = os.open(_path(folder, key), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            # only who finds a name there tries: a lock that is held has one
            if content := os.pread(fd, 4_096, 0):
                fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                if not shared:
                    os.ftruncate(fd, 0)  # its holder died without taking its name away
        except BlockingIOError:
            return f"{_shown(key)} is held {_by(content, now)}"
        finally:
            os.close(fd)
    return ""


class Locksmith:
    """Takes locks for an engine's runs; who waits is served in the order they came."""

    def __init__(self, folder: Path, clock: Clock, disk: Executor) -> None:
        self._folder = folder
        self._clock = clock
        self._disk = disk
        self._waiting: list[frozenset[str]] = []

    async def take(
        self, keys: Sequence[str], holder: Holder, *, shared: bool, wait: float = 0.0
    ) -> Held:
        """Take all or none, waiting up to `wait` seconds behind those who came before.

        Raises:
            RefusedError: held, journal.
        """
        if not keys:
            return Held(())
        ours = frozenset(keys)
        until = self._clock.monotonic() + wait
        self._waiting.append(ours)
        try:
            while True:
                try:
                    return await self._try(ours, holder, shared=shared)
                except RefusedError as error:
                    if error.code != "held" or self._clock.monotonic() >= until:
                        raise
                await self._clock.sleep(TRY_EVERY)
        finally:
            self._waiting.remove(ours)

    async def _try(self, ours: frozenset[str], holder: Holder, *, shared: bool) -> Held:
        for before in self._waiting:
            if before is ours:
                break
            if common := sorted(before & ours):
                raise RefusedError("held", f"{_shown(common[0])}: another run waits for it")
        now = self._clock.now()
        return await asyncio.get_running_loop().run_in_executor(
            self._disk,
            lambda: take_locks(self._folder, ours, holder, now, shared=shared),
        )

    async def find_holder(self, keys: Sequence[str], *, shared: bool) -> str:
        """Say who holds one of these locks now; empty: nobody."""
        now = self._clock.now()
        return await asyncio.get_running_loop().run_in_executor(
            self._disk, lambda: find_holder(self._folder, keys, now, shared=shared)
        )
