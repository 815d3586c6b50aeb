"""The history's file: its tables, how it is opened, and what happens to one that cannot be read."""

import os
import sqlite3
from pathlib import Path
from typing import Final

VERSION: Final = 1
BUSY: Final = 2.0
"""Seconds to wait for somebody else's lock."""
CHECKED_SIZE: Final = 64 << 20
"""A file up to this size is checked whole when it is opened."""

_SERIES: Final = (
    "(id INTEGER PRIMARY KEY, host INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL)"
)
_RECORD: Final = "at REAL NOT NULL, data BLOB NOT NULL)"
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS tail (host INTEGER NOT NULL, {_RECORD};
CREATE TABLE IF NOT EXISTS block {_SERIES};
CREATE INDEX IF NOT EXISTS block_host ON block (host, at);
CREATE TABLE IF NOT EXISTS mean {_SERIES};
CREATE INDEX IF NOT EXISTS mean_host ON mean (host, at);
CREATE TABLE IF NOT EXISTS level {_SERIES};
CREATE INDEX IF NOT EXISTS level_host ON level (host, at);
CREATE TABLE IF NOT EXISTS result (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, "check" INTEGER NOT NULL,
    state TEXT NOT NULL, took REAL NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS result_at ON result (at);
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, {_RECORD};
CREATE INDEX IF NOT EXISTS event_at ON event (at);
CREATE TABLE IF NOT EXISTS episode (
    id INTEGER PRIMARY KEY, episode TEXT NOT NULL UNIQUE, closed REAL, {_RECORD};
CREATE INDEX IF NOT EXISTS episode_open ON episode (closed) WHERE closed IS NULL;
CREATE INDEX IF NOT EXISTS episode_closed ON episode (closed);
CREATE TABLE IF NOT EXISTS step (id INTEGER PRIMARY KEY, episode TEXT NOT NULL, {_RECORD};
CREATE INDEX IF NOT EXISTS step_episode ON step (episode);
CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY, episode TEXT NOT NULL UNIQUE, {_RECORD};
CREATE TABLE IF NOT EXISTS marked (id INTEGER PRIMARY KEY, episode TEXT NOT NULL, {_RECORD};
CREATE INDEX IF NOT EXISTS marked_episode ON marked (episode);
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, {_RECORD};
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
"""

_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class BrokenFileError(sqlite3.DatabaseError):
    """The file is there and cannot be read as a history."""


def open_database(path: Path, *, max_bytes: int | None = None) -> sqlite3.Connection:
    """Open or make the history's file; for one thread.

    Args:
        path: The file; made with mode 0600.
        max_bytes: The file never grows past this; writing more fails as on a full disk.

    Raises:
        BrokenFileError: It is truncated, garbage or empty.
        sqlite3.Error: It cannot be opened now: locked, read-only, disk full.
        OSError: It cannot be made: no such folder, no permission.
    """
    fresh = _touched(path)
    db = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    try:
        _prepare(db, path, fresh=fresh, max_bytes=max_bytes)
    except sqlite3.Error as error:
        db.close()
        if is_broken(error):
            raise BrokenFileError(str(error)) from error
        raise
    return db


def is_broken(error: sqlite3.Error) -> bool:
    """Tell whether an error means that the file itself is bad, not its circumstances."""
    if isinstance(error, BrokenFileError):
        return True
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BROKEN


def set_aside(path: Path, now: float) -> Path:
    """Rename a file that cannot be read, with its log, to `.corrupt-TIME`; nothing is deleted."""
    aside = path.with_name(f"{path.name}.corrupt-{int(now)}")
    path.replace(aside)
    for tail in ("-wal", "-shm"):
        log = path.with_name(path.name + tail)
        if log.exists():
            log.replace(aside.with_name(aside.name + tail))
    return aside


def words_for(error: Exception) -> str:
    """Say in a few words why the file cannot be written."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    words = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "its folder is read-only",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
        sqlite3.SQLITE_PERM: "its folder is read-only",
        sqlite3.SQLITE_BUSY: "another program has locked it",
        sqlite3.SQLITE_LOCKED: "another program has locked it",
        sqlite3.SQLITE_IOERR: "the disk fails",
    }
    return words.get(code) or (str(error) or type(error).__name__)


def _touched(path: Path) -> bool:
    """Make the file for us alone; tell whether it is new."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    os.close(handle)
    return True


def _prepare(db: sqlite3.Connection, path: Path, *, fresh: bool, max_bytes: int | None) -> None:
    if not fresh and path.stat().st_size == 0 and not path.with_name(path.name + "-wal").exists():
        raise BrokenFileError("the file is empty")
    db.execute("PRAGMA journal_mode=WAL").fetchone()
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA journal_size_limit=4194304")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if not fresh and found != VERSION:
        raise BrokenFileError(f"its version is {found}, not {VERSION}")
    if not fresh and path.stat().st_size <= CHECKED_SIZE:
        told = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if told != "ok":
            raise BrokenFileError(told)
    if max_bytes is not None:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={max(1, max_bytes // size)}")
    db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")
