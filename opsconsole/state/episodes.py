"""Reading episodes back: what fired, who took it, when it was over."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.alert import Alert
from opsconsole.model.episode import Episode, Step
from opsconsole.model.states import AlertState, Severity
from opsconsole.state.loading import read_rows
from opsconsole.state.world import Marks

LIMIT: Final = 10_000
_MILDEST_FIRST: Final = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


class Burnt(NamedTuple):
    """What is kept of one fire."""

    fired_at: float
    closed: float | None
    """None: it burns still."""
    alert: Alert
    """As it was written last."""
    marks: Marks
    steps: Sequence[Step]
    """Oldest first."""


def read_episodes(
    db: sqlite3.Connection, since: float, until: float, *, on: str = "", limit: int = LIMIT
) -> tuple[Episode, ...]:
    """Read the episodes that burnt within a span, whole or in part; newest first.

    Args:
        db: The history.
        since: Epoch seconds; an episode that was over before it is left out.
        until: Epoch seconds; an episode that began after it is left out.
        on: Only on this reference; empty: all.
        limit: At most so many, the newest.
    """
    return tuple(_made(each) for each in read_burnt(db, since, until, on=on, limit=limit))


def read_burnt(
    db: sqlite3.Connection, since: float, until: float, *, on: str = "", limit: int = LIMIT
) -> list[Burnt]:
    """Read what is kept of a span's fires; as `read_episodes`."""
    sql = (
        "SELECT episode.at, episode.closed, episode.data, mark.data FROM episode"
        " LEFT JOIN mark USING (episode)"
        " WHERE episode.at <= ? AND (episode.closed IS NULL OR episode.closed >= ?)"
        " ORDER BY episode.at DESC, episode.id DESC"
    )
    found: list[Burnt] = []
    for at, closed, data, mark in db.execute(sql, (until, since)):
        for alert in read_rows([data], Alert):
            if on in ("", alert.on):
                marks = next(iter(read_rows([mark], Marks)), None) if mark is not None else None
                found.append(Burnt(at, closed, alert, marks or Marks(), ()))
        if len(found) >= min(limit, LIMIT):
            break
    steps = _steps(db, [each.alert.episode for each in found])
    return [each._replace(steps=steps.get(each.alert.episode, ())) for each in found]


def _steps(db: sqlite3.Connection, episodes: Sequence[str]) -> Mapping[str, Sequence[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    for begin in range(0, len(episodes), 500):
        some = episodes[begin : begin + 500]
        places = ",".join("?" * len(some))
        sql = f"SELECT episode, data FROM step WHERE episode IN ({places}) ORDER BY id"  # noqa: S608 only signs
        for episode, data in db.execute(sql, some):
            found[episode].extend(read_rows([data], Step))
    return found


def _made(burnt: Burnt) -> Episode:
    alert, marks = burnt.alert, burnt.marks
    severities = [alert.severity, *(step.severity for step in burnt.steps)]
    return Episode(
        episode=alert.episode,
        fingerprint=alert.fingerprint,
        name=alert.name,
        on=alert.on,
        severity=max(severities, key=_MILDEST_FIRST.index),
        state=alert.state,
        fired_at=burnt.fired_at,
        acked_at=marks.answered_at or (marks.ack.at if marks.ack is not None else None),
        resolved_at=burnt.closed if alert.state is AlertState.RESOLVED else None,
        owner=marks.owner or (marks.ack.actor if marks.ack is not None else None),
        source=alert.source,
        labels=alert.labels,
        summary=alert.summary,
        runbook=alert.runbook,
        suppressed_by=alert.suppressed_by,
        notes=marks.notes,
        steps=tuple(burnt.steps),
    )
