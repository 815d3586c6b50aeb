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
        text = f"{run.action} {run.state}: {run.reason}".removesuffix(": ") + _by_whom(run)
        return tell(world, _event(run, now, text, _SIGNS.get(run.state, "")))
    if old is None and run.state is not RunState.PLANNED:
        count = len(run.targets)
        where = run.targets[0].name if count == 1 else f"{count} targets"
        return tell(world, _event(run, now, f"{run.action} on {where}{_by_whom(run)}", _loud(run)))
    was_waiting = old is not None and old.state is RunState.AWAITING_APPROVAL
    if was_waiting and run.state is not RunState.AWAITING_APPROVAL:
        return tell(world, _event(run, now, f"{run.action} begins{_by_whom(run)}", _loud(run)))
    return world


def _by_whom(run: Run) -> str:
    """Say how it stands with the second person that it needs."""
    approval = run.approval
    if approval is None:
        return ""
    said = f": {approval.reason}" if approval.reason else ""
    match approval.state:
        case "waiting":
            return f" waits for a second person: {approval.why}"
        case "approved":
            return f", approved by {approval.by}"
        case "glass":
            return f", BREAK-GLASS by {approval.by}{said}"
        case _:
            return f", {approval.state} by {approval.by}{said}"


def _loud(run: Run) -> str:
    return "critical" if run.approval is not None and run.approval.state == "glass" else ""


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
