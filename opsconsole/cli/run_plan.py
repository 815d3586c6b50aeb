"""A plan on the command line: how it is wished for, shown, and confirmed."""

import shlex
import sys
from collections.abc import Mapping, Sequence

import click
from msgspec import Struct

from opsconsole.cli.show import print_json
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.states import Confirm
from opsconsole.model.text import LABEL_LIMIT, clean


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
    glass: str = ""
    """Why it goes ahead without a second person."""


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
        how = _how_confirmed(plan)
        raise RefusedError("confirm", f"{plan.action} is {plan.effect}: confirm it with {how}")
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
    print_lines(plan, costs)
    how = _how_confirmed(plan)
    for what, said in (("confirm", how and f"with {how}"), ("refused", plan.refusal)):
        if said:
            print(f"{what:<8}{said}")


def print_lines(plan: Plan, costs: Sequence[str] = ()) -> None:
    """Print what a plan would do, and nothing of how it is confirmed."""
    from opsconsole.view import plan_page
    from opsconsole.view.cells import plain

    print(clean(plan.title, LABEL_LIMIT))
    for line in plan_page.lines(plan, costs=costs):
        print(plain(line).rstrip())


def _how_confirmed(plan: Plan) -> str:
    """Say what the command line wants to hear; empty for nothing."""
    if plan.confirm is Confirm.NONE:
        return ""
    return "--yes" if plan.confirm is Confirm.KEY else f"--confirm {shlex.quote(plan.expect)}"


def pairs(params: tuple[str, ...]) -> Mapping[str, str]:
    """Read `NAME=VALUE` words.

    Raises:
        UsageError: One has no `=`.
    """
    found = [part.partition("=") for part in params]
    if wrong := [name for name, equals, _value in found if not equals]:
        raise click.UsageError(f"a parameter is NAME=VALUE, not {wrong[0]}")
    return {name: value for name, _equals, value in found}
