"""How long what is kept: each table has an age and a size, and loses its oldest rows in slices."""

import sqlite3
from typing import Final, NamedTuple

DAY: Final = 86_400.0
SLICE: Final = 2_000
"""Rows deleted at once, so that a commit stays short."""


class Keep(NamedTuple):
    """One table's limits."""

    table: str
    age: float
    rows: int
    """A size cap, as rows of the table's usual length."""


LIMITS: Final = (
    Keep("block", DAY, (2 << 30) // 3_200),
    Keep("mean", 35 * DAY, (1 << 30) // 130),
    Keep("level", 35 * DAY, (1 << 30) // 130),
    Keep("result", 35 * DAY, (1 << 30) // 60),
    Keep("event", 400 * DAY, (256 << 20) // 300),
    Keep("episode", 400 * DAY, (256 << 20) // 800),
    Keep("step", 400 * DAY, (256 << 20) // 120),
    Keep("mark", 400 * DAY, (64 << 20) // 300),
    Keep("marked", 400 * DAY, (64 << 20) // 300),
    Keep("run", 400 * DAY, (256 << 20) // 4_000),
)


def prune(db: sqlite3.Connection, now: float, limits: tuple[Keep, ...] = LIMITS) -> int:
    """Delete one slice of what is too old or too much in each table.

    Returns:
        Rows deleted; when it is not zero there may be more.
    """
    return sum(_prune_one(db, keep, now) for keep in limits)


def _prune_one(db: sqlite3.Connection, keep: Keep, now: float) -> int:
    first, last = db.execute(f"SELECT min(id), max(id) FROM {keep.table}").fetchone()  # noqa: S608 our own words
    if first is None:
        return 0
    surplus = min(SLICE, last - first + 1 - keep.rows)
    oldest = f"SELECT id, at FROM {keep.table} ORDER BY id LIMIT {SLICE}"  # noqa: S608
    gone = [
        (row,)
        for index, (row, at) in enumerate(db.execute(oldest))
        if index < surplus or at < now - keep.age
    ]
    db.executemany(f"DELETE FROM {keep.table} WHERE id = ?", gone)  # noqa: S608
    return len(gone)
