"""What a new engine reads of the history when it starts: the newest events and runs, what had not ended."""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.state.keeping import Loaded
from opsconsole.state.world import EVENTS_SHOWN, Marks

RUNS: Final = 50

Row = TypeVar("Row")


def load(db: sqlite3.Connection) -> Loaded:
    """Read it; a row of a format we do not know is left out."""
    events = db.execute("SELECT data FROM event ORDER BY id DESC LIMIT ?", (EVENTS_SHOWN,))
    runs = db.execute("SELECT data FROM run ORDER BY run DESC LIMIT ?", (RUNS,))
    open_ = "SELECT data FROM episode WHERE closed IS NULL"
    marks = db.execute(
        "SELECT mark.episode, mark.data FROM mark JOIN episode USING (episode) WHERE closed IS NULL"
    )
    return Loaded(
        events=tuple(reversed(_all(events, Event))),
        marks={episode: found[0] for episode, data in marks if (found := read_rows([data], Marks))},
        alerts=_all(db.execute(open_), Alert),
        runs=_all(runs, Run),
        kept=dict(db.execute("SELECT name, data FROM kept")),
    )


def read_rows(rows: Iterable[bytes], kind: type[Row]) -> tuple[Row, ...]:
    """Decode packed records; a row of a format we do not know is left out."""
    decode = msgspec.msgpack.Decoder(kind).decode
    found = []
    for data in rows:
        with suppress(msgspec.DecodeError):
            found.append(decode(data))
    return tuple(found)


def _all(cursor: sqlite3.Cursor, kind: type[Row]) -> tuple[Row, ...]:
    return read_rows((row[0] for row in cursor), kind)
