"""Where a run stands on its way: batches with their progress, gates, bake, budget, what must stay healthy."""

from typing import Final

from opsconsole.model.rollout import GateStatus, RolloutStatus
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.run_choices import BAD
from opsconsole.view.sections import Section

_LABEL: Final = 8
_GATE_TONES: Final = {
    "pass": Tone.OK,
    "fail": Tone.CRITICAL,
    "inconclusive": Tone.STALE,
    "waiting": Tone.ACCENT,
}
_AROUND: Final = 3
"""Batches shown before the one under way where there are many."""
_SHOWN: Final = 9


def section(
    run: Run,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the pane beside the targets."""
    lines = [*_way(run, now, width, options.glyphs), *_standing(run, now, options.glyphs)]
    title = "Rollout" if run.rollout is not None else "Order"
    return Section("rollout", tuple(lines), cell(title, Tone.STRONG))


def budget_words(status: RolloutStatus) -> str:
    """Say how much of the budget is used: `1 bad, 0 may be: HIT`."""
    spent = ": HIT" if status.bad > status.limit else ""
    return f"{status.bad} bad, {status.limit} may be{spent}"


def watched_words(status: RolloutStatus, now: float) -> str:
    """Say in a few words what is waited for between batches: `23s of watching left, health 1 of 3`."""
    words = []
    if status.bake_until is not None and status.bake_until > now:
        words.append(f"{fmt.age(status.bake_until - now)} of watching left")
    words += [
        f"{gate.id} {gate.passes} of {gate.stable}"
        for gate in status.gates
        if gate.verdict == "waiting"
    ]
    return ", ".join(words)


def _way(run: Run, now: float, width: int, glyphs: Glyphs) -> list[Cell]:
    status = run.rollout
    if status is None:
        return [cell(_all_at_once(run))]
    by_name = {target.name: target for target in run.targets}
    numbers = range(len(status.batches))
    first = max(0, min(status.batch - _AROUND, len(numbers) - _SHOWN))
    shown = numbers[first : first + _SHOWN]
    lines = [_batch(run, status, n, by_name, width, glyphs) for n in shown]
    hidden = len(numbers) - len(shown)
    if hidden:
        lines.append(cell(f"{glyphs.ellipsis} {hidden} batches more", Tone.DIM))
    return [*lines, *_between(status, now, glyphs)]


def _all_at_once(run: Run) -> str:
    if len(run.targets) < 2:
        return "one target"
    return f"no batches: {run.max_parallel} at a time"


def _batch(
    run: Run,
    status: RolloutStatus,
    number: int,
    by_name: dict[str, RunTarget],
    width: int,
    glyphs: Glyphs,
) -> Cell:
    names = status.batches[number]
    members = [by_name[name] for name in names if name in by_name]
    done = sum(target.state.is_settled for target in members)
    word = "canary" if number == 0 and status.has_canary else f"batch {number + 1}"
    sign, tone = _sign(run, status, number, members, glyphs)
    shown = fmt.shorten(folded(bare_name(name) for name in names), max(8, width - 30), glyphs)
    bad = sum(_counts(target) for target in members)
    return joined(
        (
            (span(f"{sign} ", tone), span(f"{word:<{_LABEL}}"), span(f"{done}/{len(names)}")),
            cell(shown, Tone.DIM if number > status.batch else Tone.NORMAL),
            cell(f"{bad} bad", Tone.CRITICAL) if bad else (),
        )
    )


def _counts(target: RunTarget) -> bool:
    return target.state is TargetState.UNKNOWN or target.state in BAD


def _sign(
    run: Run, status: RolloutStatus, number: int, members: list[RunTarget], glyphs: Glyphs
) -> tuple[str, Tone]:
    if any(target.state is TargetState.UNKNOWN for target in members):
        return glyphs.stale, Tone.STALE
    if any(_counts(target) for target in members):
        return glyphs.critical, Tone.CRITICAL
    if members and all(target.state.is_settled for target in members):
        good = any(target.state.is_good for target in members)
        return (glyphs.ok, Tone.OK) if good else (glyphs.dot, Tone.MUTED)
    if number == status.batch and run.state is RunState.RUNNING:
        return glyphs.run, Tone.ACCENT
    return glyphs.dot, Tone.MUTED


def _between(status: RolloutStatus, now: float, glyphs: Glyphs) -> list[Cell]:
    lines: list[Cell] = []
    if status.bake_until is not None and status.bake_until > now:
        left = fmt.age(status.bake_until - now)
        lines.append(_line("bake", cell(f"watched for {left} more", Tone.ACCENT)))
    lines += [_line("gate", _gate(gate, now, glyphs)) for gate in status.gates]
    tone = Tone.CRITICAL if status.bad > status.limit else Tone.NORMAL
    lines.append(_line("budget", cell(budget_words(status), tone)))
    if status.healthy_limit is not None:
        lines.append(_line("floor", _floor(status)))
    return lines


def _gate(gate: GateStatus, now: float, glyphs: Glyphs) -> Cell:
    tone = _GATE_TONES.get(gate.verdict, Tone.NORMAL)
    passes = f"{gate.passes} of {gate.stable}" if gate.stable > 1 else ""
    left = ""
    if gate.until is not None and gate.until > now and gate.verdict == "waiting":
        left = f"{fmt.age(gate.until - now)} left"
    return joined(
        (
            (span(f"{_gate_sign(gate.verdict, glyphs)} ", tone), span(gate.id)),
            cell(" ".join(word for word in (gate.verdict, passes) if word), tone),
            cell(left, Tone.DIM) if left else (),
            cell(gate.said, Tone.DIM) if gate.said else (),
        )
    )


def _gate_sign(verdict: str, glyphs: Glyphs) -> str:
    return {
        "pass": glyphs.ok,
        "fail": glyphs.critical,
        "inconclusive": glyphs.stale,
    }.get(verdict, glyphs.run)


def _floor(status: RolloutStatus) -> Cell:
    if status.healthy is None:
        return cell(
            f"{status.healthy_limit} must stay healthy; how many are is not known: it waits",
            Tone.STALE,
        )
    tone = Tone.WARNING if status.healthy <= (status.healthy_limit or 0) else Tone.NORMAL
    return cell(f"{status.healthy} healthy, {status.healthy_limit} must stay", tone)


def _standing(run: Run, now: float, glyphs: Glyphs) -> list[Cell]:
    lines: list[Cell] = []
    if run.question is not None:
        until = run.question.until
        left = f"   {fmt.age(until - now)} left" if until is not None else ""
        asked = cell(f"{run.question.text}{left}", Tone.WARNING)
        lines.append(_line("asks", asked))
    if run.operator and run.operator != run.actor:
        lines.append(_line("holds it", cell(run.operator)))
    if run.rerun_of:
        lines.append(_line("again", cell(f"of run {run.rerun_of}", Tone.DIM)))
    for target in run.targets:
        if target.left:
            said = cell(f"{bare_name(target.name)} {glyphs.none} {target.left}", Tone.WARNING)
            lines.append(_line("left", said))
    return lines


def _line(label: str, content: Cell) -> Cell:
    return (span(f"{label:<{_LABEL}} ", Tone.ACCENT), *content)
