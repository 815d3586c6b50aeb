"""What of runs people are told who do not look: it needs a second person, or went without, waits, ended; pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.engine.senders import Message
from opsconsole.model.run import Run
from opsconsole.model.states import Effect, RunState
from opsconsole.model.text import LABEL_LIMIT, clean

APPROVAL: Final = "approval"
GLASS: Final = "break-glass"
WAITS: Final = "run-waits"
ENDED: Final = "run-ended"
_BAD: Final = {
    RunState.SUCCEEDED: "info",
    RunState.ABORTED: "warning",
    RunState.PARTIAL: "warning",
    RunState.ROLLED_BACK: "warning",
}


class RunOccasion(Struct, frozen=True):
    """One thing that happened to a run."""

    kind: str
    """approval, break-glass, run-waits or run-ended."""
    run: Run


def run_occasions(before: Mapping[str, Run], after: Mapping[str, Run]) -> Iterator[RunOccasion]:
    """Tell what happened to runs between two looks, in the order of their ids."""
    for name in sorted(after):
        old, new = before.get(name), after[name]
        if old is not new:
            yield from _of_run(old, new)


def _of_run(old: Run | None, new: Run) -> Iterator[RunOccasion]:
    if _is_glass(new) and not _is_glass(old):
        yield RunOccasion(GLASS, new)
    if new.state is RunState.AWAITING_APPROVAL and (old is None or old.state is not new.state):
        yield RunOccasion(APPROVAL, new)
    if _waits(new) and (old is None or _waits(old) != _waits(new)):
        yield RunOccasion(WAITS, new)
    if new.state.is_over and (old is None or not old.state.is_over):
        yield RunOccasion(ENDED, new)


def _is_glass(run: Run | None) -> bool:
    return run is not None and run.approval is not None and run.approval.state == "glass"


def _waits(run: Run) -> str:
    """Say why a run waits for a person, unless a person made it wait; empty: it does not."""
    if run.question is not None:
        return f"asks: {run.question.text}"
    if run.state is RunState.HALTED:
        return run.note or "halted"
    is_told = run.state is RunState.PAUSED and not run.note.startswith("paused by ")
    return (run.note or "paused") if is_told else ""


def message_of(one: RunOccasion, at: float) -> Message:
    """Write what is sent."""
    run = one.run
    count = len(run.targets)
    where = run.targets[0].name if count == 1 else f"{count} targets"
    words = {
        APPROVAL: "needs a second person",
        GLASS: "BREAK-GLASS",
        WAITS: "waits",
        ENDED: str(run.state),
    }[one.kind]
    return Message(
        kind=one.kind,
        at=at,
        title=clean(f"{words}: {run.title} on {where}, by {run.actor}", LABEL_LIMIT),
        text=clean(_text(one), 400),
        severity=_severity(one),
        name=run.action,
        on=f"run:{run.id}",
        since=run.at,
        labels={"action": run.action, "effect": str(run.effect), "actor": run.actor},
    )


def _text(one: RunOccasion) -> str:
    run, approval = one.run, one.run.approval
    if one.kind == APPROVAL and approval is not None:
        return f"{approval.why}; opsconsole approve {run.id}"
    if one.kind == GLASS and approval is not None:
        return (
            f"{approval.by} went ahead without a second person ({approval.why}): {approval.reason}"
        )
    return _waits(run) if one.kind == WAITS else run.note or run.reason


def _severity(one: RunOccasion) -> str:
    match one.kind:
        case "break-glass":
            return "critical"
        case "run-ended":
            usual = "warning" if one.run.effect is Effect.READ else "critical"
            return _BAD.get(one.run.state, usual)
        case _:
            return "warning"
