"""A run as everybody sees it: one record, its targets, and the lines they say."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.action import ParamSpec
from opsconsole.model.policy import Approval
from opsconsole.model.rollout import RolloutStatus
from opsconsole.model.states import Effect, RunState, TargetState


class RunTarget(Struct, frozen=True):
    """One target of a run."""

    name: str
    state: TargetState
    step: str = ""
    why: str = ""
    """For anything but good: exit 7, connection lost, timeout 30 s, not started: halted."""
    last_line: str = ""
    code: int | None = None
    started: float | None = None
    ended: float | None = None
    batch: int = 0
    attempt: int = 0
    """How often it was begun on; above 1 after a person's retry."""
    evidence: str = ""
    """What a resolver or a person settled it by: `rc 0 in the spool, same boot`, `op1: seen on the console`."""
    left: str = ""
    """What the run left there and how to undo it: `drained; undo: undrain`."""


class Question(Struct, frozen=True):
    """What a run waits for a person to say; no answer in time aborts, it never means yes."""

    id: str
    target: str
    """Empty: asked for the whole run."""
    text: str
    params: tuple[ParamSpec, ...] = ()
    until: float | None = None


class Run(Struct, frozen=True):
    """One run: what was asked, by whom, and what is known of each target."""

    id: str
    """Sorts by time; also the name of its journal's folder."""
    action: str
    title: str
    effect: Effect
    actor: str
    state: RunState
    at: float
    params: Mapping[str, str]
    targets: tuple[RunTarget, ...]
    plan_hash: str
    ended: float | None = None
    reason: str = ""
    """Why the person runs it, or why the run stands where it stands."""
    note: str = ""
    max_parallel: int = 1
    rollout: RolloutStatus | None = None
    choices: tuple[str, ...] = ()
    """What a person may choose now (`ControlRun.verb`): continue, retry, rollback, stop, pause, resume ..."""
    question: Question | None = None
    operator: str = ""
    """Who answers for it now: the starter, or who took over."""
    rerun_of: str = ""
    """The run whose failed, unknown or not started targets these were."""
    closed: str = ""
    """Who closed it though something in it is unknown, and why; empty: nobody did."""
    approval: Approval | None = None
    """None: it needed no second person."""


class OutputLine(Struct, frozen=True):
    """One line a target said; cleaned."""

    cursor: int
    """Grows over the run; a client resumes behind the last one it has."""
    at: float
    target: str
    step: str
    stream: str
    """`out`, `err`, or `run` for what the engine says."""
    text: str
