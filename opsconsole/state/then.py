"""Reading back what was known around a moment: the last samples and answers before it, fires, events, runs."""

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import ServiceState
from opsconsole.state.blocks import MEAN, Point, unpack
from opsconsole.state.episodes import Burnt, read_burnt
from opsconsole.state.hosts import REACH
from opsconsole.state.loading import read_rows
from opsconsole.state.runs import RUNS_SHOWN
from opsconsole.state.series import block_points, mean_points
from opsconsole.state.world import EVENTS_SHOWN, Marks

WINDOW: Final = 900.0
"""Seconds that a row shows of its past, and for which a fire is seen resolved."""
_DAY: Final = 86_400.0
_REACHES: Final = 20_000
"""Events of hosts that are looked through for what was said of each last."""


class Spans(NamedTuple):
    """The seconds before a moment that have to be read, to know what stood there."""

    hosts: Mapping[str, float]
    checks: Mapping[str, float]


class Then(NamedTuple):
    """What the history has around one moment."""

    points: Mapping[str, Sequence[Point]]
    """By host, oldest first, none after the moment."""
    coarse: frozenset[str]
    """Hosts of whose samples only means of five minutes are left: their one point may be of after the moment."""
    results: Sequence[CheckResult]
    """Each check's oldest first."""
    fires: Sequence[Burnt]
    events: Sequence[Event]
    """The newest 500 before it, newest first."""
    marks: Mapping[str, Marks]
    """By episode, what people had put on it."""
    reaches: Mapping[str, Event]
    """By host, the newest event of its reach."""
    runs: Sequence[Run]
    """Those that had begun, newest first."""


def read_then(db: sqlite3.Connection, at: float, spans: Spans) -> Then:
    """Read what was known at a moment (epoch seconds)."""
    recent = "SELECT data FROM event WHERE at > ? AND at <= ? ORDER BY id DESC LIMIT ?"
    runs = "SELECT data FROM run WHERE at <= ? ORDER BY run DESC LIMIT ?"
    numbers = {name: number for number, name in db.execute("SELECT id, name FROM name")}
    tails = _tails(db, at - max(spans.hosts.values(), default=0.0), at)
    points, coarse = {}, set()
    for host, span in spans.hosts.items():
        number = numbers.get(f"host:{host}", 0)
        fine = _points(db, number, at, span, tails.get(number, ()))
        if found := fine or _mean(db, number, at, span):
            points[host] = found
            coarse |= set() if fine else {host}
    fires = read_burnt(db, at - WINDOW, at)
    return Then(
        points=points,
        coarse=frozenset(coarse),
        results=_results(db, at, spans.checks, numbers),
        fires=fires,
        events=read_rows(_data(db, recent, (at - _DAY, at, EVENTS_SHOWN)), Event),
        marks={burnt.alert.episode: _marks(db, burnt, at) for burnt in fires},
        reaches=_reaches(db, at),
        runs=read_rows(_data(db, runs, (at, RUNS_SHOWN)), Run),
    )


def read_step(db: sqlite3.Connection, at: float, step: int) -> float | None:
    """Find the time of the newest event up to a moment, or of the first one after it; None: there is none."""
    sql = (
        "SELECT max(at) FROM event WHERE at <= ?"
        if step < 0
        else "SELECT min(at) FROM event WHERE at > ?"
    )
    found: float | None = db.execute(sql, (at,)).fetchone()[0]
    return found


def _data(db: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> Iterable[bytes]:
    return (row[0] for row in db.execute(sql, values))


def _tails(db: sqlite3.Connection, since: float, at: float) -> Mapping[int, Sequence[Point]]:
    """Read what is in no block yet; the table is in the order of time, so it is walked once for all hosts."""
    found: dict[int, list[Point]] = {}
    sql = "SELECT host, at, data FROM tail WHERE at > ? AND at <= ?"
    for host, when, data in db.execute(sql, (since, at)):
        found.setdefault(host, []).append(Point(when, unpack(data)))
    return found


def _points(
    db: sqlite3.Connection, host: int, at: float, span: float, tail: Sequence[Point]
) -> Sequence[Point]:
    packed = block_points(db, host, at - span, at)
    found = [point for point in (*packed, *tail) if at - span < point.at <= at]
    return sorted(found, key=lambda point: point.at)


def _mean(db: sqlite3.Connection, host: int, at: float, span: float) -> Sequence[Point]:
    """Give the newest mean in which something was measured; the one around the moment stands for it."""
    newest = None
    for point in mean_points(db, host, at - span, at):
        was_measured = not all(map(math.isnan, point.values))
        if at - span < point.at <= at + MEAN / 2 and was_measured:
            newest = point
    if newest is None:
        return ()
    return (Point(at if at - newest.at <= MEAN / 2 else newest.at, newest.values),)


def _results(
    db: sqlite3.Connection, at: float, spans: Mapping[str, float], numbers: Mapping[str, int]
) -> list[CheckResult]:
    """Read each check's answers of its span; those that look back equally far are read together."""
    sql = 'SELECT "check", at, state, took, reason FROM result WHERE at > ? AND at <= ? ORDER BY at'
    alike: dict[float, dict[int, str]] = {}
    for check, span in spans.items():
        if (number := numbers.get(f"check:{check}")) is not None:
            alike.setdefault(span, {})[number] = check
    return [
        CheckResult(names[number], when, took, ServiceState(state), reason)
        for span, names in alike.items()
        for number, when, state, took, reason in db.execute(sql, (at - span, at))
        if number in names
    ]


def _marks(db: sqlite3.Connection, burnt: Burnt, at: float) -> Marks:
    sql = "SELECT data FROM marked WHERE episode = ? AND at <= ? ORDER BY id DESC LIMIT 1"
    found = read_rows(_data(db, sql, (burnt.alert.episode, at)), Marks)
    return found[0] if found else Marks()


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
