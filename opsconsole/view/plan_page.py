"""A plan as a person reads it before saying yes: what, where, exactly which commands, how it is confirmed."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from opsconsole.model.action import END_OF_PLAN, Plan, PlannedStep, PlannedTarget
from opsconsole.model.states import Confirm, Effect
from opsconsole.view import format as fmt
from opsconsole.view import plan_rollout
from opsconsole.view.cells import cell, span
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import effect_words
from opsconsole.view.rows import Cell, Tone

_UNSURE: Final = ("cannot tell", "would stop there")
_ANY_TARGET: Final = "TARGET"
"""Stands for each target's own name where the steps of several are written once."""
_STEP_WORDS: Final = {
    Effect.READ: "reads", Effect.WRITE: "changes", Effect.DESTRUCTIVE: "destroys",
}  # fmt: skip


def lines(
    plan: Plan,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    costs: Sequence[str] = (),
) -> tuple[Cell, ...]:
    """Write a plan; targets with the same steps are written once. `costs` stand below the blast radius."""
    tone = {Effect.READ: Tone.OK, Effect.WRITE: Tone.WARNING, Effect.DESTRUCTIVE: Tone.CRITICAL}[
        plan.effect
    ]
    going = [target for target in plan.targets if not target.skip]
    body: list[Cell] = [
        _line("action", (span(f"{plan.action}   "), span(effect_words(plan.effect), tone))),
        _line(
            "on",
            cell(
                f"{len(going)} of {len(plan.targets)}   {folded(bare_name(t.name) for t in going)}"
            ),
        ),
    ]
    if plan.blast:
        body.append(_line("blast", cell(plan.blast)))
    body += [_line("" if number else "cost", cell(cost)) for number, cost in enumerate(costs)]
    if plan.params:
        body.append(
            _line("with", cell("  ".join(f"{name}={value}" for name, value in plan.params.items())))
        )
    body.append(_line("how", cell(_how(plan))))
    if plan.peer:
        body.append(_line("then", cell(f"somebody else has to agree: {plan.peer}", Tone.WARNING)))
    body += [
        _line("" if number else "policy", cell(said)) for number, said in enumerate(plan.policy)
    ]
    body += plan_rollout.lines(plan)
    body.append(())
    for names, steps in _alike(going):
        body += _steps(names, steps, single=len(going) == len(names))
    return (*body, *_left_out(plan, options))


def _left_out(plan: Plan, options: ViewOptions) -> list[Cell]:
    """Targets that nothing would happen on, those with the same reason in one line."""
    reasons: dict[str, list[str]] = {}
    for target in plan.targets:
        if target.skip:
            reasons.setdefault(target.skip, []).append(bare_name(target.name))
    sign = options.glyphs.none
    return [
        (span(f"{sign} {folded(names)}: "), span(why, Tone.WARNING))
        for why, names in reasons.items()
    ]


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(8), Tone.ACCENT), *content)


def _how(plan: Plan) -> str:
    several = len(plan.targets) > 1 and plan.rollout is None
    parallel = f"{plan.max_parallel} at a time, " if several else ""
    stop = "stops at the first failure, " if several and plan.stop_on_failure else ""
    return f"{parallel}{stop}at most {fmt.duration(plan.timeout)} each"


def _alike(targets: Sequence[PlannedTarget]) -> list[tuple[list[str], tuple[PlannedStep, ...]]]:
    """Put targets together whose steps differ in nothing but their own names."""
    groups: dict[tuple[PlannedStep, ...], list[PlannedTarget]] = {}
    for target in targets:
        groups.setdefault(_nameless(target), []).append(target)
    return [
        ([bare_name(one.name) for one in alike], steps if len(alike) > 1 else alike[0].steps)
        for steps, alike in groups.items()
    ]


def _nameless(target: PlannedTarget) -> tuple[PlannedStep, ...]:
    name = re.compile(rf"(?<![\w.-]){re.escape(bare_name(target.name))}(?![\w-])")

    def without(text: str) -> str:
        return name.sub(_ANY_TARGET, text)

    return tuple(
        replace(
            step, argv=tuple(map(without, step.argv)), shown=without(step.shown),
            note=without(step.note),
        )
        for step in target.steps
    )  # fmt: skip


def _steps(names: list[str], steps: tuple[PlannedStep, ...], *, single: bool) -> list[Cell]:
    found: list[Cell] = [] if single else [cell(folded(names), Tone.STRONG)]
    for number, step in enumerate(steps, 1):
        tone = Tone.DIM if step.effect is Effect.READ else Tone.WARNING
        if step.id != END_OF_PLAN:
            found.append((span(f"{number} {step.id}  "), span(_STEP_WORDS[step.effect], tone)))
        said = command_lines(step.argv) if step.argv else [step.shown] if step.shown else []
        found += [(span("    "), span(line)) for line in said]
        if step.note:
            tone = Tone.STALE if step.note.startswith(_UNSURE) else Tone.DIM
            found.append((span("    "), span(step.note, tone)))
    return found


def command_lines(argv: Sequence[str]) -> list[str]:
    """Write an argument list for reading: a script of several lines stands below, as it is."""
    scripts = [word for word in argv if "\n" in word.strip()]
    line = command_line(["..." if word in scripts else word.strip("\n") for word in argv])
    return [line, *(f"  | {each}" for word in scripts for each in word.strip("\n").split("\n"))]


def command_line(argv: Sequence[str]) -> str:
    """Write an argument list as a person would type it; for reading, we never give it to a shell."""
    return " ".join(shlex.quote(argument).replace("'\"'\"'", "'\\''") for argument in argv)


def question(plan: Plan) -> str:
    """Say what must be typed to start it; empty where a key is enough."""
    match plan.confirm:
        case Confirm.COUNT:
            return f"type the number of targets ({plan.expect})"
        case Confirm.TYPED:
            return f"type {plan.expect}"
        case Confirm.PEER:
            return "another person must approve it"
        case _:
            return ""
