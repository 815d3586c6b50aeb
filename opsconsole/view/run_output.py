"""What a run's targets said, one way at a time: each group once, one group against the majority, all of it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from opsconsole.model.run import OutputLine, Run
from opsconsole.model.states import TargetState
from opsconsole.view import fold as folds
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, plain, span
from opsconsole.view.fold import Fold
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name
from opsconsole.view.normalise import ALL
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.run_page import closing, headline, output_cells
from opsconsole.view.runs import target_tone
from opsconsole.view.sections import Section

_SHOWN_LINES: Final = 6
_CONTEXT: Final = 2
"""Equal lines shown around what differs."""


def folded(
    run: Run,
    lines: Iterable[OutputLine],
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    kinds: Collection[str] = ALL,
    shown: int = _SHOWN_LINES,
) -> Section:
    """Show equal output once, and of what differs the first differing line."""
    body: list[Cell] = []
    for group in folds.fold(run, lines, kinds):
        body += _group(group, options.glyphs, shown)
    empty = (cell("nothing was said yet", Tone.DIM),)
    return Section("folded", tuple(body) or empty, cell("Folded: equal output", Tone.STRONG))


def _group(group: Fold, glyphs: Glyphs, shown: int) -> list[Cell]:
    lines = [_head(group, glyphs), *((span(f"  {text}"),) for text in group.lines[:shown])]
    if len(group.lines) > shown:
        lines.append(cell(f"  {glyphs.ellipsis} {len(group.lines) - shown} lines more", Tone.DIM))
    at = group.differs_at
    if at is not None and at < len(group.lines):
        lines.append((span("  first differing line: ", Tone.DIM), span(group.lines[at])))
    return lines


def _head(group: Fold, glyphs: Glyphs) -> Cell:
    if group.state is TargetState.UNKNOWN:
        sign = glyphs.stale
    elif group.state in (TargetState.PENDING, TargetState.NOT_STARTED):
        sign = glyphs.dot
    elif not group.state.is_settled:
        sign = glyphs.run
    else:
        sign = glyphs.same if group.differs_at is None else glyphs.differs
    same = f"same on {len(group.targets)}  " if len(group.targets) > 1 else ""
    tone = target_tone(group.state)
    why = f"  {group.why}" if group.why else ""
    return (
        span(f"{sign} ", tone),
        span(f"{same}{group.title}  ", Tone.STRONG),
        span(f"{group.state}{why}", tone),
    )


def compared(
    run: Run, lines: Iterable[OutputLine], target: str, kinds: Collection[str] = ALL
) -> Section:
    """Set the group of one target against what most said: what it lacks, what it has more."""
    found = folds.fold(run, lines, kinds)
    one, most = folds.of_target(found, target), folds.majority(found)
    if one is None or most is None or one is most:
        said = "This is what most of them said: nothing to compare it with."
        return Section("diff", (cell(said, Tone.DIM),), cell("Difference", Tone.STRONG))
    pairs = folds.differences(most.lines, one.lines)
    body = [_difference(sign, text) for sign, text in _near(pairs)]
    title = f"Difference: {one.title} against {most.title}"
    legend: list[Cell] = [
        cell(f"- only {most.title}   + only {one.title}", Tone.DIM),
    ]
    same = [cell("The same lines; they ended differently.", Tone.DIM)]
    return Section("diff", (*legend, *(body or same)), cell(title, Tone.STRONG))


def _difference(sign: str, text: str) -> Cell:
    tone = {"-": Tone.DIM, "+": Tone.WARNING}.get(sign, Tone.NORMAL)
    return cell(f"{sign} {text}", tone)


def _near(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keep what differs, and a few equal lines around it."""
    changed = [n for n, (sign, _) in enumerate(pairs) if sign != " "]
    near = {n + d for n in changed for d in range(-_CONTEXT, _CONTEXT + 1)}
    return [pair for n, pair in enumerate(pairs) if n in near]


def export(
    run: Run,
    lines: Sequence[OutputLine],
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> str:
    """Write a run as a text to keep: how it stands, each target, equal output once, then every line."""
    rows = [
        f"{bare_name(t.name)}  {t.state}  {t.step}  {t.why or t.evidence or t.last_line}".rstrip()
        + (f"  left: {t.left}" if t.left else "")
        for t in run.targets
    ]
    parts: list[list[str]] = [
        [f"run {run.id}  plan {run.plan_hash[:12]}", f"at {fmt.moment(run.at, now)}"],
        [plain(line) for line in (*headline(run, now, 200, options), *closing(run))],
        rows,
        [plain(line) for line in folded(run, lines, options, shown=len(lines)).lines],
        [plain(line) for line in output_cells(lines, options)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"
