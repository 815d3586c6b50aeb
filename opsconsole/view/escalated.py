"""Who is on call, over the fires that went on to somebody because nobody had them."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import owner_of
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen, plain, state_tone
from opsconsole.view.glyphs import state_glyph
from opsconsole.view.naming import bare_name
from opsconsole.view.oncall import on_call_chip
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.triage import fires

_COLUMNS: Final = (
    Column("glyph", "", 1, sortable=False),
    Column("for", "FOR", 4, right=True),
    Column("alert", "ALERT", 16, flexible=True),
    Column("on", "ON", 14, flexible=True),
    Column("went", "WENT TO", 18, flexible=True, sortable=False),
    Column("ago", "AGO", 4, right=True),
    Column("who", "WHO HAS IT", 10),
)


def table(snapshot: Snapshot, now: float, width: int, options: ViewOptions) -> Table:
    """List fires that went to somebody: those that nobody has first, in triage order."""
    columns = chosen(_COLUMNS, width)
    found = [alert for alert in fires(snapshot) if alert.escalated]
    found.sort(key=lambda alert: alert.has_owner)
    return Table(
        columns=columns,
        rows=tuple(_row(each, now, columns, options) for each in found),
        title=shift_words(snapshot, now, options),
        hint=cell("a ack or t take: it goes to nobody else", Tone.DIM) if found else (),
        footer=cell(snapshot.on_call.problem, Tone.WARNING) if snapshot.on_call.problem else (),
        empty="No fire went on to anybody: every critical has somebody, or its time has not come.",
    )


def shift_words(snapshot: Snapshot, now: float, options: ViewOptions) -> Cell:
    """Say who has the shift, who stands behind, and who follows when."""
    said = plain(on_call_chip(snapshot, now, options)) or "on call: nobody said who, see on_call:"
    second = snapshot.on_call.secondary
    words = f"{said[0].upper()}{said[1:]}" + (f"   second {second}" if second else "")
    return cell(words, Tone.STRONG)


def _row(alert: Alert, now: float, columns: Sequence[Column], options: ViewOptions) -> Row:
    owner, last = owner_of(alert), alert.escalated[-1]
    went = f"{last.who or 'nobody'} ({last.to})" if last.who != last.to else last.who
    before = len(alert.escalated) - 1
    cells = {
        "glyph": cell(state_glyph(alert.severity, options.glyphs), state_tone(alert.severity)),
        "for": cell(fmt.age(now - alert.since)),
        "alert": cell(alert.name),
        "on": cell(bare_name(alert.on)),
        "went": cell(f"{went}, {before} before" if before else went),
        "ago": cell(fmt.age(now - last.at), Tone.DIM),
        "who": cell(owner, Tone.OK) if owner else cell("NOBODY", Tone.CRITICAL),
    }
    return Row(f"alert:{alert.episode}", tuple(cells[column.id] for column in columns))
