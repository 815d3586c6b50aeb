"""A run on the screen: what it is, how far it is, each target, equal output folded, one target's output."""

from collections.abc import Iterable, Sequence
from typing import Final

from opsconsole.model.run import OutputLine, Run, RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.fold import Fold, fold
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.log_lines import short
from opsconsole.view.naming import bare_name
from opsconsole.view.offers import short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Span, Table, Tone
from opsconsole.view.runs import run_glyph, run_tone, target_glyph, target_tone, targets_of
from opsconsole.view.sections import Section

_BAR: Final = 24
_SHOWN_LINES: Final = 6
_WORDS: Final = {
    RunState.RUNNING: "RUNNING",
    RunState.STOPPING: "STOPPING",
    RunState.HALTED: "HALTED",
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
            cell(f"by {run.actor}"),
            cell(f'"{run.reason}"', Tone.DIM) if run.reason else (),
        )
    )
    return first, _progress(run, now, options.glyphs)


def _progress(run: Run, now: float, glyphs: Glyphs) -> Cell:
    total = len(run.targets)
    settled = sum(target.state.is_settled for target in run.targets)
    ended = run.ended if run.ended is not None else now
    return joined(
        (
            cell(f"[{fmt.bar(settled / total if total else 1.0, _BAR, glyphs)}] {settled}/{total}"),
            cell(fmt.age(ended - run.at)),
            counts(run),
            cell(run.note, Tone.WARNING) if run.note else (),
        )
    )


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


_TARGET_RANK: Final = {
    TargetState.UNKNOWN: 0,
    TargetState.FAILED: 1,
    TargetState.WRONG_HOST: 1,
    TargetState.UNREACHABLE: 1,
    TargetState.CANCELLED: 1,
    TargetState.RUNNING: 2,
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
    loud = (
        target.state.upper()
        if target.state in (TargetState.FAILED, TargetState.UNKNOWN)
        else target.state
    )
    cells = (
        target_glyph(target, glyphs),
        cell(bare_name(target.name)),
        cell(target.step),
        cell(loud, target_tone(target.state)),
        cell(took),
        cell(target.why or target.last_line),
    )
    return Row(target.name, cells, Tone.DIM if target.state.is_good else Tone.NORMAL)


def folded_output(
    run: Run,
    lines: Iterable[OutputLine],
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show equal output once, and of what differs the first differing line."""
    shown: list[Cell] = []
    for group in fold(run, lines):
        shown += _fold_lines(group, options.glyphs)
    empty = (cell("nothing was said yet", Tone.DIM),)
    return Section("folded", tuple(shown) or empty, cell("Folded: equal output", Tone.STRONG))


def _fold_lines(group: Fold, glyphs: Glyphs) -> list[Cell]:
    count = len(group.targets)
    sign = glyphs.same if group.differs_at is None else glyphs.differs
    same = f"same on {count}  " if count > 1 else ""
    head = (
        span(f"{sign} ", target_tone(group.state)),
        span(f"{same}{group.title}  ", Tone.STRONG),
        span(group.state, target_tone(group.state)),
    )
    body = [(span(f"  {text}"),) for text in group.lines[:_SHOWN_LINES]]
    lines: list[Cell] = [head, *body]
    if len(group.lines) > _SHOWN_LINES:
        lines.append(
            cell(f"  {glyphs.ellipsis} {len(group.lines) - _SHOWN_LINES} lines more", Tone.DIM)
        )
    if group.differs_at is not None and group.differs_at < len(group.lines):
        lines.append(
            (span("  first differing line: ", Tone.DIM), span(group.lines[group.differs_at]))
        )
    return lines


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


def closing(run: Run) -> Cell:
    """Say in a sentence how a run ended and what a person does now; empty while it goes well."""
    unknown = [t.name for t in run.targets if t.state is TargetState.UNKNOWN]
    if unknown:
        names = ", ".join(bare_name(name) for name in unknown[:4])
        return cell(
            f"What happened on {names} was not observed: look before you run it again.", Tone.STALE
        )
    match run.state:
        case RunState.HALTED:
            return cell("Halted: nothing new starts. :stop ends the run.", Tone.WARNING)
        case RunState.STOPPING:
            return cell("Stopping: nothing new starts, what runs comes to its end.", Tone.WARNING)
        case RunState.FAILED | RunState.PARTIAL:
            return cell("Some targets failed; the others are as the table says.", Tone.CRITICAL)
        case RunState.SUCCEEDED:
            return cell("Done. The targets were polled again at once.", Tone.OK)
        case _:
            return ()
