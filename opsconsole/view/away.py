"""While you were away: what fired, ended, was acked and run, in a line and as a sheet."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, span, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import short_id
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.runs import run_glyph, run_tone

LONGEST: Final = 7 * 86_400.0
"""Seconds that are looked back at most."""
_SHOWN: Final = 30
_OWNER_TONES: Final = {"NOBODY": Tone.CRITICAL, "quiet": Tone.MUTED}
_ACKS: Final = ("acked", "taken")


class Away(Struct, frozen=True):
    """What happened meanwhile."""

    since: float
    until: float
    fired: tuple[Episode, ...]
    """That burn still, critical ones first, and those that are over again."""
    resolved: tuple[Episode, ...]
    """That had begun before, newest first."""
    acked: tuple[Event, ...]
    """Acks and takes, newest first."""
    runs: tuple[Run, ...]
    """Newest first."""

    @property
    def critical(self) -> int:
        """How many of the new ones are critical."""
        return sum(each.severity is Severity.CRITICAL for each in self.fired)


def away(
    snapshot: Snapshot,
    episodes: Iterable[Episode],
    events: Iterable[Event],
    *,
    since: float,
    until: float,
) -> Away:
    """Sum up an absence.

    Args:
        snapshot: For the runs.
        episodes: Fires of the span, whole or in part.
        events: What happened in the span.
        since: Epoch seconds; when one left.
        until: Epoch seconds; now.
    """
    known = list(episodes)
    fired = [each for each in known if each.fired_at >= since]
    ended = [e for e in known if e.fired_at < since and e.resolved_at and e.resolved_at >= since]
    return Away(
        since,
        until,
        tuple(sorted(fired, key=_worst_first)),
        tuple(sorted(ended, key=lambda each: -(each.resolved_at or 0.0))),
        tuple(sorted((e for e in events if e.kind in _ACKS and e.at >= since), key=lambda e: -e.at)),
        tuple(sorted((r for r in snapshot.runs.values() if r.at >= since), key=lambda r: -r.at)),
    )  # fmt: skip


def _worst_first(each: Episode) -> tuple[bool, bool, float]:
    return (
        each.state is AlertState.RESOLVED,
        each.severity is not Severity.CRITICAL,
        -each.fired_at,
    )


def words(found: Away) -> str:
    """Say it in a line: `away 2h05: 3 fired (1 critical, 2 over again), 1 resolved, 2 acked, 1 run`."""
    over = sum(each.state is AlertState.RESOLVED for each in found.fired)
    inside = [f"{found.critical} critical"] if found.critical else []
    inside += [f"{over} over again"] if over else []
    fired = f"{len(found.fired)} fired" + (f" ({', '.join(inside)})" if inside else "")
    parts = [fired] if found.fired else []
    parts += [f"{len(found.resolved)} resolved"] if found.resolved else []
    parts += [f"{len(found.acked)} acked"] if found.acked else []
    parts += [f"{len(found.runs)} run{'s' * (len(found.runs) != 1)}"] if found.runs else []
    return f"away {fmt.age(found.until - found.since)}: " + (", ".join(parts) or "nothing happened")


def lines(found: Away, glyphs: Glyphs, style: str = "utc") -> list[Cell]:
    """Write the sheet: a heading for each kind that has something, the worst first."""
    written: list[Cell] = [cell(words(found), Tone.STRONG)]
    now = found.until
    sections: Sequence[tuple[str, list[Cell]]] = (
        ("Fired", [_fire(each, now, glyphs, style) for each in found.fired]),
        ("Resolved", [_ended(each, now, glyphs, style) for each in found.resolved]),
        ("Acked", [_event(each, now, glyphs, style) for each in found.acked]),
        ("Runs", [_run(each, now, glyphs, style) for each in found.runs]),
    )
    for title, entries in sections:
        if entries:
            written += [(), cell(f"{title} {len(entries)}", Tone.STRONG), *entries[:_SHOWN]]
        if len(entries) > _SHOWN:
            written.append(cell(f"and {len(entries) - _SHOWN} more", Tone.DIM))
    return written


def _fire(each: Episode, now: float, glyphs: Glyphs, style: str) -> Cell:
    over = each.state is AlertState.RESOLVED
    sign = glyphs.ok if over else state_glyph(each.severity, glyphs)
    tone = Tone.DIM if over else state_tone(each.severity)
    took = (
        f"over after {fmt.age(each.resolved_at - each.fired_at)}" if each.resolved_at else "burns"
    )
    owner = each.owner or ("" if over else "quiet" if each.suppressed_by else "NOBODY")
    return (
        *_when(each.fired_at, now, style),
        span(f"{sign} ", tone),
        span(f"{each.name} {bare_name(each.on)}  ", Tone.DIM if over else Tone.NORMAL),
        span(f"{took}  ", Tone.DIM),
        span(owner, _OWNER_TONES.get(owner, Tone.OK)),
        span(f"  {each.summary}", Tone.DIM),
    )


def _ended(each: Episode, now: float, glyphs: Glyphs, style: str) -> Cell:
    at = each.resolved_at or now
    who = f", {each.owner} had it" if each.owner else ""
    return (
        *_when(at, now, style),
        span(f"{glyphs.ok} ", Tone.OK),
        span(f"{each.name} {bare_name(each.on)}  "),
        span(f"after {fmt.age(at - each.fired_at)}{who}", Tone.DIM),
    )


def _event(each: Event, now: float, glyphs: Glyphs, style: str) -> Cell:
    return (
        *_when(each.at, now, style),
        span(f"{glyphs.ack} ", Tone.ACCENT),
        span(f"{each.actor} {each.text}"),
    )


def _run(run: Run, now: float, glyphs: Glyphs, style: str) -> Cell:
    where = folded(bare_name(target.name) for target in run.targets)
    return (
        *_when(run.at, now, style),
        *run_glyph(run, glyphs),
        span(f" {run.actor} {short_id(run.action)} on {where}  "),
        span(str(run.state), run_tone(run.state)),
    )


def _when(at: float, now: float, style: str) -> Cell:
    return (span(f"{fmt.moment(at, now, style)} ", Tone.DIM),)
