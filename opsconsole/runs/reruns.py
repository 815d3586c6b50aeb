"""What it means to run an earlier run again on some of its targets; pure."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.errors import RefusedError
from opsconsole.model.calls import PlanRun
from opsconsole.model.run import Run
from opsconsole.model.states import TargetState
from opsconsole.model.text import clean

SETS: Final[Mapping[str, frozenset[TargetState]]] = {
    "failed": frozenset(
        {
            TargetState.FAILED,
            TargetState.UNREACHABLE,
            TargetState.WRONG_HOST,
            TargetState.CANCELLED,
            TargetState.UNDO_FAILED,
        }
    ),
    "unknown": frozenset({TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN}),
    "not-started": frozenset({TargetState.NOT_STARTED}),
    "all": frozenset(TargetState),
}


def with_rerun(call: PlanRun, runs: Mapping[str, Run], scope: str) -> PlanRun:
    """Fill in what the earlier run says: its targets of that kind, and its parameters where none are given.

    Args:
        call: Its `rerun` is `<run-id>:failed`, `:unknown`, `:not-started` or `:all`.
        runs: Runs that are known, by id.
        scope: The action's.

    Raises:
        RefusedError: unknown-target, empty: no such run, or it has no such target; param: another kind.
    """
    run_id, _, kind = call.rerun.partition(":")
    run = find_run(run_id, runs)
    states = SETS.get(kind or "failed")
    if states is None:
        raise RefusedError("param", f"rerun {clean(kind, 20)}: there is {', '.join(SETS)}")
    if not run.state.is_over:
        raise RefusedError("held", f"{run_id} is not over: retry or stop it there")
    names = [target.name for target in run.targets if target.state in states]
    if not names:
        raise RefusedError("empty", f"{run_id} has no target that is {kind or 'failed'}")
    prefix = "service" if scope == "service" else "host"
    return replace(
        call,
        targets=call.targets or tuple(f"{prefix}:{name}" for name in names),
        params={**run.params, **call.params},
    )


def find_run(run_id: str, runs: Mapping[str, Run]) -> Run:
    """Find a run by its id.

    Raises:
        RefusedError: unknown-target: nobody knows it.
    """
    run = runs.get(run_id)
    if run is None:
        raise RefusedError("unknown-target", f"there is no run {clean(run_id, 60)}")
    return run
