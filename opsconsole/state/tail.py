"""From samples to blocks: a time-major tail that can be lost at most by a second, packed every ten minutes."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from opsconsole.state.blocks import block_of, pack_means, pack_row
from opsconsole.state.levels import METRIC, pack_levels
from opsconsole.state.statements import LevelRow, ResultRow, SampleRow

LATE: Final = 60.0
"""Seconds after a block's end at which it is packed: late samples have come by then."""


class Tail:
    """Holds the block that is being filled; lives in the writer's thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ids: dict[str, int] = dict(db.execute("SELECT name, id FROM name"))
        self._open: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
        for at, host, data in db.execute("SELECT at, host, data FROM tail ORDER BY rowid"):
            self._add(at, host, data)

    def put_samples(self, rows: Iterable[SampleRow]) -> None:
        """Write samples to the tail, and pack what is old enough."""
        known = [(row.at, self.id_of(row.host), row.data) for row in rows]
        self._db.executemany("INSERT INTO tail (at, host, data) VALUES (?, ?, ?)", known)
        for row in known:
            self._add(*row)
        if known:
            self._pack(max(at for at, _, _ in known))

    def _add(self, at: float, host: int, data: bytes) -> None:
        start = block_of(at)
        self._open[start, host] += pack_row(start, at, data)

    def put_results(self, rows: Iterable[ResultRow]) -> None:
        """Write check results."""
        self._db.executemany(
            'INSERT INTO result (at, "check", state, took, reason) VALUES (?, ?, ?, ?, ?)',
            [(row.at, self.id_of(row.check), row.state, row.took, row.reason) for row in rows],
        )

    def put_levels(self, rows: Iterable[LevelRow]) -> None:
        """Write how full hosts' things are."""
        for row in rows:
            known = {self.id_of(f"{METRIC}{key}"): share for key, share in row.levels.items()}
            self._put("level", self.id_of(row.host), int(row.at), pack_levels(known))

    def id_of(self, name: str) -> int:
        """Give the number a name is stored as."""
        if (found := self._ids.get(name)) is not None:
            return found
        cursor = self._db.execute("INSERT INTO name (name) VALUES (?)", (name,))
        self._ids[name] = number = int(cursor.lastrowid or 0)
        return number

    def _pack(self, newest: float) -> None:
        current = block_of(newest - LATE)
        ready = sorted(key for key in self._open if key[0] < current)
        if not ready:
            return
        for start, host in ready:
            block = bytes(self._open.pop((start, host)))
            self._put("block", host, start, block)
            self._put("mean", host, start, pack_means(block))
        self._db.execute("DELETE FROM tail WHERE at < ?", (current,))

    def _put(self, table: str, host: int, at: int, data: bytes) -> None:
        sql = f"INSERT INTO {table} (host, at, data) VALUES (?, ?, ?)"  # noqa: S608 our own two words
        self._db.execute(sql, (host, at, data))
