"""A rollout at its hard moments: under way, baking, halted by a bad host, unknown, asking."""

from msgspec.structs import replace
from ui_scene import NOW, host, service, snapshot

from opsconsole.model.action import ParamSpec, Plan, PlannedStep, PlannedTarget
from opsconsole.model.calls import Output
from opsconsole.model.policy import Approval
from opsconsole.model.rollout import (
    Budget,
    Canary,
    Gate,
    GateStatus,
    MinHealthy,
    Rollout,
    RolloutStatus,
    Size,
)
from opsconsole.model.run import OutputLine, Question, Run, RunTarget
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Confirm, Effect, RunState, TargetState

NAMES = ("web-03", "web-07", "web-09", "web-11", "web-12", "web-13")


def _target(
    name: str, state: TargetState, step: str, began: float, took: float, **more: object
) -> RunTarget:
    target = RunTarget(
        name, state, step, started=NOW - began, ended=NOW - began + took if took else None
    )
    return replace(target, **more)


TARGETS = (
    _target("web-03", TargetState.CHANGED, "verify", 38, 6.1, last_line="5xx 0.4%  v2.41.0", code=0),
    _target("web-07", TargetState.CHANGED, "verify", 30, 6.4, last_line="5xx 0.5%  v2.41.0", code=0),
    _target("web-09", TargetState.RUNNING, "rollback", 3, 0, last_line="waiting health 3/10"),
    _target(
        "web-11", TargetState.FAILED, "rollback", 16, 8.0, why="exit 7", code=7,
        last_line="health timeout", left="drain stands; undo: undrain",
    ),
    RunTarget("web-12", TargetState.PENDING, why="held: halted"),
    RunTarget("web-13", TargetState.PENDING, why="held: halted"),
)  # fmt: skip
STATUS = RolloutStatus(
    batch=1,
    batches=(NAMES[:1], NAMES[1:4], NAMES[4:]),
    has_canary=True,
    bad=1,
    limit=0,
    healthy=4,
    healthy_limit=3,
    gates=(GateStatus("health", "fail", 0, 3, "5xx 21.4% > 2%"),),
)
HALTED = Run(
    "20261122T031406-4412", "core.svc-rollback", "Roll a service back", Effect.WRITE, "op1",
    RunState.HALTED, NOW - 38, {"service": "checkout", "to": "v2.41.0"}, TARGETS, "4f1c09aa",
    note="1 failure is over the budget of 0", max_parallel=2, rollout=STATUS,
    choices=("continue", "retry", "rollback", "stop", "take-over"), operator="op1",
)  # fmt: skip
CANARY = replace(
    HALTED,
    state=RunState.GATING,
    note="",
    targets=(TARGETS[0], *(RunTarget(name, TargetState.PENDING) for name in NAMES[1:])),
    rollout=replace(
        STATUS,
        batch=0,
        bad=0,
        bake_until=NOW + 23,
        gates=(GateStatus("health", "waiting", 1, 3, "5xx 0.4%", NOW + 41),),
    ),
    choices=("pause", "stop", "interrupt", "take-over"),
)
WAITING = replace(
    HALTED,
    state=RunState.AWAITING_APPROVAL,
    at=NOW - 80,
    note="",
    reason="5xx since the deploy",
    targets=tuple(RunTarget(name, TargetState.PENDING) for name in NAMES),
    rollout=replace(STATUS, batch=0, bad=0, gates=()),
    choices=("stop", "break-glass"),
    approval=Approval("waiting", "web-needs-two: customers see it", NOW + 820),
)
UNKNOWN = replace(
    HALTED,
    state=RunState.INDETERMINATE,
    ended=NOW - 2,
    choices=(),
    note="",
    targets=(
        *TARGETS[:2],
        replace(TARGETS[2], state=TargetState.UNKNOWN, why="connection lost", ended=NOW - 2),
        TARGETS[3],
        *(replace(one, state=TargetState.NOT_STARTED, why="not started: stopped") for one in TARGETS[4:]),
    ),
)  # fmt: skip
ASKING = replace(
    CANARY,
    state=RunState.PAUSED,
    question=Question(
        "q1",
        "",
        "The canary is fine. Go on with 5 more?",
        (ParamSpec("note", "str", "note", "for the journal"),),
        NOW + 90,
    ),
    choices=("resume", "stop"),
)
_SAID = {
    "web-03": ("stop checkout@v2.42.0 ... ok", "start checkout@v2.41.0 ... ok", "GET health 200"),
    "web-07": ("stop checkout@v2.42.0 ... ok", "start checkout@v2.41.0 ... ok", "GET health 200"),
    "web-11": (
        "stop checkout@v2.42.0 ... ok",
        "start checkout@v2.41.0 ... ok",
        "GET health 503",
        "GET health 503",
        "health not ok after 8s",
    ),
    "web-09": ("stop checkout@v2.42.0 ... ok", "GET health 503", "GET health 200 (3/10)"),
}
LINES = tuple(
    OutputLine(cursor, NOW - 40 + cursor, name, "rollback", "out", text)
    for cursor, (name, text) in enumerate(
        ((name, text) for name, texts in _SAID.items() for text in texts), 1
    )
)
OUTPUT = Output(
    (
        *LINES,
        OutputLine(
            len(LINES) + 1,
            NOW - 14,
            "",
            "",
            "run",
            "halt: 1 failure is over the budget of 0; 2 targets not started",
        ),
    ),
    over=True,
)


def scene(run: Run) -> Snapshot:
    """Make the night with one run in it, on hosts that carry checkout."""
    shown = snapshot()
    hosts = {name: host(name, "warning" if name == "web-11" else "ok") for name in NAMES}
    checkout = replace(service("checkout", "down", 4, 6, 2.2, 0.214), hosts=NAMES)
    return replace(
        shown,
        hosts={**shown.hosts, **hosts},
        services={**shown.services, "checkout": checkout},
        runs={run.id: run},
    )


def rolled_out_plan(*, refusal: str = "", held_by: str = "") -> Plan:
    """Make a plan with everything a plan can say."""
    steps = (
        PlannedStep("drain", Effect.WRITE, (), shown="PUT lb /pools/checkout/members/$host state=drain"),
        PlannedStep("stop", Effect.WRITE, ("systemctl", "stop", "--", "checkout.service")),
        PlannedStep("start", Effect.WRITE, ("systemctl", "start", "--", "checkout.service")),
        PlannedStep("…", Effect.READ, (), "cannot tell: depends on the result of step start"),
    )  # fmt: skip
    rollout = Rollout(
        canary=Canary(Size(count=1), bake=30),
        batches=(Size(percent=50), Size(percent=100)),
        spread_by="rack",
        max_parallel=2,
        budget=Budget(count=0),
        min_healthy=MinHealthy(Size(percent=60)),
        gates=(Gate("health", "core.service-health", every=5, hold=60, stable=3),),
    )
    return Plan(
        "p1", "core.svc-rollback", "Roll a service back", Effect.WRITE,
        {"service": "checkout", "to": "v2.41.0"},
        tuple(PlannedTarget(name, steps) for name in NAMES), Confirm.COUNT, "6", 2, True, 60.0, "h",
        blast="6 of 19 hosts, service checkout", refusal=refusal, rollout=rollout,
        batches=(NAMES[:1], NAMES[1:3], NAMES[3:]), overshoot=1,
        locks=(*(f"target:{n}" for n in NAMES), "service:checkout"), held_by=held_by,
        spool="resolver: none on web-12: no setsid there",
    )  # fmt: skip
