"""A run on the command line: started, followed to its end, and told by an exit code."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Final

from opsconsole.cli.exits import Exit
from opsconsole.cli.run_plan import Wish, confirmed, show_plan
from opsconsole.cli.run_targets import target_rows
from opsconsole.cli.show import print_json
from opsconsole.errors import EngineError, OutcomeUnknownError, RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.calls import Output, ReadOutput, Started, StartRun
from opsconsole.model.run import OutputLine, Run
from opsconsole.model.states import RunState
from opsconsole.rpc.client import Client
from opsconsole.view.outage import outage_words

_LOOK: Final = 2.0
"""Seconds one look at the output waits for its first new line; then whether it waits for a person is looked at."""
_WAIT: Final = 20.0
"""Seconds until its end is told, once its output is over."""
OUTCOMES: Mapping[RunState, Exit] = {
    RunState.SUCCEEDED: Exit.DONE,
    RunState.INDETERMINATE: Exit.UNKNOWN,
}
"""Exit codes by ending; any other is a failure."""


async def carry_out(client: Client, plan: Plan, wish: Wish) -> int:
    """Show a plan, or confirm, start and follow it; gives the exit code.

    Raises:
        RefusedError: It may not be started.
        OutcomeUnknownError: The engine was lost: it may have begun, and may go on.
    """
    costs = outage_words(plan, client.snapshot)
    if wish.only_plan:
        show_plan(plan, as_json=wish.as_json, costs=costs)
        return Exit.REFUSED if plan.refusal and not wish.unlock else Exit.DONE
    if plan.refusal and not wish.unlock:
        hint = "; or add --unlock REASON to this command" if plan.refused_as == "locked" else ""
        raise RefusedError(plan.refused_as, f"{plan.refusal}{hint}")
    typed = confirmed(plan, wish, costs)
    call = StartRun(plan.id, plan.hash, typed, wish.reason, wish.unlock, wish.wait_lock, wish.glass)
    name = plan.action
    try:
        name = (await client.call(call, Started, within=30.0 + wish.wait_lock)).run
        return await follow(client, name, as_json=wish.as_json)
    except (EngineError, TimeoutError) as error:
        # the engine may have begun, and may go on: that nobody answers us says nothing about the hosts
        why = str(error) or "its end was not told"
        raise OutcomeUnknownError(name, f"{why}; see: opsconsole runs") from error


async def follow(client: Client, run_id: str, *, as_json: bool, after: int = 0) -> int:
    """Print what a run says until it is over; gives the exit code."""
    cursor, stood = after, ""
    while True:
        call = ReadOutput(run_id, cursor, wait=_LOOK)
        got = await client.call(call, Output, within=_LOOK + 30.0)
        for line in got.lines:
            cursor = line.cursor
            if not as_json:
                _show_line(line)
        if got.dropped and not as_json:
            print(f"... {got.dropped} lines are only in the run's files", file=sys.stderr)
        if got.over and not got.lines:
            break
        stood = _show_choices(client.snapshot.runs.get(run_id), stood)
    ended = await _ended(client, run_id)
    show_end(ended, as_json=as_json)
    return OUTCOMES.get(ended.state, Exit.FAILED)


def show_end(run: Run, *, as_json: bool) -> None:
    """Print how a run stands, target by target."""
    if as_json:
        print_json({"schema": "opsconsole.run/1", "run": run})
        return
    for names, state, why, left in target_rows(run):
        print(f"{names}  {state}  {why}".rstrip())
        if left:
            print(f"{names}  left: {left}")
    print(f"{run.id}: {run.state} {run.note or run.reason}".rstrip())


def _show_choices(run: Run | None, stood: str) -> str:
    """Say once what a run that waits for a person waits for; returns what was said."""
    if run is None:
        return stood
    if run.state is RunState.AWAITING_APPROVAL:
        if stood != run.state:
            said = f"opsconsole: somebody else has to agree: opsconsole approve {run.id}"
            print(said, file=sys.stderr, flush=True)
        return run.state
    waits = run.state in (RunState.PAUSED, RunState.HALTED)
    asks = run.question.text if run.question is not None else ""
    stands = f"{run.state} {asks}" if waits or asks else ""
    if stands and stands != stood:
        verbs = "|".join(("answer", "refuse") if asks else run.choices)
        print(
            f"opsconsole: it waits: opsconsole runs {verbs} {run.id}", file=sys.stderr, flush=True
        )
    return stands


def _show_line(line: OutputLine) -> None:
    stream = sys.stdout if line.stream == "out" else sys.stderr
    print(f"{line.target or 'run'}: {line.text}", file=stream, flush=True)


async def _ended(client: Client, run_id: str) -> Run:
    async with asyncio.timeout(_WAIT):
        while True:
            found = client.snapshot.runs.get(run_id)
            if found is not None and found.state.is_over:
                return found
            await client.wait_change()
