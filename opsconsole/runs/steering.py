"""What a person may do with a run where it stands; pure."""

from collections.abc import Iterable

from msgspec import Struct

from opsconsole.errors import RefusedError
from opsconsole.model.run import RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.model.text import clean

RETRIED = (TargetState.FAILED, TargetState.UNREACHABLE, TargetState.CANCELLED)
"""States a target may be tried again from; UNKNOWN too where the action is idempotent."""


_OPEN = (TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN)
ALWAYS = ("stop", "interrupt")
"""What every live run takes, whatever it offers beside."""


class Situation(Struct, frozen=True):
    """What decides on the choices."""

    state: RunState
    is_busy: bool = False
    """Something is in flight."""
    has_undo: bool = False
    """Something that was done can be taken back."""
    has_retry: bool = False
    """A target can be tried again, or a gate asked again."""
    has_glass: bool = False
    """It may go ahead without the second person it waits for."""


def choices_of(now: Situation) -> tuple[str, ...]:
    """List the verbs of `ControlRun` that are open now, the likeliest first."""
    retry = ("retry",) * now.has_retry
    rollback = ("rollback",) * now.has_undo
    interrupt = ("interrupt",) * now.is_busy
    match now.state:
        case RunState.AWAITING_APPROVAL:
            return ("stop", *("break-glass",) * now.has_glass)
        case RunState.RUNNING | RunState.GATING:
            return ("pause", "stop", *interrupt, "take-over")
        case RunState.PAUSED:
            return ("resume", *retry, *rollback, "stop", *interrupt, "take-over")
        case RunState.HALTED:
            return ("continue", *retry, *rollback, "stop", *interrupt, "take-over")
        case RunState.STOPPING:
            return (*rollback, *interrupt, "take-over")
        case RunState.ROLLING_BACK:
            return (*interrupt, "take-over")
    return ()


def choices_after(
    targets: Iterable[RunTarget], *, has_way_back: bool, closed: bool = False
) -> tuple[str, ...]:
    """List what can still be chosen for a run that is over: to plan its way back, to close it."""
    is_open = any(target.state in _OPEN for target in targets)
    return (*("rollback",) * has_way_back, *("close",) * (is_open and not closed))


def check_choice(run: str, verb: str, choices: tuple[str, ...]) -> None:
    """Refuse a verb that is not open now.

    Raises:
        RefusedError: not-running.
    """
    if verb not in choices:
        wish = clean(verb, 20)
        said = f"it can {', '.join(choices)}" if choices else "it is over"
        raise RefusedError("not-running", f"{run} cannot {wish} now; {said}")
