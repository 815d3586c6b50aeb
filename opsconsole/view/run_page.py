"""A run on the screen: what it is, how far it is, each target, equal output folded, one target's output."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.run import OutputLine, Question, Run, RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.view import format as fmt
from opsconsole.view import run_choices
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.log_lines import short
from opsconsole.view.naming import bare_name
from opsconsole.view.offers import short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.rollout_page import budget_words, watched_words
from opsconsole.view.rows import Cell, Column, Row, Span, Table, Tone
from opsconsole.view.runs import run_glyph, run_tone, target_glyph, target_tone, targets_of

_BAR: Final = 24
_NARROW_BAR: Final = 12
_NARROW: Final = 100
_WORDS: Final = {
    RunState.AWAITING_APPROVAL: "NEEDS A SECOND PERSON",
    RunState.RUNNING: "RUNNING",
    RunState.STOPPING: "STOPPING",
    RunState.HALTED: "HALTED",
    RunState.GATING: "WATCHING",
    RunState.PAUSED: "PAUSED",
    RunState.ROLLING_BACK: "BACKING OUT",
    RunState.ROLLED_BACK: "BACKED OUT",
    RunState.ROLLBACK_FAILED: "BACK-OUT FAILED",
    RunState.INDETERMINATE: "NOT KNOWN",
}


def headline(
    run: Run,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> tuple[Cell, Cell]:
    """Say in two lines what runs, who started it and how far it is."""
    words = _WORDS.get(run.state, run.state.upper())
    params = " ".join(f"{name}={value}" for name, value in run.params.items())
    first = joined(
        (
            (*run_glyph(run, options.glyphs), span(f" {words}", run_tone(run.state))),
            cell(f"{short_id(run.action)} {params}".strip(), Tone.STRONG),
            cell(fmt.shorten(targets_of(run), max(12, width // 3), options.glyphs)),
            cell(f"by {run.operator or run.actor}"),
            _approved(run),
            cell(f'"{run.reason}"', Tone.DIM) if run.reason else (),
        )
    )
    return first, _progress(run, now, width, options.glyphs)


def _approved(run: Run) -> Cell:
    """Say who agreed, or that somebody went ahead without."""
    approval = run.approval
    if approval is None or approval.state == "waiting":
        return ()
    if approval.state == "glass":
        return cell(f"BREAK-GLASS by {approval.by}", Tone.CRITICAL)
    return cell(f"{approval.state} by {approval.by}", Tone.DIM)


def _progress(run: Run, now: float, width: int, glyphs: Glyphs) -> Cell:
    total = len(run.targets)
    settled = sum(
        target.state.is_settled and target.state is not TargetState.NOT_STARTED
        for target in run.targets
    )
    ended = run.ended if run.ended is not None else now
    wide = _NARROW_BAR if width < _NARROW else _BAR
    note = "" if run.state in _WITH_NOTE else run.note
    return joined(
        (
            cell(f"[{fmt.bar(settled / total if total else 1.0, wide, glyphs)}] {settled}/{total}"),
            cell(fmt.age(ended - run.at)),
            _budget(run),
            counts(run),
            cell(note, Tone.WARNING) if note else (),
        )
    )


def _budget(run: Run) -> Cell:
    """How much of what may go bad did; said once something has."""
    status = run.rollout
    if status is None or not status.bad:
        return ()
    return cell(budget_words(status), Tone.CRITICAL if status.bad > status.limit else Tone.WARNING)


def counts(run: Run) -> Cell:
    """Count targets by how they stand: `2 changed  1 failed  1 running`."""
    found: dict[TargetState, int] = {}
    for target in run.targets:
        found[target.state] = found.get(target.state, 0) + 1
    return joined(cell(f"{count} {state}", target_tone(state)) for state, count in found.items())


def targets(
    run: Run,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a run's targets: what is not known first, then failures, what runs, what waits, what is done."""
    shown = [target for target in run.targets if not options.faults_only or _is_bad(target)]
    shown.sort(key=lambda target: _TARGET_RANK.get(target.state, 3))
    step_width = 10 if width < 78 else 14
    return Table(
        columns=(
            Column("glyph", "", 1, sortable=False),
            Column("target", "TARGET", 13),
            Column("step", "STEP", step_width),
            Column("state", "STATE", 11),
            Column("time", "TIME", 5, right=True),
            Column("last", "LAST LINE", 14, flexible=True, sortable=False),
        ),
        rows=tuple(_target_row(target, now, options.glyphs) for target in shown),
        title=cell(f"Targets {len(run.targets)}", Tone.STRONG),
        hint=cell("failed only" if options.faults_only else "f failed only", Tone.DIM),
        empty="No target failed." if options.faults_only else "No targets.",
    )


_LOUD: Final = (
    TargetState.FAILED, TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN, TargetState.UNDO_FAILED,
)  # fmt: skip


def _told(target: RunTarget) -> Cell:
    """What one has to know of a target: why it is not well, by what it was settled, what is left there."""
    said = target.why or target.evidence or target.last_line
    if not target.left or target.state.is_good:
        return cell(said)
    return joined((cell(said) if said else (), cell(target.left, Tone.WARNING)))


_TARGET_RANK: Final = {
    TargetState.UNKNOWN: 0,
    TargetState.FAILED: 1,
    TargetState.WRONG_HOST: 1,
    TargetState.UNREACHABLE: 1,
    TargetState.CANCELLED: 1,
    TargetState.UNDO_UNKNOWN: 0,
    TargetState.UNDO_FAILED: 1,
    TargetState.RUNNING: 2,
    TargetState.WAITING: 2,
    TargetState.CONNECTING: 2,
    TargetState.CHANGED: 4,
    TargetState.UNCHANGED: 4,
    TargetState.SKIPPED: 5,
}


def _is_bad(target: RunTarget) -> bool:
    return target.state.is_settled and not target.state.is_good


def _target_row(target: RunTarget, now: float, glyphs: Glyphs) -> Row:
    ended = target.ended if target.ended is not None else now
    took = (
        fmt.duration(max(0.0, ended - target.started))
        if target.started is not None
        else glyphs.none
    )
    loud = target.state.upper() if target.state in _LOUD else target.state
    cells = (
        target_glyph(target, glyphs),
        cell(bare_name(target.name)),
        cell(target.step),
        cell(loud, target_tone(target.state)),
        cell(took),
        _told(target),
    )
    return Row(target.name, cells, Tone.DIM if target.state.is_good else Tone.NORMAL)


def output_cells(
    lines: Sequence[OutputLine],
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    *,
    one_target: bool = False,
) -> tuple[Cell, ...]:
    """Write output lines as a log shows them: time, target, a bar, the text."""
    width = 0 if one_target else max((len(bare_name(line.target)) for line in lines), default=0)
    return tuple(_output_cell(line, width, options) for line in lines)


def _output_cell(line: OutputLine, width: int, options: ViewOptions) -> Cell:
    glyphs = options.glyphs
    ours = line.stream == "run"
    name = "run" if ours and not line.target else bare_name(line.target)
    parts: list[Span] = [span(f"{fmt.clock_time(line.at, options.time)} ", Tone.DIM)]
    if width:
        parts.append(span(f"{name[:width]:<{width}} ", Tone.ACCENT))
    sign = glyphs.halt if ours else glyphs.bar
    tone = Tone.WARNING if ours or line.stream == "err" else Tone.NORMAL
    return (
        *parts,
        span(f"{sign} ", Tone.WARNING if ours else Tone.DIM),
        span(short(line.text), tone),
    )


def closing(run: Run, now: float | None = None) -> tuple[Cell, ...]:
    """Say how a run stands, what is left where, and what a person may choose now; one line each."""
    lines = [_outcome(run) if run.question is None else _asked(run.question)]
    if run.state is RunState.AWAITING_APPROVAL and run.approval is not None:
        left = "" if now is None else f", {fmt.age(max(0.0, run.approval.until - now))} left"
        lines[0] = cell(f"Waits for a second person{left}: {run.approval.why}", Tone.WARNING)
    if run.approval is not None and run.approval.state == "glass":
        said = f"BREAK-GLASS by {run.approval.by}: {run.approval.reason}"
        lines.append(cell(said, Tone.CRITICAL))
    if run.closed:
        lines.append(cell(f"closed by {run.closed}", Tone.DIM))
    if run.state is RunState.GATING and run.rollout is not None and now is not None:
        watched = watched_words(run.rollout, now)
        lines[0] = cell(f"Between batches: {watched}.", Tone.ACCENT) if watched else lines[0]
    keys = run_choices.line(run)
    if keys:
        lines.append(keys)
    stands = [
        f"{bare_name(t.name)}: {t.left}" for t in run.targets if t.left and not t.state.is_good
    ]
    if stands:
        lines.append((span("left ", Tone.ACCENT), span("   ".join(stands), Tone.WARNING)))
    return tuple(line for line in lines if line)


def _asked(question: Question) -> Cell:
    on = f"{bare_name(question.target)} " if question.target else ""
    return (
        span(f"{on}asks: {question.text}   ", Tone.WARNING),
        span("a", Tone.ACCENT),
        span(" answers"),
    )


def _outcome(run: Run) -> Cell:
    unknown = run_choices.unknown(run)
    if unknown and run.state is not RunState.HALTED:
        names = ", ".join(bare_name(target.name) for target in unknown[:4])
        return cell(
            f"What happened on {names} was not observed: look before you run it again.", Tone.STALE
        )
    said, tone = _SAID.get(run.state, ("", Tone.NORMAL))
    note = run.note.removeprefix("halted: ").removeprefix("paused: ")
    why = f"{said} {note}" if note and run.state in _WITH_NOTE else said
    return cell(why, tone) if why else ()


_SAID: Final = {
    RunState.RUNNING: ("esc leaves it running; it needs no console.", Tone.DIM),
    RunState.HALTED: ("Halted: nothing new starts until you choose.", Tone.WARNING),
    RunState.PAUSED: ("Paused: nothing new starts until somebody resumes.", Tone.WARNING),
    RunState.GATING: ("Between batches: it is watched before more is touched.", Tone.ACCENT),
    RunState.STOPPING: ("Stopping: nothing new starts, what runs comes to its end.", Tone.WARNING),
    RunState.ROLLING_BACK: ("Backing out: what was changed is undone, the last first.", Tone.WARNING),
    RunState.FAILED: ("Some targets failed; the others are as the table says.", Tone.CRITICAL),
    RunState.PARTIAL: ("Some targets failed; the others are as the table says.", Tone.CRITICAL),
    RunState.ROLLED_BACK: ("Backed out: what was changed was undone.", Tone.WARNING),
    RunState.ROLLBACK_FAILED: ("The back-out failed: the table says where.", Tone.CRITICAL),
    RunState.SUCCEEDED: ("Done. The targets were polled again at once.", Tone.OK),
}  # fmt: skip
_WITH_NOTE: Final = (RunState.HALTED, RunState.PAUSED)
