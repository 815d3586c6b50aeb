"""Objectives in words: the budget as a bar, burn by window, when it is empty, what an outage would cost."""

from collections.abc import Sequence
from typing import Final

from opsconsole.alerting.slo import cost_of
from opsconsole.model.slo import Burn, SloStatus
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone

BAR = 20
_LITTLE = 0.25


def budget_words(slo: SloStatus) -> str:
    """Say it in a line: `99.9% over 30d: 62% of the budget left, empty in 9h at this rate`."""
    promised = f"{share(slo.objective.objective)} over {fmt.age(slo.objective.period)}"
    if slo.left is None:
        return f"{promised}: no answers yet"
    said = f"{promised}: {_left_words(slo.left)}"
    if slo.exhausted_in is not None and slo.exhausted_in < slo.objective.period:
        said += f", empty in {fmt.age(slo.exhausted_in)} at this rate"
    return f"{said} ({slo.total} answers, {slo.coverage:.0%} of the period seen)"


def share(ratio: float) -> str:
    """Write a share with as many digits as it needs: 99.9%, 99.95%."""
    return f"{ratio * 100:.4f}".rstrip("0").rstrip(".") + "%"


def _left_words(left: float) -> str:
    return f"{left:.0%} of the budget left" if left >= 0 else f"budget overspent by {-left:.0%}"


def lines(slo: SloStatus, glyphs: Glyphs) -> list[Cell]:
    """Show one objective: a sentence, a bar, and the burn of each pair of windows."""
    tone = tone_of(slo)
    found: list[Cell] = [
        (span("budget    ", Tone.ACCENT), *bar(slo, glyphs), span(f" {budget_words(slo)}", tone))
    ]
    found += [(span("burn      ", Tone.ACCENT), *_burn(burn)) for burn in slo.burns]
    return found  # fmt: skip


def tone_of(slo: SloStatus) -> Tone:
    """Colour an objective by what fires, else by what is left."""
    if slo.firing == "page" or (slo.left is not None and slo.left <= 0):
        return Tone.CRITICAL
    if slo.firing == "ticket" or (slo.left is not None and slo.left < _LITTLE):
        return Tone.WARNING
    return Tone.DIM if slo.left is None else Tone.OK


def bar(slo: SloStatus, glyphs: Glyphs) -> Cell:
    """Draw what is left of the budget."""
    full = round(max(0.0, min(1.0, slo.left or 0.0)) * BAR)
    return (
        span(glyphs.full * full, tone_of(slo)),
        span(glyphs.empty * (BAR - full), Tone.DIM),
    )


def _burn(burn: Burn) -> Cell:
    pair = f"{fmt.age(burn.long)}/{fmt.age(burn.short)}"
    rates = f"{_rate(burn.burn_long)} / {_rate(burn.burn_short)}, {burn.severity}s above {burn.factor:g}"
    word = f"  {burn.severity.upper()}" if burn.fires else ""
    return cell(f"{pair:<8} {rates}{word}", Tone.CRITICAL if burn.fires else Tone.NORMAL)


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}x"


def cost_words(slo: SloStatus, seconds: float) -> str:
    """Say what an outage would cost: `10m of it down costs 23% of the budget, 39% would be left`."""
    cost = cost_of(slo, seconds)
    said = f"{fmt.age(seconds)} of {slo.service} down costs {cost:.0%} of its budget"
    return said if slo.left is None else f"{said}; {_left_words(slo.left - cost)} then"


def table(slos: Sequence[SloStatus]) -> list[tuple[str, ...]]:
    """Lay objectives out as plain columns: service, objective, left, burn 1h, empty in, seen."""
    return [
        (
            slo.service,
            f"{share(slo.objective.objective)}/{fmt.age(slo.objective.period)}",
            "-" if slo.left is None else f"{slo.left:.0%}",
            _rate(slo.burns[0].burn_long if slo.burns else None),
            "-" if slo.exhausted_in is None else fmt.age(slo.exhausted_in),
            f"{slo.coverage:.0%}",
            slo.firing.upper(),
        )
        for slo in slos
    ]


_COLUMNS: Final = (
    Column("service", "SERVICE", 14, flexible=True),
    Column("promised", "OBJECTIVE", 10),
    Column("budget", "BUDGET", BAR, rank=2, sortable=False),
    Column("left", "LEFT", 5, right=True),
    Column("burn", "BURN 1H", 7, right=True),
    Column("empty", "EMPTY IN", 8, right=True, rank=1),
    Column("seen", "SEEN", 5, right=True),
    Column("fires", "", 6, sortable=False),
)


def screen_table(snapshot: Snapshot, width: int, options: ViewOptions) -> Table:
    """List objectives for the screen: what fires first, then the one with the least left."""
    columns = chosen(_COLUMNS, width)
    found = sorted(snapshot.slos.values(), key=_worst_first)
    return Table(
        columns=columns,
        rows=tuple(_row(each, columns, options) for each in found),
        title=cell(f"Objectives {len(found)}", Tone.STRONG),
        hint=cell("least budget first   enter opens the service", Tone.DIM),
        empty="No service promises anything: `slo: {objective: 99.9%}` on one does.",
    )


def _worst_first(slo: SloStatus) -> tuple[int, float, str]:
    """Put what pages first; what is not known stands last, and is not taken for well."""
    left = 2.0 if slo.left is None else slo.left
    return (("page", "ticket", "").index(slo.firing), left, slo.service)


def _row(slo: SloStatus, columns: Sequence[Column], options: ViewOptions) -> Row:
    service, promised, left, burn, empty, seen, firing = table([slo])[0]
    tone = tone_of(slo)
    cells = {
        "service": cell(service),
        "promised": cell(promised, Tone.DIM),
        "budget": cell(options.glyphs.none, Tone.DIM) if slo.left is None else bar(slo, options.glyphs),
        "left": cell(left, tone),
        "burn": cell(burn),
        "empty": cell(empty),
        "seen": cell(seen, Tone.DIM),
        "fires": cell(firing, tone),
    }  # fmt: skip
    return Row(f"service:{service}", tuple(cells[column.id] for column in columns))


HEAD = ("SERVICE", "OBJECTIVE", "LEFT", "BURN 1H", "EMPTY IN", "SEEN", "")
