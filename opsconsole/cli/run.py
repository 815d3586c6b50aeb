"""`run`: one action on targets, with its plan, its confirmation and its live output; exits with its outcome."""

import asyncio
import shlex
import sys
from collections.abc import Mapping

import click
from msgspec import Struct

from opsconsole.cli import complete
from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options
from opsconsole.cli.show import print_json
from opsconsole.errors import EngineError, OutcomeUnknownError, RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.calls import Output, PlanRun, ReadOutput, Started, StartRun
from opsconsole.model.run import OutputLine, Run
from opsconsole.model.states import Confirm, RunState
from opsconsole.rpc.client import Client


class Wish(Struct, frozen=True):
    """What the person said beside action and targets."""

    params: tuple[str, ...]
    only_plan: bool
    yes: bool
    confirm: str
    unlock: str
    reason: str
    episode: str | None
    as_json: bool


_WAIT = 20.0
"""Seconds one look at the output waits for its first new line."""
OUTCOMES: Mapping[RunState, Exit] = {
    RunState.SUCCEEDED: Exit.DONE,
    RunState.INDETERMINATE: Exit.UNKNOWN,
}


@click.command()
@click.argument("action", shell_complete=complete.actions)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGETS",
    help="web[01-03], role:db.",
    shell_complete=complete.targets,
)
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="K=V",
    help="A parameter.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would happen, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask (for the confirm levels none and key).")
@click.option("--confirm", default="", metavar="TEXT", help="What count and typed levels ask for.")
@click.option("--unlock", default="", metavar="REASON", help="One write in a locked environment.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
@click.option("--on", "episode", metavar="EPISODE", help="The fire it is about.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the plan, or the run at its end."
)
@click.pass_obj
def run(options: Options, /, action: str, targets: tuple[str, ...], **given: object) -> int:
    """Run an action: opsconsole run unit-restart -t web03 -p unit=nginx --plan."""
    from opsconsole.cli.attach import attached, finish

    wish = Wish(**given)  # type: ignore[arg-type]  # click hands in what the options above declare

    async def carry_out() -> int:
        async with attached(options, subscribe=True) as client:
            call = PlanRun(action, targets, _pairs(wish.params), wish.episode)
            plan = await client.call(call, Plan)
            return await _with_plan(client, plan, wish)

    return finish(carry_out())


async def _with_plan(client: Client, plan: Plan, wish: Wish) -> int:
    if wish.only_plan:
        _show_plan(plan, as_json=wish.as_json)
        return Exit.REFUSED if plan.refusal and not wish.unlock else Exit.DONE
    if plan.refusal and not wish.unlock:
        hint = "; or add --unlock REASON to this command" if plan.refused_as == "locked" else ""
        raise RefusedError(plan.refused_as, f"{plan.refusal}{hint}")
    call = StartRun(plan.id, plan.hash, _confirmed(plan, wish), wish.reason, wish.unlock)
    name = plan.action
    try:
        name = (await client.call(call, Started)).run
        await _follow(client, name, as_json=wish.as_json)
        return await _outcome(client, name, as_json=wish.as_json)
    except (EngineError, TimeoutError) as error:
        # the engine may have begun, and may go on: that nobody answers us says nothing about the hosts
        why = str(error) or "its end was not told"
        raise OutcomeUnknownError(name, f"{why}; see: opsconsole runs") from error


def _confirmed(plan: Plan, wish: Wish) -> str:
    """Give what the plan wants typed back, from the options or from the person at the terminal."""
    if plan.confirm is Confirm.NONE or wish.confirm:
        return wish.confirm or plan.expect
    if plan.confirm is Confirm.KEY and wish.yes:
        return plan.expect
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        how = "--yes" if plan.confirm is Confirm.KEY else f"--confirm {plan.expect!r}"
        raise RefusedError("confirm", f"{plan.action} is a {plan.effect}: confirm it with {how}")
    _show_plan(plan, as_json=False)
    if plan.confirm is Confirm.KEY:
        if not click.confirm("Run it?", default=False, err=True):
            raise RefusedError("confirm", "not confirmed: nothing was started")
        return plan.expect
    typed: str = click.prompt(
        f"Type {plan.expect} to run it", default="", show_default=False, err=True
    )
    return typed


def _count(plan: Plan) -> str:
    return "1 target" if len(plan.targets) == 1 else f"{len(plan.targets)} targets"


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json({"schema": "opsconsole.plan/1", "plan": plan})
        return
    print(f"{plan.title} ({plan.action}, {plan.effect}) on {_count(plan)}")
    if plan.blast:
        print(f"reaches {plan.blast}")
    for target in plan.targets:
        print(f"  {target.name}  {target.state}  {target.skip}".rstrip())
        for step in target.steps:
            words = shlex.join(step.argv) or step.shown
            print(f"    {step.effect:<11} {step.id}: {words} {step.note}".rstrip())
    if plan.refusal:
        print(f"refused now: {plan.refusal}")


async def _follow(client: Client, run_id: str, *, as_json: bool) -> None:
    cursor = 0
    while True:
        call = ReadOutput(run_id, cursor, wait=_WAIT)
        got = await client.call(call, Output, within=_WAIT + 30.0)
        for line in got.lines:
            cursor = line.cursor
            if not as_json:
                _show_line(line)
        if got.dropped and not as_json:
            print(f"... {got.dropped} lines are only in the run's files", file=sys.stderr)
        if got.over and not got.lines:
            return


def _show_line(line: OutputLine) -> None:
    stream = sys.stdout if line.stream == "out" else sys.stderr
    print(f"{line.target or 'run'}: {line.text}", file=stream, flush=True)


async def _outcome(client: Client, run_id: str, *, as_json: bool) -> int:
    ended = await _ended(client, run_id)
    if as_json:
        print_json({"schema": "opsconsole.run/1", "run": ended})
    else:
        for target in ended.targets:
            print(f"{target.name}  {target.state}  {target.why}".rstrip())
        print(f"{ended.id}: {ended.state} {ended.reason}".rstrip())
    return OUTCOMES.get(ended.state, Exit.FAILED)


async def _ended(client: Client, run_id: str) -> Run:
    async with asyncio.timeout(_WAIT):
        while True:
            found = client.snapshot.runs.get(run_id)
            if found is not None and found.state.is_over:
                return found
            await client.wait_change()


def _pairs(params: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [part.partition("=") for part in params]
    if wrong := [name for name, equals, _value in pairs if not equals]:
        raise click.UsageError(f"a parameter is NAME=VALUE, not {wrong[0]}")
    return {name: value for name, _equals, value in pairs}
