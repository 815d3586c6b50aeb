"""Bytes that the history writes for one host sample, beside a wide table whose key begins with the host."""

import array
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.table import Line
from opsconsole.state.blocks import pack
from opsconsole.state.database import open_database
from opsconsole.state.statements import SampleRow
from opsconsole.state.tail import Tail

_EVERY = 10
_SPAN = 1_800
"""Seconds of samples: three blocks."""
_METRICS = (
    "cpu.busy", "cpu.iowait", "load.1m", "load.5m", "load.per_core", "mem.used_ratio", "mem.available",
    "swap.used_ratio", "net.rx_total", "net.tx_total", "fs.worst_used_ratio", "ssh.rtt",
)  # fmt: skip


def _written() -> int:
    """Bytes that this process handed to the system's write calls."""
    for line in Path("/proc/self/io").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "wchar":
            return int(value)
    raise LookupError("wchar")


def _a_second(db: sqlite3.Connection, put: Callable[[int, range], None], hosts: int) -> float:
    """Write every second's hosts in a transaction of its own; bytes a sample."""
    before = _written()
    for second in range(_SPAN):
        db.execute("BEGIN IMMEDIATE")
        put(second, range(second % _EVERY, hosts, _EVERY))
        db.execute("COMMIT")
    db.close()
    return (_written() - before) / (hosts * _SPAN / _EVERY)


def _ours(folder: Path, hosts: int) -> float:
    db = open_database(folder / "history.db")
    tail = Tail(db)

    def put(second: int, which: range) -> None:
        at = 1_700_000_000.0 + second
        metrics = {name: (second * 7919 + n) % 1000 / 10 for n, name in enumerate(_METRICS)}
        data = pack(metrics)
        tail.put_samples([SampleRow(f"host:h{i}", at, data) for i in which])

    return _a_second(db, put, hosts)


def _wide(folder: Path, hosts: int) -> float:
    db = sqlite3.connect(folder / "wide.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    columns = ", ".join(f"m{n} REAL" for n in range(len(_METRICS)))
    db.execute(f"CREATE TABLE sample (host, at, {columns}, PRIMARY KEY (host, at)) WITHOUT ROWID")
    marks = ", ".join("?" * (len(_METRICS) + 2))

    def put(second: int, which: range) -> None:
        values = array.array("d", ((second * 7919 + n) % 1000 / 10 for n in range(len(_METRICS))))
        db.executemany(
            f"INSERT INTO sample VALUES ({marks})", [(i, second, *values) for i in which]
        )

    return _a_second(db, put, hosts)


def bytes_written(hosts: int) -> Iterator[Line]:
    """Write half an hour of samples both ways."""
    with tempfile.TemporaryDirectory(prefix="opsc-") as folder:
        ours, wide = _ours(Path(folder), hosts), _wide(Path(folder), hosts)
    yield Line(
        f"bytes written a host sample, {hosts} hosts each {_EVERY} s for {_SPAN // 60} min, a commit a second",
        f"{ours:,.0f} bytes; wide table keyed (host, time) {wide:,.0f}",
        {"bytes / wide table <= 0.1": ours / wide},
    )
