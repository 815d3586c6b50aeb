"""What is written to the history: one statement with its values a record."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from opsconsole.model.alert import Alert
from opsconsole.model.episode import Step
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.states import AlertState
from opsconsole.state.world import Marks

_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Statement(NamedTuple):
    """One write; kept in memory while the disk refuses it."""

    sql: str
    values: tuple[object, ...]


class SampleRow(NamedTuple):
    """One packed sample on its way to the tail."""

    host: str
    at: float
    data: bytes


class ResultRow(NamedTuple):
    """One check result on its way."""

    check: str
    at: float
    state: str
    took: float
    reason: str


class LevelRow(NamedTuple):
    """How full the things of one host are, on its way: metric keys and shares."""

    host: str
    at: float
    levels: Mapping[str, float]


def put_event(event: Event) -> Statement:
    """Write an event; the file numbers its rows itself, in the order in which they were told."""
    sql = "INSERT INTO event (at, subject, data) VALUES (?, ?, ?)"
    return Statement(sql, (event.at, event.subject, _ENCODE(event)))


def put_alert(alert: Alert) -> Statement:
    """Write an episode's newest state; a resolved one is closed."""
    closed = alert.since if alert.state is AlertState.RESOLVED else None
    sql = (
        "INSERT INTO episode (episode, at, closed, data) VALUES (?, ?, ?, ?) ON CONFLICT (episode)"
        " DO UPDATE SET closed = excluded.closed, data = excluded.data"
    )
    return Statement(sql, (alert.episode, alert.since, closed, _ENCODE(alert)))


def put_step(alert: Alert, at: float) -> Statement:
    """Write one step of an episode's life."""
    step = Step(at, alert.state, alert.severity, alert.suppressed_by, alert.flap)
    sql = "INSERT INTO step (episode, at, data) VALUES (?, ?, ?)"
    return Statement(sql, (alert.episode, at, _ENCODE(step)))


def put_run(run: Run) -> Statement:
    """Write a run's newest state."""
    sql = (
        "INSERT INTO run (run, at, data) VALUES (?, ?, ?) ON CONFLICT (run)"
        " DO UPDATE SET data = excluded.data"
    )
    return Statement(sql, (run.id, run.at, _ENCODE(run)))


def put_marks(marks: Mapping[str, Marks], at: float) -> tuple[Statement, ...]:
    """Write people's marks on episodes, as they are and beside what they were."""
    sql = (
        "INSERT INTO mark (episode, at, data) VALUES (?, ?, ?) ON CONFLICT (episode)"
        " DO UPDATE SET at = excluded.at, data = excluded.data"
    )
    log = "INSERT INTO marked (episode, at, data) VALUES (?, ?, ?)"
    rows = [(key, at, _ENCODE(mark)) for key, mark in marks.items()]
    return tuple(Statement(each, row) for row in rows for each in (sql, log))


def put_kept(name: str, data: bytes) -> Statement:
    """Write a small thing another room wants back after a restart."""
    sql = "INSERT OR REPLACE INTO kept (name, data) VALUES (?, ?)"
    return Statement(sql, (name, data))
