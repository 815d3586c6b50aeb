"""The blast radius of an object as rows, worst first; each leads to what it is about."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.snapshot import Snapshot
from opsconsole.view.blast import Blast, Harm, Hit, blast
from opsconsole.view.cells import cell, chosen
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Column, Row, Table, Tone

_TONES: Final = {Harm.DOWN: Tone.CRITICAL, Harm.BLIND: Tone.STALE, Harm.WEAKENED: Tone.WARNING}
_COLUMNS: Final = (
    Column("harm", "WOULD BE", 8),
    Column("kind", "KIND", 7),
    Column("name", "NAME", 16, flexible=True),
    Column("left", "LEFT", 6, right=True),
    Column("fires", "FIRES", 5, right=True),
    Column("through", "BY THE LOSS OF", 16, flexible=True, sortable=False),
)


def table(snapshot: Snapshot, reference: str, width: int, options: ViewOptions) -> Table:
    """List what the loss of a host or a service would touch, by the declared edges."""
    found = blast(snapshot, reference)
    columns = chosen(_COLUMNS, width)
    return Table(
        columns=columns,
        rows=tuple(_row(hit, columns, options) for hit in found.hits),
        title=cell(f"Without {bare_name(reference)}: {_counts(found)}", Tone.STRONG),
        hint=cell("declared edges only", Tone.DIM),
        footer=cell(f"teams: {', '.join(found.teams)}", Tone.DIM) if found.teams else (),
        empty=f"Nothing that is declared needs {bare_name(reference)}.",
    )


def _counts(found: Blast) -> str:
    said = [f"{count} {harm}" for harm in Harm if (count := found.count(harm))]
    return ", ".join(said) or "nothing"


def _row(hit: Hit, columns: Sequence[Column], options: ViewOptions) -> Row:
    none = options.glyphs.none
    cells = {
        "harm": cell(str(hit.harm), _TONES[hit.harm]),
        "kind": cell(hit.on.partition(":")[0], Tone.DIM),
        "name": cell(bare_name(hit.on)),
        "left": cell(f"{hit.left}/{hit.carriers}" if hit.carriers else none),
        "fires": cell(str(hit.firing) if hit.firing else none),
        "through": cell(bare_name(hit.through), Tone.DIM),
    }
    return Row(hit.on, tuple(cells[column.id] for column in columns))
