"""Incidents as rows: those that are open, then the closed ones."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.incident import Incident
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Column, Row, Table, Tone

_COLUMNS: Final = (
    Column("id", "ID", 5),
    Column("status", "STATUS", 7),
    Column("severity", "SEV", 8, rank=1),
    Column("age", "FOR", 4, sortable=False),
    Column("by", "LEADS", 8),
    Column("title", "WHAT", 24, flexible=True),
    Column("on", "ON", 14, flexible=True, sortable=False),
)
_TONES: Final = {"active": Tone.CRITICAL, "stable": Tone.WARNING}


def table(snapshot: Snapshot, now: float, width: int, options: ViewOptions) -> Table:
    """List incidents: open ones first, the newest on top."""
    del options
    columns = chosen(_COLUMNS, width)
    found = sorted(snapshot.incidents.values(), key=lambda i: (not i.is_open, -i.opened))
    live = sum(each.is_open for each in found)
    return Table(
        columns=columns,
        rows=tuple(_row(each, now, columns) for each in found),
        title=cell(f"Incidents {live} open, {len(found) - live} closed", Tone.STRONG),
        hint=cell("enter timeline   :incident TITLE opens one", Tone.DIM),
        empty="No incident: :incident on a fire opens one.",
    )


def _row(one: Incident, now: float, columns: Sequence[Column]) -> Row:
    tone = _TONES.get(one.status, Tone.DIM)
    cells = {
        "id": cell(one.id),
        "status": cell(one.status, tone),
        "severity": cell(one.severity, Tone.NORMAL if one.is_open else Tone.DIM),
        "age": cell(fmt.age((now if one.closed is None else one.closed) - one.began), Tone.DIM),
        "by": cell(one.commander),
        "title": cell(one.title, Tone.NORMAL if one.is_open else Tone.DIM),
        "on": cell(folded(bare_name(each) for each in one.on), Tone.DIM),
    }
    return Row(f"incident:{one.id}", tuple(cells[column.id] for column in columns))
