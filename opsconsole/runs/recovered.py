"""What a journal proves of one target whose engine died: forward, tried again, on its way back; pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from opsconsole.model.run import RunTarget
from opsconsole.model.states import Effect, TargetState
from opsconsole.runs.chain import Entry
from opsconsole.runs.pushed import standing_undos
from opsconsole.runs.undo import tell_left


def target_of(name: str, entries: Sequence[Entry]) -> RunTarget:
    """Say what is known of a target; a dispatched write without an end that was seen is UNKNOWN."""
    mine = [entry for entry in entries if entry.text("target") == name]
    begins = [0, *(number for number, each in enumerate(mine) if each.kind == "target.again")]
    last = mine[begins[-1] :]
    if not any(each.kind in ("step.dispatch", "target.end") for each in last):
        last = mine[begins[-2] :] if len(begins) > 1 else mine  # that try had not begun yet
    target = replace(_forward(name, last), attempt=len(begins))
    if any(entry.kind.startswith("undo.") and entry.kind != "undo.push" for entry in last):
        return _back(target, mine)
    return target if target.state.is_good or target.left else replace(target, left=_left(mine))


def _forward(name: str, mine: Sequence[Entry]) -> RunTarget:
    ended = next((entry for entry in mine if entry.kind == "target.end"), None)
    if ended is not None:
        return _ended(name, ended)
    settles = [entry.text("ending") for entry in mine if entry.kind == "step.settle"]
    dispatched = [entry for entry in mine if entry.kind == "step.dispatch"]
    if dispatched and len(settles) == len(dispatched) and set(settles) == {"unreachable"}:
        return RunTarget(name, TargetState.UNREACHABLE, why="unreachable, then the engine died")
    if not dispatched:
        return RunTarget(name, TargetState.NOT_STARTED, why="the engine died before")
    last = dispatched[-1]
    if len(dispatched) > len(settles):
        return _unknown(name, last, f"{last.text('step')}: dispatched, then the engine died")
    if any(entry.text("effect") != Effect.READ for entry in dispatched):
        return _unknown(name, last, f"the engine died after {last.text('step')}; not verified")
    return RunTarget(
        name, TargetState.CANCELLED, step=last.text("step"), why="the engine died between reads"
    )


def _back(target: RunTarget, mine: Sequence[Entry]) -> RunTarget:
    """On the way back: what was written down as its end, else what its dispatches prove."""
    ended = next((entry for entry in reversed(mine) if entry.kind == "undo.end"), None)
    if ended is not None:
        known = replace(_ended(target.name, ended), attempt=target.attempt)
        return replace(known, left=ended.text("left"))
    sent = [e for e in mine if e.kind == "undo.dispatch" and e.text("effect") != Effect.READ]
    seen = [e for e in mine if e.kind == "undo.settle" and e.text("ending") != "lost"]
    is_open = len(sent) > len(seen)
    return replace(
        target,
        state=TargetState.UNDO_UNKNOWN if is_open else TargetState.UNDO_FAILED,
        why="the engine died while it was taken back",
        left=_left(mine),
    )


def _left(mine: Sequence[Entry]) -> str:
    """Say what stands there: undos were pushed before their steps were dispatched."""
    return tell_left([(each.text("step"), each.text("title")) for each in standing_undos(mine)])


def _ended(name: str, entry: Entry) -> RunTarget:
    state = entry.text("state")
    known = TargetState(state) if state in tuple(TargetState) else TargetState.UNKNOWN
    return RunTarget(
        name,
        known,
        why=entry.text("why"),
        ended=entry.at,
        left=entry.text("left"),
        evidence=entry.text("evidence"),
    )


def _unknown(name: str, last: Entry, why: str) -> RunTarget:
    return RunTarget(name, TargetState.UNKNOWN, step=last.text("step"), why=why, started=last.at)
