"""The Activity pane: what happened, newest first, one line each."""

from collections.abc import Iterable, Mapping
from typing import Final

from opsconsole.model.event import Event
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import event_env
from opsconsole.view import format as fmt
from opsconsole.view.cache import RowCache, Sieve
from opsconsole.view.cells import WAITING, cell, chosen, safe_cell, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.naming import bare_name
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
    Column("time", "", 8, sortable=False, rank=1),
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
    cache = cache or RowCache()
    newest = sorted(snapshot.events.values(), key=lambda event: (event.at, event.id), reverse=True)
    sieve: Sieve[Event] = Sieve(
        options.filter, cache, "event", lambda event: event_env(event, now, options.me), now
    )
    shown = sieve.passing((str(event.id), event, False) for event in newest[:LIMIT])
    columns = chosen(_COLUMNS, width)
    first = len(_COLUMNS) - len(columns)
    rows = tuple(_row(event, now, first, options, cache) for event in shown)
    cache.forget({str(event.id): event for event in newest})
    return Table(
        columns=columns,
        rows=rows,
        title=cell("Activity", Tone.STRONG),
        hint=cell(options.filter.source or "all", Tone.DIM),
        empty="Nothing has happened yet." if snapshot.engine.pid else WAITING,
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


def _row(event: Event, now: float, first: int, options: ViewOptions, cache: RowCache) -> Row:
    tick = int(now) if options.time == "relative" else 0
    stamp = (options.glyphs, options.time, tick, first)
    return cache.value(
        "event",
        str(event.id),
        event,
        stamp,
        lambda: Row(f"event:{event.id}", _cells(event, now, options)[first:]),
    )


def _cells(event: Event, now: float, options: ViewOptions) -> tuple[Cell, Cell, Cell]:
    time = fmt.when(event.at, now, options.time)
    return safe_cell(time, Tone.DIM), _glyph(event, options.glyphs), cell(event_text(event))


def event_text(event: Event) -> str:
    """Say what happened, with the person in front where it was one."""
    if event.kind in _DEEDS and event.actor:
        return _deed(event)
    if event.kind == "deploy" and not event.text.startswith("deploy"):
        return f"deploy {event.text}"
    name = event.subject.partition(":")[2]
    text = f"{event.text} resolved" if event.kind == "resolved" else event.text
    if event.kind in ("fired", "resolved", "let-go") and name and name not in event.text:
        return f"{name} {text}"
    return text


_DEEDS: Final[Mapping[str, str]] = {
    "acked": "acked", "taken": "took", "noted": "noted on", "run": "", "unlock": "", "freeze": "",
}  # fmt: skip
"""What a person did, and its verb where the event's text has none."""


def _deed(event: Event) -> str:
    """Say who did what to which fire: `op1 took PgReplLag db-02`, `op1 noted on FsSpace db-02: mine`."""
    if event.text.startswith(event.actor):
        return event.text
    verb, alert = _DEEDS[event.kind], event.data.get("alert", "")
    if not verb or not alert or not event.text.startswith(alert):
        return f"{event.actor} {event.text}"
    said = event.text.removeprefix(alert).strip()
    if event.kind != "noted" and said in _SAYS_IT_ALL:
        return f"{event.actor}: {alert} {bare_name(event.subject)}: {said}"
    if event.kind == "taken" and said.startswith("to "):
        return f"{event.actor} gave {alert} {bare_name(event.subject)} {said}"
    told = f"{event.actor} {verb} {alert} {bare_name(event.subject)}".rstrip()
    return f"{told}: {said}" if said else told


_SAYS_IT_ALL: Final = ("gave it back", "the ack is over", "took the ack back")


def _glyph(event: Event, glyphs: Glyphs) -> Cell:
    if event.severity in ("critical", "warning", "unknown", "ok", "down", "degraded"):
        return cell(state_glyph(event.severity, glyphs), state_tone(event.severity))
    sign: str = getattr(glyphs, _OF_KIND.get(event.kind, "dot"))
    return cell(sign, Tone.ACCENT)
