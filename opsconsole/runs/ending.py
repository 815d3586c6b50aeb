"""How a run ended: the worst that holds wins, and nothing that was not seen reads good; pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import RunState, TargetState


def judge_run(
    targets: Iterable[RunTarget], *, stopped: bool, halted: bool, rolled_back: bool = False
) -> RunState:
    """Decide a run's ending.

    Args:
        targets: All of them, settled.
        stopped: A person ended it.
        halted: A budget or a gate ended it.
        rolled_back: What could be taken back was gone through.
    """
    known = list(targets)
    states = {target.state for target in known}
    if states & {TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN}:
        return RunState.INDETERMINATE
    if TargetState.UNDO_FAILED in states:
        return RunState.ROLLBACK_FAILED
    if rolled_back and TargetState.UNDONE in states and not any(each.left for each in known):
        return RunState.ROLLED_BACK
    if stopped and not _all_good(known):
        return RunState.ABORTED
    if halted:
        return RunState.FAILED
    if _all_good(known):
        return RunState.SUCCEEDED
    did = bool(states & {TargetState.CHANGED, TargetState.UNCHANGED})
    return RunState.PARTIAL if did else RunState.FAILED


def never_began(run: Run, note: str, at: float) -> Run:
    """End a run that was opened and dispatched nothing; `note` says why."""
    targets = tuple(
        replace(target, state=TargetState.NOT_STARTED, why=note)
        if target.state is TargetState.PENDING
        else target
        for target in run.targets
    )
    return replace(run, state=RunState.ABORTED, targets=targets, note=note, ended=at, choices=())


def _all_good(targets: Iterable[RunTarget]) -> bool:
    return all(target.state.is_good for target in targets)
