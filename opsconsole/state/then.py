"""Reading back what was known around a moment: the last samples and answers before it, fires, events, runs."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import ServiceState
from opsconsole.state.blocks import BLOCK, MEAN, Point, unpack, unpack_block, unpack_means
from opsconsole.state.episodes import Burnt, read_burnt
from opsconsole.state.hosts import REACH
from opsconsole.state.loading import read_rows
from opsconsole.state.runs import RUNS_SHOWN
from opsconsole.state.world import EVENTS_SHOWN

WINDOW: Final = 900.0
"""Seconds before the moment that are read: what a row shows of its past, and how long a fire is seen resolved."""
_DAY: Final = 86_400.0
_REACHES: Final = 20_000
"""Events of hosts that are looked through for what was said of each last."""


class Then(NamedTuple):
    """What the history has around one moment."""

    points: Mapping[str, Sequence[Point]]
    """By host, oldest first, none after the moment; of what is older than a day, its five minutes' mean."""
    results: Sequence[CheckResult]
    """Of all checks, oldest first."""
    fires: Sequence[Burnt]
    events: Sequence[Event]
    """The newest 500 before it, newest first."""
    reaches: Mapping[str, Event]
    """By host, the newest event of its reach."""
    runs: Sequence[Run]
    """Those that had begun, newest first."""


def read_then(
    db: sqlite3.Connection, at: float, hosts: Iterable[str], checks: Mapping[str, float]
) -> Then:
    """Read it.

    Args:
        db: The history.
        at: Epoch seconds.
        hosts: Their names.
        checks: Names, each with the seconds before the moment whose answers are wanted.
    """
    recent = "SELECT data FROM event WHERE at > ? AND at <= ? ORDER BY id DESC LIMIT ?"
    runs = "SELECT data FROM run WHERE at <= ? ORDER BY run DESC LIMIT ?"
    numbers = {name: number for number, name in db.execute("SELECT id, name FROM name")}
    tails = _tails(db, at)
    return Then(
        points={
            host: points
            for host in hosts
            if (number := numbers.get(f"host:{host}")) is not None
            and (points := _points(db, number, at, tails.get(number, ())))
        },
        results=_results(db, at, checks, {number: name for name, number in numbers.items()}),
        fires=read_burnt(db, at - WINDOW, at),
        events=read_rows(_data(db, recent, (at - _DAY, at, EVENTS_SHOWN)), Event),
        reaches=_reaches(db, at),
        runs=read_rows(_data(db, runs, (at, RUNS_SHOWN)), Run),
    )


def read_step(db: sqlite3.Connection, at: float, step: int) -> float | None:
    """Find the time of the newest event before a moment, or of the first one after it; None: there is none."""
    sql = (
        "SELECT max(at) FROM event WHERE at < ?"
        if step < 0
        else "SELECT min(at) FROM event WHERE at > ?"
    )
    found: float | None = db.execute(sql, (at,)).fetchone()[0]
    return found


def _data(db: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> Iterable[bytes]:
    return (row[0] for row in db.execute(sql, values))


def _tails(db: sqlite3.Connection, at: float) -> Mapping[int, Sequence[Point]]:
    """Read what is in no block yet; the table is in the order of time, so it is walked once for all hosts."""
    found: dict[int, list[Point]] = {}
    sql = "SELECT host, at, data FROM tail WHERE at > ? AND at <= ?"
    for host, when, data in db.execute(sql, (at - WINDOW, at)):
        found.setdefault(host, []).append(Point(when, unpack(data)))
    return found


def _points(db: sqlite3.Connection, host: int, at: float, tail: Sequence[Point]) -> Sequence[Point]:
    rows = "SELECT at, data FROM {} WHERE host = ? AND at > ? AND at <= ? ORDER BY at"
    blocks = db.execute(rows.format("block"), (host, at - WINDOW - BLOCK, at))
    packed = (point for start, data in blocks for point in unpack_block(start, data))
    found = [point for point in (*packed, *tail) if at - WINDOW < point.at <= at]
    return sorted(found, key=_time) or [
        Point(at, point.values)
        for start, data in db.execute(rows.format("mean"), (host, at - BLOCK, at))
        for point in unpack_means(start, data)
        if abs(point.at - at) <= MEAN / 2
    ]


def _time(point: Point) -> float:
    return point.at


def _results(
    db: sqlite3.Connection, at: float, checks: Mapping[str, float], names: Mapping[int, str]
) -> list[CheckResult]:
    sql = 'SELECT "check", at, state, took, reason FROM result WHERE at > ? AND at <= ? ORDER BY at'
    longest = max(checks.values(), default=0.0)
    found = []
    for number, when, state, took, reason in db.execute(sql, (at - longest, at)):
        check = names.get(number, "").removeprefix("check:")
        if when > at - checks.get(check, 0.0):
            found.append(CheckResult(check, when, took, ServiceState(state), reason))
    return found


def _reaches(db: sqlite3.Connection, at: float) -> Mapping[str, Event]:
    sql = (
        "SELECT data FROM event WHERE at > ? AND at <= ? AND subject >= 'host:' AND subject < 'host;'"
        " ORDER BY id DESC LIMIT ?"
    )
    found: dict[str, Event] = {}
    for event in read_rows(_data(db, sql, (at - _DAY, at, _REACHES)), Event):
        if REACH in event.data:
            found.setdefault(event.subject.removeprefix("host:"), event)
    return found
