"""Runs as rows and words: the list of runs, and the pane of runs and people."""

from typing import Final

from opsconsole.model.access import live_freezes
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import RunState, TargetState
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen, joined, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.sections import Section

_RUN_TONE: Final = {
    RunState.SUCCEEDED: Tone.OK,
    RunState.PARTIAL: Tone.WARNING,
    RunState.AWAITING_APPROVAL: Tone.WARNING,
    RunState.HALTED: Tone.WARNING,
    RunState.PAUSED: Tone.WARNING,
    RunState.ROLLING_BACK: Tone.WARNING,
    RunState.ROLLED_BACK: Tone.WARNING,
    RunState.ROLLBACK_FAILED: Tone.CRITICAL,
    RunState.STOPPING: Tone.WARNING,
    RunState.FAILED: Tone.CRITICAL,
    RunState.ABORTED: Tone.MUTED,
    RunState.INDETERMINATE: Tone.STALE,
}
_TARGET_TONE: Final = {
    TargetState.CHANGED: Tone.OK,
    TargetState.UNCHANGED: Tone.OK,
    TargetState.RUNNING: Tone.ACCENT,
    TargetState.CONNECTING: Tone.ACCENT,
    TargetState.FAILED: Tone.CRITICAL,
    TargetState.WRONG_HOST: Tone.CRITICAL,
    TargetState.UNREACHABLE: Tone.WARNING,
    TargetState.UNKNOWN: Tone.STALE,
    TargetState.UNDO_UNKNOWN: Tone.STALE,
    TargetState.UNDO_FAILED: Tone.CRITICAL,
    TargetState.UNDONE: Tone.WARNING,
    TargetState.WAITING: Tone.ACCENT,
    TargetState.CANCELLED: Tone.WARNING,
}
_COLUMNS: Final = (
    Column("glyph", "", 1, sortable=False),
    Column("when", "TIME", 8),
    Column("who", "WHO", 6),
    Column("action", "ACTION", 18),
    Column("targets", "TARGETS", 16, flexible=True, sortable=False),
    Column("state", "STATE", 13),
    Column("good", "GOOD", 7, right=True, rank=1),
    Column("took", "TOOK", 5, right=True, rank=2),
)


def table(
    snapshot: Snapshot,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List the runs, live ones first, then the newest."""
    ordered = sorted(snapshot.runs.values(), key=lambda run: (run.state.is_over, -run.at))
    columns = chosen(_COLUMNS, width)
    live = sum(not run.state.is_over for run in ordered)
    title = f"Runs {len(ordered)}" + (f" ({live} live)" if live else "")
    return Table(
        columns=columns,
        rows=tuple(_row(run, now, columns, options) for run in ordered),
        title=cell(title, Tone.STRONG),
        hint=cell("live first, newest first", Tone.DIM),
        empty="No runs yet: r on a fire, a host or a service offers actions.",
    )


def _row(run: Run, now: float, columns: tuple[Column, ...], options: ViewOptions) -> Row:
    cells = {
        "glyph": run_glyph(run, options.glyphs),
        "when": cell(fmt.clock_time(run.at, options.time), Tone.DIM),
        "who": cell(run.actor),
        "action": named(run),
        "targets": cell(targets_of(run)),
        "state": cell(state_word(run), run_tone(run.state)),
        "good": cell(progress(run)),
        "took": cell(took(run, now)),
    }
    return Row(f"run:{run.id}", tuple(cells[column.id] for column in columns), _row_tone(run))


def state_word(run: Run) -> str:
    """Say in a word or two how a run stands."""
    return "needs a 2nd" if run.state is RunState.AWAITING_APPROVAL else str(run.state)


def named(run: Run) -> Cell:
    """Name a run's action; one that went ahead without a second person is marked for ever."""
    if run.approval is not None and run.approval.state == "glass":
        return (span("GLASS ", Tone.CRITICAL), span(short_id(run.action)))
    return cell(short_id(run.action))


def _row_tone(run: Run) -> Tone:
    return Tone.DIM if run.state in (RunState.SUCCEEDED, RunState.ABORTED) else Tone.NORMAL


def run_tone(state: RunState) -> Tone:
    """Give a run state's tone."""
    return _RUN_TONE.get(state, Tone.ACCENT)


def target_tone(state: TargetState) -> Tone:
    """Give a target state's tone."""
    return _TARGET_TONE.get(state, Tone.MUTED)


def run_glyph(run: Run, glyphs: Glyphs) -> Cell:
    """Give a run's sign: it runs, it is good, it is bad, nobody knows."""
    match run.state:
        case RunState.SUCCEEDED:
            return cell(glyphs.ok, Tone.OK)
        case RunState.INDETERMINATE:
            return cell(glyphs.stale, Tone.STALE)
        case RunState.FAILED | RunState.PARTIAL | RunState.ROLLBACK_FAILED:
            return cell(glyphs.critical, run_tone(run.state))
        case RunState.HALTED | RunState.PAUSED | RunState.AWAITING_APPROVAL:
            return cell(glyphs.halt, Tone.WARNING)
        case RunState.ABORTED | RunState.ROLLED_BACK:
            return cell(glyphs.dot, run_tone(run.state))
        case _:
            return cell(glyphs.run, Tone.ACCENT)


def target_glyph(target: RunTarget, glyphs: Glyphs) -> Cell:
    """Give a target's sign; what nobody observed is never a tick."""
    tone = target_tone(target.state)
    if target.state.is_good:
        return cell(glyphs.ok, tone)
    if target.state in (TargetState.RUNNING, TargetState.CONNECTING, TargetState.WAITING):
        return cell(glyphs.run, tone)
    if target.state in (TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN):
        return cell(glyphs.stale, tone)
    bad = (
        TargetState.FAILED,
        TargetState.WRONG_HOST,
        TargetState.UNREACHABLE,
        TargetState.CANCELLED,
        TargetState.UNDO_FAILED,
    )
    return cell(glyphs.critical if target.state in bad else glyphs.dot, tone)


def targets_of(run: Run) -> str:
    """Name a run's targets short."""
    return folded(bare_name(target.name) for target in run.targets) or "-"


def progress(run: Run) -> str:
    """Write how many targets ended as wished, of all."""
    good = sum(target.state.is_good for target in run.targets)
    return f"{good}/{len(run.targets)}"


def took(run: Run, now: float) -> str:
    """Write how long a run took, or takes by now."""
    return fmt.age((run.ended if run.ended is not None else now) - run.at)


def people(
    snapshot: Snapshot,
    now: float,
    width: int,
    height: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the pane of runs and people: what runs, who looks, who may change what."""
    ordered = sorted(snapshot.runs.values(), key=lambda run: (run.state.is_over, -run.at))
    tail = [*_people(snapshot, options.glyphs), *_access(snapshot, now)]
    room = max(1, height - len(tail))
    lines = [_line(run, now, width, options.glyphs) for run in ordered[:room]] or [
        cell("no runs yet", Tone.DIM)
    ]
    return Section("people", tuple([*lines, *tail][:height]), cell("Runs & people", Tone.STRONG))


def _line(run: Run, now: float, width: int, glyphs: Glyphs) -> Cell:
    return joined(
        (
            run_glyph(run, glyphs),
            cell(run.actor),
            named(run),
            cell(fmt.shorten(targets_of(run), max(10, width - 48), glyphs)),
            cell(state_word(run), run_tone(run.state)),
            cell(f"{progress(run)} {took(run, now)}", Tone.DIM),
        )
    )


def _people(snapshot: Snapshot, glyphs: Glyphs) -> list[Cell]:
    lines: list[Cell] = []
    for person, consoles in sorted(snapshot.people.items()):
        times = f" {glyphs.times}{consoles}" if consoles > 1 else ""
        lines.append((span(f"{glyphs.dot} ", Tone.DIM), span(f"{person} is here{times}")))
    return lines


def _access(snapshot: Snapshot, now: float) -> list[Cell]:
    lines = [
        cell(f"unlocked by {u.actor} for {fmt.age(u.until - now)}: {u.reason}", Tone.WARNING)
        for u in snapshot.access.unlocks
        if u.until > now
    ]
    lines += [
        cell(
            f"frozen by {f.actor} for {fmt.age(f.until - now)} ({f.scope}): {f.reason}",
            Tone.WARNING,
        )
        for f in live_freezes(snapshot.access, now)
    ]
    return lines
