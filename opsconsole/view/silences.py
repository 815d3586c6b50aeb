"""Silences in words: what one hides, when it ends, what making one would do."""

from collections.abc import Iterable, Sequence
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.silence import Silence, SilenceEffect
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Column, Row, Table, Tone

SOON: Final = 3_600.0
"""Seconds before its end from which an end is a warning."""
HEAD = ("ENDS IN", "HIDES", "BY", "ID", "MATCHERS", "COMMENT")


def hidden_by(snapshot: Snapshot, id: str) -> int:
    """Count the alerts that a silence hides now."""
    reason = f"silence:{id}"
    return sum(
        reason in alert.suppressed_by or is_mirror(alert, id)
        for alert in snapshot.alerts.values()
        if alert.is_firing
    )


def is_mirror(alert: Alert, id: str) -> bool:
    """Tell whether a silence is there because the fire is acked."""
    return alert.ack is not None and id in alert.ack.silences


def ends_words(silence: Silence, now: float) -> str:
    """Say when a silence ends: `42m`, `in 2h00 for 1h00` for one to come, `ended 5m ago`."""
    if silence.state == "expired" or silence.ends <= now:
        return f"ended {fmt.age(now - silence.ends)} ago"
    if silence.starts > now:
        return f"in {fmt.age(silence.starts - now)} for {fmt.age(silence.ends - silence.starts)}"
    return str(fmt.age(silence.ends - now))


def rows(snapshot: Snapshot, silences: Iterable[Silence], now: float) -> list[tuple[str, ...]]:
    """Lay silences out as plain columns."""
    return [
        (
            ends_words(each, now),
            str(hidden_by(snapshot, each.id)),
            each.author,
            each.id[:8],
            write_matchers(each.matchers),
            each.comment,
        )
        for each in silences
    ]


def effect_lines(effect: SilenceEffect) -> Sequence[str]:
    """Say what a draft would do, most important first."""
    draft = effect.draft
    lines = [f"{write_matchers(draft.matchers)} on {draft.source} for {fmt.age(draft.seconds)}"]
    hides = f"hides {len(effect.now)} now"
    if effect.critical:
        hides += f", {len(effect.critical)} of them critical"
    hides += f"; {effect.day} in the last 24 h"
    if effect.server is not None and effect.server != len(effect.now):
        hides += f"; the source itself counts {effect.server}"
    lines.append(hides)
    lines += [f"! {warning}" for warning in effect.warnings]
    lines.append(f"same as: {effect.amtool}")
    return lines


_COLUMNS: Final = (
    Column("ends", "ENDS IN", 16),
    Column("hides", "HIDES", 5, right=True),
    Column("by", "BY", 8),
    Column("id", "ID", 8, rank=2),
    Column("source", "SOURCE", 8, rank=3),
    Column("matchers", "MATCHERS", 24, flexible=True, sortable=False),
    Column("comment", "COMMENT", 16, flexible=True, sortable=False, rank=1),
)


def table(snapshot: Snapshot, now: float, width: int, options: ViewOptions) -> Table:
    """List silences for the screen: what ends first on top, those that ended lately at the end."""
    found = sorted(snapshot.silences.values(), key=lambda s: (_is_over(s, now), s.ends, s.id))
    live = sum(not _is_over(each, now) for each in found)
    columns = chosen(_COLUMNS, width)
    return Table(
        columns=columns,
        rows=tuple(_row(snapshot, each, now, columns, options) for each in found),
        title=cell(f"Silences {live}", Tone.STRONG),
        hint=cell("enter extend, edit, expire   :silence makes one", Tone.DIM),
        empty="Nothing is silenced: x on a fire, or :silence.",
    )


def _is_over(silence: Silence, now: float) -> bool:
    return silence.state == "expired" or silence.ends <= now


def _row(
    snapshot: Snapshot,
    silence: Silence,
    now: float,
    columns: Sequence[Column],
    options: ViewOptions,
) -> Row:
    hides, over = hidden_by(snapshot, silence.id), _is_over(silence, now)
    soon = not over and silence.ends - now < SOON
    cells = {
        "ends": cell(ends_words(silence, now), Tone.WARNING if soon else Tone.NORMAL),
        "hides": cell(str(hides) if hides else options.glyphs.none),
        "by": cell(silence.author),
        "id": cell(silence.id[:8], Tone.DIM),
        "source": cell(silence.source, Tone.DIM),
        "matchers": cell(write_matchers(silence.matchers)),
        "comment": cell(silence.comment, Tone.DIM),
    }
    key = f"silence:{silence.id}"
    return Row(key, tuple(cells[c.id] for c in columns), Tone.MUTED if over else Tone.NORMAL)
