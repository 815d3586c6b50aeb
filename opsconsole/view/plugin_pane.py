"""A plugin's pane as a table of ours: its rows, its lines, or its series; how old it is, and what is wrong."""

from collections.abc import Iterator, Sequence
from typing import Final

from opsconsole.model.pane import PaneData
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, width_of
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone

_TONES: Final = {tone.value: tone for tone in Tone}
_WIDEST: Final = 40
_STEPS: Final = 40


def table(data: PaneData | None, now: float, options: ViewOptions) -> Table:
    """Make the table; None: it was not asked yet."""
    if data is None:
        return Table((), (), empty="asking the plugin ...")
    rows = tuple(_rows(data, options.glyphs))
    return Table(
        _columns(data, rows),
        rows,
        title=cell(data.title, Tone.STRONG),
        hint=_hint(data, now),
        footer=cell(data.error, Tone.WARNING) if data.error else (),
        empty=data.error or "the plugin has nothing to show",
    )


def names(snapshot: Snapshot) -> dict[str, str]:
    """Name every pane that plugins bring: id to title."""
    return {
        each.id: each.title or each.id
        for plugin in snapshot.plugins.values()
        if not plugin.error
        for each in plugin.contributes
        if each.kind == "pane"
    }


def _hint(data: PaneData, now: float) -> Cell:
    if not data.at:
        return cell("never answered", Tone.STALE)
    age = max(0.0, now - data.at)
    is_old = bool(data.error) or age > 2 * data.every + 10
    said = f"{fmt.age(age)} old" if is_old else f"every {data.every:g} s"
    return joined([cell(said, Tone.STALE if is_old else Tone.DIM), cell(data.pane, Tone.DIM)])


def _rows(data: PaneData, glyphs: Glyphs) -> Iterator[Row]:
    for number, row in enumerate(data.rows):
        cells = tuple(cell(one.text, _TONES.get(one.tone, Tone.NORMAL)) for one in row)
        yield Row(f"row:{number}:{row[0].text if row else ''}", cells)
    for number, line in enumerate(data.lines):
        yield Row(f"line:{number}", (cell(line),))
    for name, values in data.series.items():
        last = cell(f"{values[-1]:g}" if values else "", Tone.STRONG)
        floor = min((*values, 0.0))  # below nothing is drawn as nothing
        drawn = fmt.spark_of(tuple(value - floor for value in values), _STEPS, glyphs)
        yield Row(f"series:{name}", (cell(name, Tone.ACCENT), last, cell(drawn, Tone.SPARK)))


def _columns(data: PaneData, rows: Sequence[Row]) -> tuple[Column, ...]:
    titles = data.columns or (("SERIES", "LAST", "") if data.series else ("",))
    last = len(titles) - 1
    return tuple(
        Column(
            f"c{place}",
            title,
            min(_WIDEST, max([len(title), *(_wide(row, place) for row in rows)], default=1)) or 1,
            flexible=place == last,
            sortable=False,
        )
        for place, title in enumerate(titles)
    )


def _wide(row: Row, place: int) -> int:
    return width_of(row.cells[place]) if place < len(row.cells) else 0
