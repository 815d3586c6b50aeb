"""The history's one writer: a thread that commits once a second, and goes on in memory when the disk does not."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from opsconsole.clock import Clock
from opsconsole.state.database import is_broken, open_database, set_aside, words_for
from opsconsole.state.keeping import Loaded
from opsconsole.state.loading import load
from opsconsole.state.retention import prune
from opsconsole.state.statements import LevelRow, ResultRow, SampleRow, Statement
from opsconsole.state.tail import Tail

COMMIT: Final = 1.0
RETRY: Final = 60.0
PRUNE: Final = 60.0
BACKLOG: Final = 20_000
"""Statements held while the disk refuses; samples and results are dropped, memory has the last hour."""

log = logging.getLogger(__name__)


class Durable(NamedTuple):
    """Statements that somebody waits for, committed with `synchronous=FULL`."""

    statements: tuple[Statement, ...]
    done: Callable[[str], None]
    """Called in the writer's thread: with nothing when they are on the disk, else with why they are not."""


class Told(NamedTuple):
    """What the writer has to say, from its thread."""

    loaded: Callable[[Loaded], None]
    fault: Callable[[str], None]
    """Why nothing can be written now; empty when it can again."""
    aside: Callable[[str], None]
    """A file was set aside; its new name."""


Item = SampleRow | ResultRow | LevelRow | Statement | Durable


class Writer:
    """Owns the thread and the connection."""

    def __init__(
        self, path: Path, clock: Clock, told: Told, *, max_bytes: int | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._told = told
        self._max_bytes = max_bytes
        self._items: deque[Item] = deque()
        self._held: deque[Item] = deque()
        self._db: sqlite3.Connection | None = None
        self._tail: Tail | None = None
        self._retry_at = 0.0
        self._prune_at = 0.0
        self._fault = ""
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)

    def start(self) -> None:
        """Start the thread; it opens the file first and tells what it found."""
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over one thing to write; never waits."""
        self._items.append(item)
        if isinstance(item, Durable):
            self._wake.set()

    def retry(self) -> None:
        """Try the disk again now."""
        self._retry_at = 0.0
        self._wake.set()

    def stop(self, timeout: float) -> bool:
        """Write what is there and end the thread; tells whether it ended in time (seconds)."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._cycle()
        while not self._stop.is_set():
            self._wake.wait(COMMIT)
            self._wake.clear()
            self._cycle()
        self._cycle()  # what came while the last one was under way
        if self._db is not None:
            self._db.close()

    def _cycle(self) -> None:
        if self._db is None and self._clock.monotonic() >= self._retry_at:
            self._open()
        while self._items:
            self._held.append(self._items.popleft())
        if self._db is not None and self._held:
            self._write()
        if self._db is None:
            self._let_go()
        elif self._clock.monotonic() >= self._prune_at:
            self._prune()

    def _open(self) -> None:
        try:
            db = self._opened()
            self._tail = Tail(db)
            loaded = load(db)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return
        self._db = db
        self._say("")
        self._told.loaded(loaded)

    def _opened(self) -> sqlite3.Connection:
        try:
            return open_database(self._path, max_bytes=self._max_bytes)
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
            log.warning("history cannot be read: %s", error)
            self._told.aside(set_aside(self._path, self._clock.now()).name)
            return open_database(self._path, max_bytes=self._max_bytes)

    def _write(self) -> None:
        assert self._db is not None
        batch = list(self._held)
        durable = [item for item in batch if isinstance(item, Durable)]
        try:
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            self._write_all(batch)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._fail(error)
            return
        self._held.clear()
        for item in durable:
            item.done("")

    def _write_all(self, batch: Sequence[Item]) -> None:
        assert self._tail is not None
        assert self._db is not None
        for item in batch:
            statements = item.statements if isinstance(item, Durable) else (item,)
            for statement in statements:
                if isinstance(statement, Statement):
                    self._db.execute(*statement)
        self._tail.put_samples(item for item in batch if isinstance(item, SampleRow))
        self._tail.put_results(item for item in batch if isinstance(item, ResultRow))
        self._tail.put_levels(item for item in batch if isinstance(item, LevelRow))

    def _prune(self) -> None:
        """Delete one slice; come back at once while there is more."""
        assert self._db is not None
        try:
            self._db.execute("BEGIN IMMEDIATE")
            deleted = prune(self._db, self._clock.now())
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._fail(error)
            return
        self._prune_at = self._clock.monotonic() + (COMMIT if deleted else PRUNE)

    def _fail(self, error: Exception) -> None:
        """Go on in memory; the file stays as the last commit left it."""
        log.warning("history: %s", error)
        if self._db is not None:
            self._db.close()  # rolls back what was begun
        self._db = self._tail = None
        broken = isinstance(error, sqlite3.Error) and is_broken(error)
        self._retry_at = self._clock.monotonic() + (0.0 if broken else RETRY)
        self._say(words_for(error))

    def _let_go(self) -> None:
        """While the disk refuses: nobody waits, samples go, the rest is held up to a limit."""
        kept: deque[Item] = deque(maxlen=BACKLOG)
        for item in self._held:
            if isinstance(item, Durable):
                kept.extend(item.statements)
                item.done(self._fault)
            elif isinstance(item, Statement):
                kept.append(item)
        self._held = kept

    def _say(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            self._told.fault(fault)
