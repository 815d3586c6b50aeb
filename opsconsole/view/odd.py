"""The odd ones out in words and as a table; marked, never an alarm."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.capacity import Odd, Odds
from opsconsole.model.metrics import METRICS, Unit
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen
from opsconsole.view.glyphs import ASCII, Glyphs
from opsconsole.view.host_filter import host_passes
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone

HEAD: Final = ("HOST", "WHAT", "IS", "PEERS", "SIGMA", "AMONG")
_KIND: Final = "odd:"
_MOST: Final = 99
_COLUMNS: Final = (
    Column("host", "HOST", 14, flexible=True),
    Column("what", "WHAT", 26, flexible=True),
    Column("is", "IS", 8, right=True),
    Column("typical", "PEERS", 8, right=True),
    Column("sigma", "AWAY", 5, right=True),
    Column("among", "AMONG", 16, rank=1),
)


def sigma_words(sigma: float, glyphs: Glyphs) -> str:
    """Write how far: `9σ`, `9s` in ASCII."""
    return f"{min(sigma, _MOST):.0f}{'s' if glyphs is ASCII else 'σ'}"


def mark_words(mark: tuple[str, int] | None, glyphs: Glyphs) -> str:
    """Say in a host's row what stands out: `tcp.retransmits 9σ vs peers`; empty for nothing."""
    if mark is None:
        return ""
    metric, sigma = mark
    return f"{metric} {sigma_words(sigma, glyphs)} vs peers"


def plain_rows(odds: Sequence[Odd], glyphs: Glyphs) -> list[tuple[str, ...]]:
    """Lay them out as plain columns."""
    return [_texts(odd, glyphs) for odd in odds]


def table(
    odds: Odds | None, snapshot: Snapshot, now: float, width: int, options: ViewOptions
) -> Table:
    """Show what stands out, the oddest first; None: the engine has not answered yet."""
    columns = chosen(_COLUMNS, width)
    if odds is None:
        return Table(columns, (), cell("Odd ones out", Tone.STRONG), empty="Comparing.")
    passes = host_passes(snapshot, now, options)
    rows = [
        Row(f"{_KIND}{odd.host} {odd.metric}", tuple(_cells(odd, columns, options.glyphs)))
        for odd in odds.odds
        if passes(odd.host)
    ]
    return Table(
        columns=columns,
        rows=tuple(rows),
        title=cell(f"Odd ones out {len(rows)}", Tone.STRONG),
        hint=cell("oddest first   enter opens the host", Tone.DIM),
        footer=cell(f"{odds.compared} hosts compared with their peers", Tone.DIM),
        empty=empty_words(odds),
    )


def host_of(key: str) -> str:
    """Give the host of a row's key."""
    return key.removeprefix(_KIND).partition(" ")[0]


def empty_words(odds: Odds) -> str:
    """Say why there is nothing."""
    if odds.against:
        usual = f"It is as it was in {odds.against}."
        return usual if odds.compared else "Too little is known of its past: half an hour at least."
    if odds.compared:
        return f"No host is unlike its peers; {odds.compared} were compared."
    return "No host has four peers: peers share the label `role`, or their first group."


def _cells(odd: Odd, columns: Sequence[Column], glyphs: Glyphs) -> list[Cell]:
    texts = dict(zip((column.id for column in _COLUMNS), _texts(odd, glyphs), strict=True))
    quiet = ("typical", "among")
    return [cell(texts[c.id], Tone.DIM if c.id in quiet else Tone.NORMAL) for c in columns]


def _texts(odd: Odd, glyphs: Glyphs) -> tuple[str, ...]:
    return (
        odd.host,
        odd.title,
        value_words(odd.metric, odd.value, glyphs),
        value_words(odd.metric, odd.typical, glyphs),
        sigma_words(odd.sigma, glyphs),
        f"{odd.peers} {odd.role}",
    )


def value_words(metric: str, value: float, glyphs: Glyphs) -> str:
    """Write a metric's value in its unit."""
    match METRICS[metric].unit:
        case Unit.RATIO:
            return f"{value:.1%}"
        case Unit.BYTES | Unit.BYTES_PER_SECOND:
            return fmt.size(value, glyphs)
        case Unit.SECONDS:
            return f"-{fmt.duration(-value)}" if value < 0 else fmt.duration(value)
        case _:
            return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
