"""Reading series back: from memory what is young, from blocks what is of today, from means what is older."""

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from opsconsole.model.calls import Series
from opsconsole.state.blocks import BLOCK, KEPT, Point, unpack, unpack_block, unpack_means

OUTCOME_STEP: Final = 300
Value = Callable[[Point], float]
Loosen = Callable[[int, bytes], Iterable[Point]]


def host_points(db: sqlite3.Connection, host: str, since: float, until: float) -> list[Point]:
    """Read a host's points of a span: samples where there are, means before the first of them."""
    found = db.execute("SELECT id FROM name WHERE name = ?", (host,)).fetchone()
    if found is None:
        return []
    number = found[0]
    fine = [*block_points(db, number, since, until)]
    tail = "SELECT at, data FROM tail WHERE host = ? AND at >= ? AND at <= ? ORDER BY at"
    fine += [Point(at, unpack(data)) for at, data in db.execute(tail, (number, since, until))]
    first = fine[0].at if fine else math.inf
    coarse = mean_points(db, number, since, until)
    points = [*(point for point in coarse if point.at < first), *fine]
    return [point for point in points if since <= point.at <= until]


def block_points(
    db: sqlite3.Connection, number: int, since: float, until: float
) -> Iterator[Point]:
    """Walk the samples of a host's blocks that reach into a span; some lie outside of it."""
    return _pieces(db, "block", unpack_block, (number, since - BLOCK, until))


def mean_points(db: sqlite3.Connection, number: int, since: float, until: float) -> Iterator[Point]:
    """Walk a host's means that reach into a span; some lie outside of it."""
    return _pieces(db, "mean", unpack_means, (number, since - BLOCK, until))


def _pieces(
    db: sqlite3.Connection, table: str, loosen: Loosen, span: tuple[int, float, float]
) -> Iterator[Point]:
    sql = f"SELECT at, data FROM {table} WHERE host = ? AND at > ? AND at <= ? ORDER BY at"  # noqa: S608 our own words
    return chain.from_iterable(loosen(at, data) for at, data in db.execute(sql, span))


def check_points(
    db: sqlite3.Connection, check: str, since: float, until: float, *, below: str = ""
) -> list[Point]:
    """Read results as points of latency and failure (1 or 0), NaN where it was not known.

    Args:
        db: The history.
        check: The check's name in the file.
        since: Epoch seconds.
        until: Epoch seconds.
        below: Also every check whose name begins so; empty for none.
    """
    sql = (
        'SELECT result.at, state, took FROM result JOIN name ON name.id = result."check"'
        " WHERE (name.name = ? OR (? AND substr(name.name, 1, ?) = ?))"
        " AND at >= ? AND at <= ? ORDER BY at"
    )
    values = (check, bool(below), len(below), below, since, until)
    return [Point(at, _answer(state, took)) for at, state, took in db.execute(sql, values)]


class Outcome(NamedTuple):
    """Answers of one check that are alike, in one step of time."""

    check: str
    slot: int
    """The epoch's step of `OUTCOME_STEP` seconds."""
    state: str
    slow: bool
    times: int


def outcomes(
    db: sqlite3.Connection, checks: Mapping[str, float], since: float, until: float
) -> list[Outcome]:
    """Count the results of checks by time and state.

    Args:
        db: The history.
        checks: Names as in the file (`check:shop/web`), each with the seconds above which it is slow.
        since: Epoch seconds.
        until: Epoch seconds.
    """
    sql = (
        f"SELECT CAST(at / {OUTCOME_STEP} AS INTEGER), state, took > ?, COUNT(*) FROM result"  # noqa: S608
        ' WHERE "check" = (SELECT id FROM name WHERE name = ?) AND at >= ? AND at < ? GROUP BY 1, 2, 3'
    )
    return [
        Outcome(check, slot, state, bool(slow), times)
        for check, limit in checks.items()
        for slot, state, slow, times in db.execute(sql, (limit, check, since, until))
    ]


def _answer(state: str, took: float) -> Sequence[float]:
    if state == "unknown":
        return (math.nan, math.nan)
    return (took, 1.0 if state == "down" else 0.0)


def to_series(
    points: Iterable[Point],
    columns: Mapping[str, int | None],
    *,
    since: float,
    until: float,
    count: int,
) -> Series:
    """Bring points to equal steps by their means.

    Args:
        points: In any order.
        columns: Metric to the place of its value in a point; None for one that is not kept.
        since: Begin of the first step.
        until: End of the last one.
        count: Steps, at least one.
    """
    count = max(1, count)
    step = max((until - since) / count, 1e-9)
    sums: dict[tuple[str, int], tuple[float, int]] = {}
    for point in points:
        index = min(count - 1, max(0, int((point.at - since) / step)))
        for name, column in columns.items():
            if column is not None and not math.isnan(value := point.values[column]):
                total, known = sums.get((name, index), (0.0, 0))
                sums[name, index] = (total + value, known + 1)
    values = {
        name: tuple(
            sums[name, i][0] / sums[name, i][1] if (name, i) in sums else None for i in range(count)
        )
        for name in columns
    }
    return Series(at=tuple(since + step * (i + 1) for i in range(count)), values=values)


def host_columns(metrics: Iterable[str]) -> dict[str, int | None]:
    """Say where each metric of a host stands in a point."""
    places = {name: index for index, name in enumerate(KEPT)}
    return {name: places.get(name) for name in metrics}


def check_columns(metrics: Iterable[str]) -> dict[str, int | None]:
    """Say where each metric of a check stands in a point."""
    return {name: {"check.latency": 0, "check.failed": 1}.get(name) for name in metrics}
