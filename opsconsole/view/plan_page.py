"""A plan as a person reads it before saying yes: what, where, exactly which commands, how it is confirmed."""

import shlex
from collections.abc import Sequence
from typing import Final

from opsconsole.model.action import Plan, PlannedStep, PlannedTarget
from opsconsole.model.states import Confirm, Effect
from opsconsole.view import format as fmt
from opsconsole.view import plan_rollout
from opsconsole.view.cells import cell, span
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import effect_words
from opsconsole.view.rows import Cell, Tone

_CANNOT_TELL: Final = "cannot tell"


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
    groups: dict[tuple[PlannedStep, ...], list[str]] = {}
    for target in targets:
        groups.setdefault(target.steps, []).append(bare_name(target.name))
    return [(names, steps) for steps, names in groups.items()]


def _steps(names: list[str], steps: tuple[PlannedStep, ...], *, single: bool) -> list[Cell]:
    found: list[Cell] = [] if single else [cell(folded(names), Tone.STRONG)]
    for number, step in enumerate(steps, 1):
        tone = Tone.DIM if step.effect is Effect.READ else Tone.WARNING
        found.append((span(f"{number} {step.id}  "), span(effect_words(step.effect), tone)))
        if step.argv:
            found.append((span("    "), span(command_line(step.argv))))
        elif step.shown:
            found.append((span("    "), span(step.shown)))
        if step.note:
            tone = Tone.STALE if step.note.startswith(_CANNOT_TELL) else Tone.DIM
            found.append((span("    "), span(step.note, tone)))
    return found


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
