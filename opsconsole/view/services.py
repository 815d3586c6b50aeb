"""The Services pane: what users know by name, whether it answers, how fast, how often not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from opsconsole.model.snapshot import ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import ServiceState, state_rank
from opsconsole.query.environments import service_env
from opsconsole.view import census
from opsconsole.view import format as fmt
from opsconsole.view.cache import RowCache, Sieve
from opsconsole.view.cells import WAITING, cell, chosen, safe_cell, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.hosts import hint, row_tone
from opsconsole.view.naming import natural_key
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.tally import count_of_bad, tally

_NORMAL_FROM: Final = 45
_WIDE_FROM: Final = 70
_BAD: Final = (ServiceState.DOWN, ServiceState.DEGRADED, ServiceState.UNKNOWN)
_GLYPH: Final = Column("glyph", "", 1, sortable=False)


def columns(width: int, options: ViewOptions, present: frozenset[str]) -> tuple[Column, ...]:
    """Choose the columns for a width inside the frame; one without a source is absent."""
    if options.wide:
        width = max(width, _NORMAL_FROM if width < _NORMAL_FROM else _WIDE_FROM)
    compact, wide = width < _NORMAL_FROM, width >= _WIDE_FROM
    every = (
        _GLYPH,
        Column("service", "SERVICE", 9 if compact else 16 if wide else 12, flexible=not wide),
        Column("up", "UP", 5),
        Column("p95", "P95", 5 if compact else 6, right=True, rank=2),
        Column("errors", "ERR%", 4, right=True, rank=3),
        Column("age", "AGE", 4, right=True, rank=7),
        Column("alerts", "AL", 2, right=True, rank=6),
        Column(
            "spark", "15m" if compact else "ERR15m", 4 if compact else 7, rank=4, sortable=False
        ),
        Column("note", "NOTE", 16, flexible=True, rank=8, sortable=False),
    )
    left_out = {"age", "alerts", "note"} if compact else set() if wide else {"alerts", "note"}
    left_out |= _SOURCED - present
    return chosen((column for column in every if column.id not in left_out), width)


_SOURCED: Final = frozenset({"errors", "spark"})


def sources(records: Iterable[ServiceRecord]) -> frozenset[str]:
    """Tell which columns have a source in at least one service."""
    found: set[str] = set()
    for record in records:
        if record.error_ratio is not None:
            found.add("errors")
        if record.spark:
            found.add("spark")
    return frozenset(found)


def table(
    snapshot: Snapshot,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    cache: RowCache | None = None,
) -> Table:
    """Make the Services pane; arguments as for fires."""
    cache = cache or RowCache()
    shown = _sorted(_passing(snapshot, now, options, cache), options)
    wanted = columns(width, options, sources(snapshot.services.values()))
    rows = tuple(_row(record, now, wanted, options, cache) for record in shown)
    cache.forget(snapshot.services)
    total = len(snapshot.services)
    footer = cell(f"{len(rows)} of {total} shown", Tone.DIM) if len(rows) < total else ()
    return Table(
        columns=wanted,
        rows=rows,
        title=_title(snapshot, width, options.glyphs),
        hint=cell(hint(options), Tone.DIM),
        footer=footer,
        empty=_empty(snapshot, options),
    )


def is_bad(record: ServiceRecord) -> bool:
    """Tell whether a service is a fault."""
    return record.state in _BAD


def passing(record: ServiceRecord, now: float) -> str:
    """Write how many of a service's checks pass, `2/6`; `?` where none can be believed."""
    total = len(record.checks)
    if not total:
        return "-"
    if all(is_stale(check, now) for check in record.checks):
        return f"?/{total}"
    up = sum(c.state in (ServiceState.UP, ServiceState.DEGRADED) for c in record.checks)
    return f"{up}/{total}"


def _passing(
    snapshot: Snapshot, now: float, options: ViewOptions, cache: RowCache
) -> list[ServiceRecord]:
    records: Iterable[ServiceRecord] = snapshot.services.values()
    if options.faults_only:
        records = [record for record in records if is_bad(record)]
    sieve: Sieve[ServiceRecord] = Sieve(
        options.filter, cache, "service", lambda record: service_env(record, now, options.me), now
    )
    return sieve.passing((record.name, record, is_stale(record, now)) for record in records)


def _order(record: ServiceRecord) -> tuple[object, ...]:
    return (state_rank(record.state), natural_key(record.name))


_SORTS: Final[Mapping[str, Callable[[ServiceRecord], float]]] = {
    "p95": lambda record: -(record.p95 or 0.0),
    "errors": lambda record: -(record.error_ratio or 0.0),
    "alerts": lambda record: -record.alerts,
    "age": lambda record: record.at,
    "up": lambda record: -sum(check.state is ServiceState.DOWN for check in record.checks),
    "service": lambda _: 0.0,
}


def _sorted(records: list[ServiceRecord], options: ViewOptions) -> list[ServiceRecord]:
    value = _SORTS.get(options.sort)
    if value is None:
        records.sort(key=_order)
    else:
        records.sort(key=lambda record: (value(record), natural_key(record.name)))
    return records[::-1] if options.inverted else records


class _Seen(NamedTuple):
    record: ServiceRecord
    now: float
    stale: bool
    glyphs: Glyphs
    spark_width: int


def _row(
    record: ServiceRecord,
    now: float,
    wanted: tuple[Column, ...],
    options: ViewOptions,
    cache: RowCache,
) -> Row:
    stale = is_stale(record, now)
    spark = next((column.width for column in wanted if column.id == "spark"), 0)
    seen = _Seen(record, now, stale, options.glyphs, spark)
    age = fmt.age_of(record.at, now, options.glyphs)
    stamp = (stale, age, passing(record, now), wanted, options.glyphs)
    return cache.value("service", record.name, record, stamp, lambda: _make_row(seen, wanted))


def _make_row(seen: _Seen, wanted: tuple[Column, ...]) -> Row:
    cells = tuple(_CELLS[column.id](seen) for column in wanted)
    return Row(f"service:{seen.record.name}", cells, row_tone(seen.record.state))


def _seconds(seconds: float | None, seen: _Seen) -> Cell:
    if seconds is None or seen.stale:
        return cell(seen.glyphs.none)
    return safe_cell(fmt.duration(seconds))


def _age(seen: _Seen) -> Cell:
    text = fmt.age_of(seen.record.at, seen.now, seen.glyphs)
    return safe_cell(text, Tone.STALE if seen.stale and seen.record.at else Tone.NORMAL)


def _spark(seen: _Seen) -> Cell:
    tone = Tone.SPARK if is_bad(seen.record) else Tone.SPARK_DIM
    text = fmt.spark(seen.record.spark, seen.spark_width, seen.glyphs)
    if "?" in text and seen.stale:
        tone = Tone.STALE
    return safe_cell(text, tone)


_CELLS: Final[Mapping[str, Callable[[_Seen], Cell]]] = {
    "glyph": lambda s: cell(state_glyph(s.record.state, s.glyphs), state_tone(s.record.state)),
    "service": lambda s: cell(s.record.name),
    "up": lambda s: cell(passing(s.record, s.now)),
    "p95": lambda s: _seconds(s.record.p95 if s.record.p95 is not None else s.record.latency, s),
    "errors": lambda s: safe_cell(fmt.tenths(None if s.stale else s.record.error_ratio, s.glyphs)),
    "age": _age,
    "alerts": lambda s: cell(str(min(s.record.alerts, 99))),
    "spark": _spark,
    "note": lambda s: cell(s.record.reason, Tone.DIM),
}


def _title(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Cell:
    counts = census.services(snapshot.services)
    total = len(snapshot.services)
    if width < _NORMAL_FROM:
        return cell(f"Services {total}{count_of_bad(counts)}", Tone.STRONG)
    head = cell(f"Services {total}: " if total else "Services 0", Tone.STRONG)
    return (*head, *tally(counts, glyphs))


def _empty(snapshot: Snapshot, options: ViewOptions) -> str:
    if not snapshot.engine.pid:
        return WAITING
    if not snapshot.services:
        return "No services: add some with `http:` or `tcp:` in opsconsole.yaml."
    if options.filter.source:
        return f"No service passes `{cell(options.filter.source)[0].text}`; esc clears it."
    return "No service is at fault."
