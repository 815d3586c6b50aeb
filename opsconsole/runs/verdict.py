"""From what was seen to what may be said: the only place where a target's ending is decided; pure.

The rule above all: a write that was dispatched and whose end was not seen makes the target UNKNOWN,
whatever the action says.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from opsconsole.actions.api import Outcome
from opsconsole.model.states import Effect, TargetState
from opsconsole.transport.base import Ending


class Trace(Struct):
    """One step as it went; grows while it runs."""

    step: str
    effect: Effect
    dispatched: bool = False
    """True once its dispatch is in the journal: from here on it may have acted."""
    ending: Ending | None = None
    """None: not over."""
    code: int | None = None
    spool: str = ""
    """Its folder in the host's spool; empty: it has none."""
    sudo: bool = False
    evidence: str = ""
    """How its end was learned, where no channel showed it."""

    @property
    def writes(self) -> bool:
        """Tell whether it may change something."""
        return self.effect is not Effect.READ

    @property
    def is_seen(self) -> bool:
        """Tell whether its end was observed; a write ended from outside may have acted before or after."""
        if self.ending is Ending.TIMED_OUT:
            return not self.writes
        return self.ending in (Ending.EXITED, Ending.SIGNALLED)


class Kind(StrEnum):
    """What ended an attempt early."""

    FAILED = "failed"
    LOST = "lost"
    UNREACHABLE = "unreachable"
    WRONG_HOST = "wrong-host"
    PLUGIN = "plugin-error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"
    """The run may not dispatch any more (journal, freeze) before this step."""


class Trouble(Struct, frozen=True):
    """Why an attempt did not come to its end."""

    kind: Kind
    why: str
    code: int | None = None
    step: str = ""
    """The step that ended it, where one did; a last step that ran in spite of it is not."""


class Verdict(Struct, frozen=True):
    """What is said of a target."""

    state: TargetState
    why: str = ""
    code: int | None = None
    step: str = ""
    """The step that failed; empty: none did, or it is not known which."""


def judge_target(
    traces: Sequence[Trace], outcome: Outcome | None, trouble: Trouble | None
) -> Verdict:
    """Decide a target's state from its steps, the action's own judgement, and what ended it."""
    for trace in traces:
        if trace.writes and trace.dispatched and not trace.is_seen:
            why = trouble.why if trouble is not None else str(trace.ending or "not over")
            return Verdict(TargetState.UNKNOWN, f"{trace.step}: {_without(trace.step, why)}")
    if trouble is not None:
        return _judge_trouble(traces, trouble)
    wrote = any(trace.writes and trace.dispatched for trace in traces)
    if outcome is None:
        return Verdict(TargetState.CHANGED if wrote else TargetState.UNCHANGED)
    if outcome.state == "failed":
        return Verdict(TargetState.FAILED, outcome.summary)
    changed = wrote and outcome.state == "changed"
    return Verdict(TargetState.CHANGED if changed else TargetState.UNCHANGED, outcome.summary)


def _without(step: str, why: str) -> str:
    return why.removeprefix(f"{step}: ")


def _judge_trouble(traces: Sequence[Trace], trouble: Trouble) -> Verdict:
    """Every dispatched write was seen to end; what remains is what stopped the rest."""
    wrote = [trace.step for trace in traces if trace.writes and trace.dispatched]
    touched = any(trace.dispatched for trace in traces)
    match trouble.kind:
        case Kind.FAILED | Kind.PLUGIN | Kind.TIMEOUT:
            return Verdict(TargetState.FAILED, trouble.why, trouble.code, trouble.step)
        case Kind.LOST:
            return Verdict(TargetState.UNKNOWN, _unverified(wrote, trouble.why))
        case Kind.UNREACHABLE:
            return _judge_unreachable(wrote, trouble.why, touched=touched)
        case Kind.WRONG_HOST:
            return Verdict(TargetState.WRONG_HOST, trouble.why)
        case Kind.INTERRUPTED if touched:
            return Verdict(TargetState.CANCELLED, _partly(wrote, trouble.why))
        case Kind.CLOSED if touched:
            return Verdict(TargetState.FAILED, _partly(wrote, trouble.why))
        case _:
            return Verdict(TargetState.NOT_STARTED, trouble.why)


def _judge_unreachable(wrote: Sequence[str], why: str, *, touched: bool) -> Verdict:
    """UNREACHABLE promises that nothing was dispatched; later in an attempt it is something else."""
    if wrote:
        return Verdict(TargetState.UNKNOWN, _unverified(wrote, why))
    return Verdict(TargetState.FAILED if touched else TargetState.UNREACHABLE, why)


def _unverified(wrote: Sequence[str], why: str) -> str:
    return f"{', '.join(wrote)} done, not verified: {why}" if wrote else why


def _partly(wrote: Sequence[str], why: str) -> str:
    return f"{why}, after {', '.join(wrote)}" if wrote else why


BAD = frozenset(
    {
        TargetState.FAILED,
        TargetState.UNKNOWN,
        TargetState.UNREACHABLE,
        TargetState.WRONG_HOST,
    }
)
"""What counts against a failure budget."""
