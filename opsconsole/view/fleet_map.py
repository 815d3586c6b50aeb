"""The fleet as one cell a host, by role: a fault is seen as a place, whatever the size of the fleet."""

from collections import defaultdict
from typing import Final

from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.view.cells import cell, joined, span, state_tone, width_of
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.hosts import is_bad, role
from opsconsole.view.naming import natural_key
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Span, Tone
from opsconsole.view.sections import Section
from opsconsole.view.tally import tally
from opsconsole.view.triage import count_by_state

_LABEL: Final = 6
_GAP: Final = "   "


def section(
    snapshot: Snapshot,
    width: int,
    height: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the map for a pane's inside; where it does not fit, roles without a fault are counted."""
    groups: dict[str, list[HostRecord]] = defaultdict(list)
    for record in sorted(snapshot.hosts.values(), key=lambda r: natural_key(r.name)):
        groups[role(record) or "other"].append(record)
    title = cell("Fleet map", Tone.STRONG)
    hint = cell("one cell a host, by role", Tone.DIM)
    for drawn in (_whole, _counted, _tallied):
        lines = _flow(
            [drawn(name, groups[name], width, options.glyphs) for name in sorted(groups)], width
        )
        if len(lines) <= height:
            break
    return Section("fleet", tuple(lines), title, hint)


def _whole(name: str, records: list[HostRecord], width: int, glyphs: Glyphs) -> list[Cell]:
    """Draw every host of a role; a long one takes several lines."""
    signs = [span(state_glyph(r.state, glyphs), _tone(r)) for r in records]
    room = max(1, width - _LABEL)
    pieces = [tuple(signs[at : at + room]) for at in range(0, len(signs), room)]
    return [(_label(name if not nth else ""), *piece) for nth, piece in enumerate(pieces)]


def _counted(name: str, records: list[HostRecord], width: int, glyphs: Glyphs) -> list[Cell]:
    if any(is_bad(record) for record in records):
        return _whole(name, records, width, glyphs)
    return _tallied(name, records, width, glyphs)


def _tallied(name: str, records: list[HostRecord], width: int, glyphs: Glyphs) -> list[Cell]:
    del width
    return [(_label(name), *tally(count_by_state(r.state for r in records), glyphs))]


def _tone(record: HostRecord) -> Tone:
    tone = state_tone(record.state)
    return Tone.DIM if tone is Tone.OK else tone


def _label(name: str) -> Span:
    return span(name[: _LABEL - 1].ljust(_LABEL), Tone.ACCENT)


def _flow(groups: list[list[Cell]], width: int) -> list[Cell]:
    """Set short groups side by side, long ones on lines of their own."""
    lines: list[Cell] = []
    for group in groups:
        last = lines[-1] if lines else ()
        fits = len(group) == 1 and last and width_of(last) + len(_GAP) + width_of(group[0]) <= width
        if fits:
            lines[-1] = joined((last, group[0]), _GAP)
        else:
            lines.extend(group)
    return lines
