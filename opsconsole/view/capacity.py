"""Capacity in words and as a table: what fills first on top, a range and never one number."""

from collections.abc import Sequence
from typing import Final

from opsconsole.alerting.capacity import name_of
from opsconsole.model.capacity import Capacity, Resource
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen, safe_cell
from opsconsole.view.glyphs import ASCII, Glyphs
from opsconsole.view.host_filter import host_passes
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone

KIND: Final = "resource:"
NEARLY_FULL: Final = 0.8
"""Shown from here on even where nothing says that it fills."""
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0
_BOTH_FROM: Final = 4 * _DAY
"""Seconds of past from which there are two estimates."""
_FLAT: Final = 0.005
"""A course within so much of the whole is drawn flat."""
_STILL: Final = 0.0005
"""A change a day that reads as none."""

HEAD: Final = ("HOST", "RESOURCE", "NOW", "PER DAY", "FULL IN", "DAILY LOWS", "RESTS ON")
_COLUMNS: Final = (
    Column("host", "HOST", 14, flexible=True),
    Column("resource", "RESOURCE", 14, flexible=True),
    Column("now", "NOW", 4, right=True),
    Column("trend", "PER DAY", 8, right=True),
    Column("full", "FULL IN", 10, right=True),
    Column("lows", "BY LOWS", 8, right=True, rank=2),
    Column("agree", "", 1, rank=2),
    Column("span", "SEEN", 4, right=True, rank=3),
    Column("spark", "COURSE", 16, rank=1),
)


def worth_showing(
    resources: Sequence[Resource], within: float | None = None
) -> tuple[Resource, ...]:
    """Keep what fills within so many seconds; without a limit, what fills at all or is nearly full."""
    if within is not None:
        return tuple(r for r in resources if r.earliest is not None and r.earliest <= within)
    return tuple(r for r in resources if r.fills or r.level >= NEARLY_FULL)


def full_words(resource: Resource) -> str:
    """Say when it is full: `3-5d`, `20h-3d`, `9d or later`; `-` where it does not fill, `?` where nobody knows."""
    if resource.level >= 1.0 or resource.earliest == 0.0:
        return "full"
    if resource.earliest is None:
        return "?" if resource.per_day is None else "-"
    first = span_words(resource.earliest)
    if resource.latest is None:
        return f"{first} +"
    last = span_words(resource.latest)
    if first == last:
        return first
    return f"{first[:-1] if first[-1] == last[-1] else first}-{last}"


def span_words(seconds: float) -> str:
    """Write a time ahead as coarsely as it is known: `40m`, `20h`, `12d`."""
    if seconds < _HOUR:
        return f"{seconds / 60:.0f}m"
    return f"{seconds / _HOUR:.0f}h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f}d"


def trend_words(resource: Resource) -> str:
    """Write the change a day in points of per cent: `+1.2%`; `?` where nobody knows."""
    if resource.per_day is None:
        return "?"
    return "0%" if abs(resource.per_day) < _STILL else f"{resource.per_day * 100:+.1f}%"


def plain_rows(resources: Sequence[Resource]) -> list[tuple[str, ...]]:
    """Lay them out as plain columns."""
    return [
        (
            each.host,
            each.name,
            f"{each.level:.0%}",
            trend_words(each),
            full_words(each),
            f"{_lows(each, ASCII)} {_agreement(each, ASCII)}".rstrip(),
            f"{each.points} points, {span_words(each.span)}",
        )
        for each in resources
    ]


def key_of(resource: Resource) -> str:
    """Name a row: what the course of it is asked by."""
    return f"{KIND}{resource.host} {resource.metric}"


def host_and_metric(key: str) -> tuple[str, str]:
    """Take a row's key apart."""
    host, _, metric = key.removeprefix(KIND).partition(" ")
    return host, metric


def words_of(key: str) -> str:
    """Say what a row is about: `db-02 disk /data`."""
    host, metric = host_and_metric(key)
    return f"{host} {name_of(metric)}"


def table(
    capacity: Capacity | None, snapshot: Snapshot, now: float, width: int, options: ViewOptions
) -> Table:
    """Show what fills, the first to be full on top; None: the engine has not answered yet."""
    columns = chosen(_COLUMNS, width)
    if capacity is None:
        return Table(columns, (), cell("Capacity", Tone.STRONG), empty="Reading the past.")
    every = capacity.resources
    passes = host_passes(snapshot, now, options)
    shown = [
        each for each in (every if options.wide else worth_showing(every)) if passes(each.host)
    ]
    return Table(
        columns=columns,
        rows=tuple(_row(each, columns, options.glyphs) for each in shown),
        title=cell(f"Capacity {len(shown)}", Tone.STRONG),
        hint=cell("full first   enter plots it   w shows all", Tone.DIM),
        footer=cell(capacity.note or _rest(len(every) - len(shown)), Tone.DIM),
        empty=_empty(capacity),
    )


def _rest(others: int) -> str:
    return f"{others} more neither fill nor are over {NEARLY_FULL:.0%}" if others else ""


def _empty(capacity: Capacity) -> str:
    if not capacity.resources:
        return "Nothing is known of any disk, inode, memory or table yet."
    young = all(each.per_day is None for each in capacity.resources)
    return (
        "The past is too short to say what fills: it wants 5 hours." if young else "Nothing fills."
    )


def _row(each: Resource, columns: Sequence[Column], glyphs: Glyphs) -> Row:
    cells: dict[str, Cell] = {
        "host": cell(each.host),
        "resource": cell(each.name),
        "now": cell(f"{each.level:.0%}"),
        "trend": cell(trend_words(each), Tone.DIM),
        "full": cell(full_words(each), Tone.STRONG if each.fills else Tone.DIM),
        "lows": cell(_lows(each, glyphs), Tone.DIM),
        "agree": cell(_agreement(each, glyphs), Tone.DIM),
        "span": cell(span_words(each.span), Tone.DIM),
        "spark": safe_cell(fmt.spark(course_steps(each.steps), 16, glyphs), Tone.SPARK_DIM),
    }
    return Row(key_of(each), tuple(cells[column.id] for column in columns))


def _agreement(each: Resource, glyphs: Glyphs) -> str:
    """Say by a sign whether both estimates agree; nothing where there is only one."""
    if not each.fills or each.span < _BOTH_FROM:
        return ""
    return glyphs.same if each.agrees else glyphs.differs


def _lows(each: Resource, glyphs: Glyphs) -> str:
    return glyphs.none if each.daily is None else span_words(each.daily)


def course_steps(steps: Sequence[float | None]) -> str:
    """Write a course as the digits of a spark, from its lowest to its highest."""
    known = [step for step in steps if step is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high - low < _FLAT:
        return "".join("?" if step is None else "1" for step in steps)
    scale = 7 / (high - low)
    return "".join("?" if step is None else str(1 + round((step - low) * scale)) for step in steps)
