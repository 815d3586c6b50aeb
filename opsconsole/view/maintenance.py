"""Maintenance windows as rows: those that are on, then those to come."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.maintenance import WindowState
from opsconsole.model.snapshot import Snapshot
from opsconsole.view.cells import cell, chosen
from opsconsole.view.expiring import window_words
from opsconsole.view.naming import folded
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Column, Row, Table, Tone

_COLUMNS: Final = (
    Column("glyph", "", 1, sortable=False),
    Column("name", "WHAT", 16, flexible=True),
    Column("when", "WHEN", 22, flexible=True, sortable=False),
    Column("on", "ON", 16, flexible=True, sortable=False),
    Column("hosts", "COVERS", 16, flexible=True, sortable=False, rank=1),
    Column("by", "BY", 8),
)


def table(snapshot: Snapshot, now: float, width: int, options: ViewOptions) -> Table:
    """List windows: on first, each by its end; then those to come, by their begin."""
    columns = chosen(_COLUMNS, width)
    found = sorted(
        snapshot.windows.values(), key=lambda w: (not w.is_on, w.ends if w.is_on else w.begins)
    )
    on = sum(state.is_on for state in found)
    return Table(
        columns=columns,
        rows=tuple(_row(state, now, columns, options) for state in found),
        title=cell(f"Maintenance {on} on, {len(found) - on} to come", Tone.STRONG),
        hint=cell("enter ends one   :maintain FILTER opens one", Tone.DIM),
        empty="No maintenance: x on a fire, :maintain FILTER, or `maintenance:` in the configuration.",
    )


def _row(state: WindowState, now: float, columns: Sequence[Column], options: ViewOptions) -> Row:
    window = state.window
    sign = options.glyphs.maintenance if state.is_on else options.glyphs.pending
    cells = {
        "glyph": cell(sign, Tone.MUTED),
        "name": cell(window.name),
        "when": cell(window_words(state, now), Tone.NORMAL if state.is_on else Tone.DIM),
        "on": cell(" ".join((window.on, *window.services)).strip()),
        "hosts": cell(folded(state.hosts), Tone.DIM),
        "by": cell(window.actor or "config", Tone.NORMAL if window.actor else Tone.DIM),
    }
    return Row(f"window:{window.id}", tuple(cells[column.id] for column in columns))
