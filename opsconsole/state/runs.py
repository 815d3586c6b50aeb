"""How runs reach the snapshot: live ones and the newest fifty."""

from typing import Final

from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.states import RunState
from opsconsole.state.world import World, tell, with_tables

RUNS_SHOWN: Final = 50
_SIGNS: Final = {
    RunState.SUCCEEDED: "ok",
    RunState.INDETERMINATE: "unknown",
    RunState.PARTIAL: "warning",
    RunState.ABORTED: "warning",
    RunState.FAILED: "critical",
}


def with_run(world: World, run: Run, now: float) -> World:
    """Take a run's newest state; its start and its end are told."""
    old = world.snapshot.runs.get(run.id)
    runs = {**world.snapshot.runs, run.id: run}
    ended = sorted(key for key, known in runs.items() if known.state.is_over)
    for key in ended[:-RUNS_SHOWN]:
        del runs[key]
    world = with_tables(world, runs=runs)
    if run.state.is_over and (old is None or not old.state.is_over):
        text = f"{run.action} {run.state}: {run.reason}".removesuffix(": ")
        return tell(world, _event(run, now, text, _SIGNS.get(run.state, "")))
    if old is None and run.state is not RunState.PLANNED:
        count = len(run.targets)
        where = run.targets[0].name if count == 1 else f"{count} targets"
        return tell(world, _event(run, now, f"{run.action} on {where}", ""))
    return world


def _event(run: Run, now: float, text: str, severity: str) -> Event:
    return Event(
        id=0,
        at=now,
        actor=run.actor,
        kind="run",
        subject=f"run:{run.id}",
        text=text,
        severity=severity,
    )
