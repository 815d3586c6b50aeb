"""The journal of one run: a line is on disk before what it announces happens, chained to the one before.

One folder a run: `plan.json`, `journal.jsonl`, `run.json` at the end, `out/<target>.<step>.out|err`. A write that
fails closes the journal for good: whoever cannot record does not dispatch.
"""

import fcntl
import hashlib
import os
import threading
from asyncio import CancelledError, Future, get_running_loop, shield
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec

from opsconsole.clock import Clock
from opsconsole.runs.chain import FIRST, JOURNAL, Chain, JournalError, read_chain

_LOCK: Final = "lock"
_SMALL: Final = 64 << 10
"""Bytes that the page cache takes at once."""
_ROOM: Final = 8 << 20
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Field = str | int | float | bool | None | tuple[str, ...] | Mapping[str, str]


class Journal:
    """Writes one run's folder; every blocking call happens on the executor."""

    def __init__(self, folder: Path, clock: Clock, executor: Executor) -> None:
        """Set up; `create` makes the folder, `reopen` takes up an earlier one."""
        self.folder = folder
        self._clock = clock
        self._executor = executor
        self._writing = threading.Lock()
        self._fd = -1
        self._lock_fd = -1
        self._n = 0
        self._prev = FIRST
        self.broken = ""
        """Why it cannot be written any more; empty while it can."""
        self.room = _ROOM
        """Bytes of output that may still stand in its lines: it is read back as a whole."""

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self._prev

    async def create(self, plan: bytes) -> None:
        """Make the folder with plan.json, hold its lock, and open the journal.

        Raises:
            JournalError: The disk refused.
        """
        await get_running_loop().run_in_executor(self._executor, self._create, plan)

    @classmethod
    def reopen(cls, folder: Path, clock: Clock, executor: Executor) -> "Journal | None":
        """Take up the journal of an engine that died; None when that engine lives. Blocks.

        Raises:
            JournalError: It cannot be opened, or its chain is broken.
        """
        journal = cls(folder, clock, executor)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            journal._lock_fd = os.open(folder / _LOCK, flags, 0o600)
            fcntl.flock(journal._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            journal._take_up(read_chain(folder))
        except BlockingIOError:
            journal.close()
            return None
        except OSError as error:
            journal.close()
            raise JournalError(f"journal {folder}: {error.strerror}") from error
        except JournalError:
            journal.close()
            raise
        return journal

    async def append(self, kind: str, *, sync: bool, **fields: Field) -> None:
        """Write one line; with `sync` it is on the disk when this returns. Cancelled, it is written all the same.

        Raises:
            JournalError: It could not be written, or an earlier one could not.
        """
        if not sync and self._writing.acquire(blocking=False):
            # the page cache takes it in microseconds; only what must be on the disk is worth a thread
            try:
                self._write(kind, fields, sync=False)
            finally:
                self._writing.release()
            return
        writing = get_running_loop().run_in_executor(
            self._executor, lambda: self.write(kind, fields, sync=sync)
        )
        try:
            await shield(writing)  # a line that was begun is finished, and none overtakes it
        except CancelledError:
            writing.add_done_callback(_look_at)
            raise

    def write(self, kind: str, fields: Mapping[str, Field], *, sync: bool) -> None:
        """Write one line here and now; for the end of the process, where nobody waits any more.

        Raises:
            JournalError: As `append`.
        """
        with self._writing:
            self._write(kind, fields, sync=sync)

    def _write(self, kind: str, fields: Mapping[str, Field], *, sync: bool) -> None:
        if self.broken or self._fd < 0:
            raise JournalError(f"journal {self.folder.name}: {self.broken or 'is closed'}")
        line = msgspec.json.encode(
            {
                "n": self._n,
                "t_mono": self._clock.monotonic(),
                "t_wall": self._clock.now(),
                "prev": self._prev,
                "kind": kind,
                **fields,
            }
        )
        try:
            _write_all(self._fd, line + b"\n")
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            self.broken = f"cannot be written: {error.strerror}"
            raise JournalError(f"journal {self.folder.name}: {self.broken}") from error
        self._n += 1
        self._prev = hashlib.sha256(line).hexdigest()

    async def keep(self, name: str, content: bytes, *, sync: bool = True) -> None:
        """Put a file into the folder, once; a failure breaks nothing but is told.

        Without `sync` it may be lost with the power, and a small one needs no thread.

        Raises:
            JournalError: The disk refused.
        """
        if not sync and len(content) <= _SMALL:
            self._keep(name, content, sync=False)
            return
        await get_running_loop().run_in_executor(self._executor, self._keep, name, content)

    async def renew(self, name: str, content: bytes) -> None:
        """Write a file of the folder anew: either the old or the new one is there, whole.

        Raises:
            JournalError: The disk refused.
        """
        await get_running_loop().run_in_executor(self._executor, self._renew, name, content)

    async def seal(self, send: Callable[[str], None] | None, word: str) -> None:
        """Tell another log the head hash, so that a journal that is cut or edited later is found out."""
        if send is None or self.broken:
            return
        text = f"run {self.folder.name} {word}: line {self._n}, head {self._prev}"
        await get_running_loop().run_in_executor(self._executor, send, text)

    def close(self) -> None:
        """Close the files; the folder's lock goes with them."""
        with self._writing:
            for fd in (self._fd, self._lock_fd):
                if fd >= 0:
                    os.close(fd)
            self._fd = self._lock_fd = -1

    def _create(self, plan: bytes) -> None:
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700)
            (self.folder / "out").mkdir(mode=0o700)
            self._lock_fd = os.open(self.folder / _LOCK, _FLAGS, 0o600)
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keep("plan.json", plan)
            self._fd = os.open(self.folder / JOURNAL, _FLAGS | os.O_APPEND, 0o600)
            _sync_folder(self.folder)
            _sync_folder(self.folder.parent)
        except OSError as error:
            self.close()
            raise JournalError(f"journal {self.folder}: {error.strerror}") from error

    def _take_up(self, chain: Chain) -> None:
        """Go on behind the last whole line; a torn one is cut off."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self.folder / JOURNAL, flags)
        os.ftruncate(self._fd, chain.size)
        self._n, self._prev = len(chain.entries), chain.head

    def _keep(self, name: str, content: bytes, *, sync: bool = True) -> None:
        try:
            fd = os.open(self.folder / name, _FLAGS, 0o600)
            try:
                _write_all(fd, content)
                if sync:
                    os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise JournalError(f"journal {self.folder.name}/{name}: {error.strerror}") from error

    def _renew(self, name: str, content: bytes) -> None:
        partial = self.folder / f"{name}.new"
        try:
            partial.unlink(missing_ok=True)
            self._keep(partial.name, content)
            partial.replace(self.folder / name)
            _sync_folder(self.folder)
        except OSError as error:
            raise JournalError(f"journal {self.folder.name}/{name}: {error.strerror}") from error


def _look_at(writing: Future[None]) -> None:
    """Nobody waits for this line any more; its failure is in `broken`."""
    if not writing.cancelled():
        writing.exception()


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
