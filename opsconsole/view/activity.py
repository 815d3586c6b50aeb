"""The Activity pane: what happened, newest first, one line each."""

from collections.abc import Iterable
from typing import Final

from opsconsole.model.event import Event
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import event_env
from opsconsole.view import format as fmt
from opsconsole.view.cache import RowCache, Sieve
from opsconsole.view.cells import cell, safe_cell, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone

LIMIT: Final = 500
_OF_KIND: Final = {
    "acked": "ack",
    "taken": "ack",
    "noted": "note",
    "note": "note",
    "run": "run",
    "deploy": "event",
    "unlock": "event",
    "freeze": "event",
    "config": "note",
    "engine": "note",
}
_COLUMNS: Final = (
    Column("time", "", 8, sortable=False),
    Column("glyph", "", 1, sortable=False),
    Column("what", "", 20, flexible=True, sortable=False),
)


def table(
    snapshot: Snapshot,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    cache: RowCache | None = None,
) -> Table:
    """Make the Activity pane; its columns have no titles: the rows read as lines."""
    del width
    cache = cache or RowCache()
    newest = sorted(snapshot.events.values(), key=lambda event: (event.at, event.id), reverse=True)
    sieve: Sieve[Event] = Sieve(
        options.filter, cache, "event", lambda event: event_env(event, now, options.me), now
    )
    shown = sieve.passing((str(event.id), event, False) for event in newest[:LIMIT])
    rows = tuple(_row(event, now, options, cache) for event in shown)
    cache.forget("event", {str(event.id): event for event in newest})
    return Table(
        columns=_COLUMNS,
        rows=rows,
        title=cell("Activity", Tone.STRONG),
        hint=cell(options.filter.source or "all", Tone.DIM),
        empty="Nothing has happened yet.",
    )


def lines(
    events: Iterable[Event],
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> tuple[Cell, ...]:
    """Write events as lines, for Peek and drill-downs."""
    return tuple(_line(event, now, options) for event in events)


def _line(event: Event, now: float, options: ViewOptions) -> Cell:
    time, glyph, what = _cells(event, now, options)
    gap = cell(" ")
    return (*time, *gap, *glyph, *gap, *what)


def _row(event: Event, now: float, options: ViewOptions, cache: RowCache) -> Row:
    stamp = (options.glyphs, options.time, int(now) if options.time == "relative" else 0)
    return cache.value(
        "event",
        str(event.id),
        event,
        stamp,
        lambda: Row(f"event:{event.id}", _cells(event, now, options)),
    )


def _cells(event: Event, now: float, options: ViewOptions) -> tuple[Cell, Cell, Cell]:
    relative = options.time == "relative"
    time = fmt.age(now - event.at) if relative else fmt.clock_time(event.at, options.time)
    return safe_cell(time, Tone.DIM), _glyph(event, options.glyphs), cell(event_text(event))


def event_text(event: Event) -> str:
    """Say what happened, with the person in front where it was one."""
    if event.kind in ("acked", "taken", "noted", "run", "unlock", "freeze") and event.actor:
        return event.text if event.text.startswith(event.actor) else f"{event.actor} {event.text}"
    if event.kind == "deploy" and not event.text.startswith("deploy"):
        return f"deploy {event.text}"
    return event.text


def _glyph(event: Event, glyphs: Glyphs) -> Cell:
    if event.severity in ("critical", "warning", "unknown", "ok", "down", "degraded"):
        return cell(state_glyph(event.severity, glyphs), state_tone(event.severity))
    sign: str = getattr(glyphs, _OF_KIND.get(event.kind, "dot"))
    return cell(sign, Tone.ACCENT)
