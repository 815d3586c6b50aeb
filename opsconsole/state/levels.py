"""How full hosts' things are, over weeks: one row a host and moment, eight bytes a thing."""

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

STEP: Final = 600
"""Seconds between two rows of a host."""
COARSE: Final = 3_600
FINE_FOR: Final = 86_400
"""Seconds of the newest past that are read whole; before, the first row of each hour."""
METRIC: Final = "metric:"
"""Before a metric's key in the file's table of names."""

Levels = dict[str, dict[str, list[tuple[float, float]]]]
"""By host and metric key: times and shares, oldest first."""


def pack_levels(levels: Mapping[int, float]) -> bytes:
    """Pack shares by the number of their metric's name: all numbers, then all shares, four bytes each."""
    return array("I", levels.keys()).tobytes() + array("f", levels.values()).tobytes()


def unpack_levels(data: bytes) -> Iterator[tuple[int, float]]:
    """Read what `pack_levels` made; what is not whole is empty."""
    if len(data) % 8:
        return iter(())
    half = len(data) // 2
    return zip(array("I", data[:half]), array("f", data[half:]), strict=True)


def read_levels(db: sqlite3.Connection, hosts: Sequence[str], since: float) -> Levels:
    """Read hosts' rows since a time (epoch seconds)."""
    sql = f"SELECT id, substr(name, {len(METRIC) + 1}) FROM name WHERE name LIKE '{METRIC}%'"  # noqa: S608
    keys: dict[int, str] = dict(db.execute(sql))
    return {host: _of_host(db, host, since, keys) for host in hosts}


def _of_host(
    db: sqlite3.Connection, host: str, since: float, keys: Mapping[int, str]
) -> dict[str, list[tuple[float, float]]]:
    sql = (
        "SELECT at, data FROM level WHERE host = (SELECT id FROM name WHERE name = ?) AND at >= ?"
        " AND (at % ? < ? OR at >= (SELECT max(at) FROM level AS newest WHERE newest.host = level.host) - ?)"
        " ORDER BY at"
    )
    found: dict[str, list[tuple[float, float]]] = {}
    for at, data in db.execute(sql, (f"host:{host}", since, COARSE, STEP, FINE_FOR)):
        for number, share in unpack_levels(data):
            if (key := keys.get(number)) is not None:
                found.setdefault(key, []).append((float(at), share))
    return found
