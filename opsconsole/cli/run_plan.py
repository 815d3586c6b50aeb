"""A plan on the command line: how it is wished for, shown, and confirmed."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence

import click
from msgspec import Struct

from opsconsole.cli.show import print_json
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.states import Confirm


class Wish(Struct, frozen=True):
    """What the person said beside action and targets."""

    only_plan: bool = False
    yes: bool = False
    confirm: str = ""
    unlock: str = ""
    reason: str = ""
    as_json: bool = False
    wait_lock: float = 0.0
    """Seconds to wait for locks that others hold."""


def confirmed(plan: Plan, wish: Wish, costs: Sequence[str] = ()) -> str:
    """Give what the plan wants typed back, from the options or from the person at the terminal.

    Raises:
        RefusedError: confirm: nobody is there to ask, or they said no.
    """
    if plan.confirm is Confirm.NONE or wish.confirm:
        return wish.confirm or plan.expect
    if plan.confirm is Confirm.KEY and wish.yes:
        return plan.expect
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        how = "--yes" if plan.confirm is Confirm.KEY else f"--confirm {plan.expect!r}"
        raise RefusedError("confirm", f"{plan.action} is a {plan.effect}: confirm it with {how}")
    show_plan(plan, as_json=False, costs=costs)
    if plan.confirm is Confirm.KEY:
        if not click.confirm("Run it?", default=False, err=True):
            raise RefusedError("confirm", "not confirmed: nothing was started")
        return plan.expect
    typed: str = click.prompt(
        f"Type {plan.expect} to run it", default="", show_default=False, err=True
    )
    return typed


def show_plan(plan: Plan, *, as_json: bool, costs: Sequence[str] = ()) -> None:
    """Print a plan; `costs` say what it would cost at worst."""
    if as_json:
        print_json({"schema": "opsconsole.plan/1", "plan": plan, "costs": costs})
        return
    print(f"{plan.title} ({plan.action}, {plan.effect}) on {_count(plan)}")
    if plan.blast:
        print(f"reaches {plan.blast}")
    for line in (*costs, *_rollout_lines(plan), *_target_lines(plan)):
        print(line)
    warnings = (
        ("locks", " ".join(plan.locks)),
        ("held now", plan.held_by),
        ("a lost outcome cannot be settled by the host", plan.spool),
        ("refused now", plan.refusal),
    )
    for what, why in warnings:
        if why:
            print(f"{what}: {why}")


def _target_lines(plan: Plan) -> Iterator[str]:
    for target in plan.targets:
        yield f"  {target.name}  {target.state}  {target.skip}".rstrip()
        for step in target.steps:
            what = step.shown or shlex.join(step.argv)
            yield f"    {step.effect:<11} {step.id}: {what} {step.note}".rstrip()


def _rollout_lines(plan: Plan) -> list[str]:
    """Say how it goes over its targets; nothing for one batch."""
    rollout = plan.rollout
    if rollout is None or len(plan.batches) < 2:
        return []
    words = ["canary" if rollout.canary is not None else "batch 1"]
    words += [f"batch {number}" for number in range(2, len(plan.batches) + 1)]
    lines = [
        f"{word:<8} {', '.join(names[:8])}{f' and {len(names) - 8} more' * (len(names) > 8)}"
        for word, names in zip(words, plan.batches, strict=True)
    ]
    if rollout.canary is not None and rollout.canary.bake:
        lines[0] += f", watched for {rollout.canary.bake:g} s"
    lines += [f"gate     {gate.check}, {gate.stable} in a row" for gate in rollout.gates]
    lines.append(f"at most  {plan.overshoot} more than the budget can go bad, then nothing new")
    return lines


def _count(plan: Plan) -> str:
    return "1 target" if len(plan.targets) == 1 else f"{len(plan.targets)} targets"


def pairs(params: tuple[str, ...]) -> Mapping[str, str]:
    """Read `NAME=VALUE` words.

    Raises:
        UsageError: One has no `=`.
    """
    found = [part.partition("=") for part in params]
    if wrong := [name for name, equals, _value in found if not equals]:
        raise click.UsageError(f"a parameter is NAME=VALUE, not {wrong[0]}")
    return {name: value for name, _equals, value in found}
