"""The fleet as one cell a host, by role: a fault is seen as a place, whatever the size of the fleet."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import HostState
from opsconsole.view.cells import cell, joined, span, state_tone, width_of
from opsconsole.view.format import shorten
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.hosts import is_bad, role
from opsconsole.view.naming import natural_key
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Span, Tone
from opsconsole.view.sections import Section
from opsconsole.view.tally import tally
from opsconsole.view.triage import count_by_state

_LONGEST_LABEL: Final = 12
_GAP: Final = "   "


def section(
    snapshot: Snapshot,
    width: int,
    height: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the map for a pane's inside; where it does not fit, roles without a fault are counted."""
    groups: dict[str, list[HostRecord]] = defaultdict(list)
    for name in _in_order(tuple(snapshot.hosts)):
        record = snapshot.hosts[name]
        groups[role(record) or "other"].append(record)
    title = cell("Fleet map", Tone.STRONG)
    hint = cell("one cell a host, by role", Tone.DIM)
    label = min(_LONGEST_LABEL, max((len(name) for name in groups), default=0) + 1)
    pen = _Pen(width, label, options.glyphs)
    ways = (_whole, _counted, _tallied)
    for drawn in ways if len(snapshot.hosts) <= width * height else ways[1:]:
        lines = _flow([drawn(name, groups[name], pen) for name in sorted(groups)], width)
        if len(lines) <= height:
            break
    return Section("fleet", tuple(lines), title, hint)


def drawn(hosts: Mapping[str, HostRecord]) -> tuple[object, ...]:
    """Give all that the map draws of hosts: the same map belongs to equal ones, whatever else changed."""
    every = hosts.values()
    return (list(hosts), *(list(map(part, every)) for part in _DRAWN))


_DRAWN: Final = tuple(map(attrgetter, ("state", "labels", "groups")))


@lru_cache(maxsize=2)
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=natural_key))


class _Pen(NamedTuple):
    """What drawing a role needs: the pane's width, the width of a label, the signs."""

    width: int
    label: int
    glyphs: Glyphs

    def name(self, name: str) -> Span:
        """Write a role's name as wide as every other."""
        return span(shorten(name, self.label - 1, self.glyphs).ljust(self.label), Tone.ACCENT)


def _whole(name: str, records: list[HostRecord], pen: _Pen) -> list[Cell]:
    """Draw every host of a role; a long one takes several lines."""
    sign_of = {state: _sign(state, pen.glyphs) for state in {record.state for record in records}}
    signs = [sign_of[record.state] for record in records]
    room = max(1, pen.width - pen.label)
    pieces = [tuple(signs[at : at + room]) for at in range(0, len(signs), room)]
    return [(pen.name(name if not nth else ""), *piece) for nth, piece in enumerate(pieces)]


def _counted(name: str, records: list[HostRecord], pen: _Pen) -> list[Cell]:
    faulty = any(is_bad(record) for record in records)
    return _whole(name, records, pen) if faulty else _tallied(name, records, pen)


def _tallied(name: str, records: list[HostRecord], pen: _Pen) -> list[Cell]:
    return [(pen.name(name), *tally(count_by_state(r.state for r in records), pen.glyphs))]


def _sign(state: HostState, glyphs: Glyphs) -> Span:
    tone = state_tone(state)
    return span(state_glyph(state, glyphs), Tone.DIM if tone is Tone.OK else tone)


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
