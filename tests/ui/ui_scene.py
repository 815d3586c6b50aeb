"""A night on call as one snapshot, and an engine that is only told what to answer."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.errors import EngineError
from opsconsole.model.action import ActionSpec, ParamSpec, Plan, PlannedStep, PlannedTarget
from opsconsole.model.alert import Ack, Alert, fingerprint
from opsconsole.model.calls import (
    AnyCall,
    Done,
    Output,
    PlanRun,
    ReadOutput,
    Started,
    StartRun,
    Text,
)
from opsconsole.model.event import Event
from opsconsole.model.run import OutputLine, Run, RunTarget
from opsconsole.model.snapshot import (
    Access,
    CheckRecord,
    EngineInfo,
    Feed,
    HostRecord,
    ServiceRecord,
    Snapshot,
)
from opsconsole.model.states import (
    AlertState,
    Confirm,
    Effect,
    HostState,
    Reach,
    RunState,
    ServiceState,
    Severity,
    TargetState,
)

NOW = 1_764_040_364.0
"""2025-11-25 03:12:44 UTC."""
Reply = TypeVar("Reply", bound=Struct)


def host(
    name: str,
    state: str = "ok",
    *,
    load: float = 1.0,
    cpu: float = 0.3,
    disk: float = 0.4,
    role: str = "web",
    age: float = 3,
    reason: str = "",
    spark: str = "2232232322322232",
    reach: Reach = Reach.UP,
) -> HostRecord:
    metrics = {
        "load.1m": load,
        "cpu.busy": cpu,
        "mem.available_ratio": 0.4,
        "fs.used_ratio{/}": disk,
        "fs.available_ratio{/}": 1 - disk,
    }
    return HostRecord(
        name,
        "192.0.2.7",
        {"role": role},
        state=HostState(state),
        reach=reach,
        reason=reason,
        at=NOW - age,
        tried=NOW - 1,
        failed=state == "unknown",
        metrics=metrics,
        spark=spark,
        alerts=int(state != "ok"),
    )


def alert(
    name: str,
    severity: str,
    on: str,
    since: float,
    what: str,
    *,
    owner: str | None = None,
    ack: bool = False,
    muted: str = "",
    no_data: bool = False,
) -> Alert:
    labels = {"alertname": name, "on": on}
    known = fingerprint(labels)
    return Alert(
        known,
        f"{known}-{int(since)}",
        name,
        Severity(severity),
        severity,
        AlertState.FIRING,
        NOW - since,
        on,
        "main",
        labels,
        summary=what,
        active_at=NOW - since - 60,
        seen_at=NOW - 5,
        owner=owner,
        ack=Ack(owner or "", NOW - 40, "cleaning wal") if ack else None,
        suppressed_by=(muted,) if muted else (),
        no_data=no_data,
    )


def service(name: str, state: str, up: int, of: int, p95: float, errors: float) -> ServiceRecord:
    checks = tuple(
        CheckRecord(
            f"{name}/c{n}",
            "http",
            f"https://{name}.example/",
            ServiceState.UP if n < up else ServiceState.DOWN,
            "" if n < up else "status 503, must be == 200",
            NOW - 4,
            NOW - 4,
            latency=0.1,
        )
        for n in range(of)
    )
    return ServiceRecord(
        name,
        ServiceState(state),
        checks=checks,
        hosts=("web-01",),
        at=NOW - 4,
        latency=p95,
        p95=p95,
        error_ratio=errors,
        spark="1111112222555788" if state == "down" else "2" * 16,
    )


HOSTS = (
    host("db-02", "critical", load=11.8, cpu=0.92, disk=0.97, role="db", spark="3334455667788888"),
    host(
        "web-14",
        "unknown",
        reach=Reach.SILENT,
        age=360,
        reason="no answer in 8 s",
        spark="22222233????????",
    ),
    host("web-07", "warning", load=19.1, cpu=0.97, spark="2345566677777888"),
    host("cache-04", "warning", load=0.9, role="redis"),
    host("batch-01", "maintenance", role="batch"),
    *(host(f"web-{n:02}", load=3.1) for n in range(1, 7)),
    host("db-01", role="db"),
    host("new-01", "pending", reach=Reach.UP, age=NOW),
)
ALERTS = (
    alert("PgReplLag", "critical", "host:db-02", 840, "lag 412s > 60s, rising 29s/min"),
    alert(
        "HttpProbe",
        "critical",
        "service:checkout",
        540,
        "5xx 38% > 2%, 2/6 probes pass, since deploy v2.42.0",
    ),
    alert(
        "DiskWillFill",
        "critical",
        "host:db-02",
        1320,
        "data 97%, full in ~38m",
        owner="op1",
        ack=True,
    ),
    alert("QueueDepth", "warning", "service:mailer", 2880, "18.2k > 10k, +320/min"),
    alert(
        "HostUnreachable",
        "critical",
        "host:web-14",
        360,
        "no answer in 8 s; last good sample 6m ago",
        no_data=True,
    ),
    alert(
        "CertExpiry",
        "warning",
        "host:cache-04",
        172_800,
        "expires in 6d",
        owner="op1",
        muted="silence:abc",
    ),
)
SERVICES = (
    service("checkout", "down", 2, 6, 4.1, 0.38),
    service("mailer", "degraded", 3, 3, 2.0, 0.004),
    service("postgres", "up", 3, 3, 0.012, 0.0),
    service("search", "up", 4, 4, 0.077, 0.001),
)
EVENTS = (
    Event(
        5,
        NOW - 3,
        "engine",
        "check",
        "service:checkout",
        "checkout: status 503, must be == 200",
        "critical",
    ),
    Event(4, NOW - 42, "op1", "acked", "host:db-02", "ack DiskWillFill db-02", ""),
    Event(3, NOW - 161, "engine", "host", "host:web-07", "web-07 load 16.2 > 16", "warning"),
    Event(2, NOW - 680, "ci", "deploy", "service:checkout", "checkout v2.41.0 to v2.42.0", ""),
    Event(
        1, NOW - 820, "engine", "fired", "host:db-02", "db-02 replication lag 61s > 60s", "critical"
    ),
)
FEEDS = (
    Feed("ssh", "ssh", ServiceState.DEGRADED, "1 silent", NOW - 1, 12, 13),
    Feed("http", "http", ServiceState.UP, "", NOW - 2, 3, 3),
    Feed("main", "alertmanager", ServiceState.UP, "", NOW - 4, 2, 2),
)
RESTART = ActionSpec(
    "core.unit-restart",
    "Restart a unit",
    Effect.WRITE,
    "host",
    doc="Restart one systemd unit.\nWait for it.",
    params=(
        ParamSpec(
            "unit",
            "unit",
            "unit",
            "which unit",
            required=True,
            choices=("nginx.service", "app.service"),
        ),
        ParamSpec("wait", "duration", "wait", "how long", default="30s"),
    ),
    confirm=Confirm.KEY,
    keys="u",
)
USAGE = ActionSpec("core.disk-usage", "Largest folders", Effect.READ, "host", keys="d")
RUN = Run(
    "r1",
    "core.unit-restart",
    "Restart a unit",
    Effect.WRITE,
    "op1",
    RunState.HALTED,
    NOW - 38,
    {"unit": "nginx.service"},
    (
        RunTarget("web-01", TargetState.CHANGED, "verify", "", "active", 0, NOW - 30, NOW - 24),
        RunTarget(
            "web-02",
            TargetState.FAILED,
            "restart",
            "exit 7",
            "health timeout",
            7,
            NOW - 24,
            NOW - 16,
        ),
        RunTarget("web-03", TargetState.UNKNOWN, "restart", "connection lost"),
        RunTarget("web-04", TargetState.NOT_STARTED, "", "not started: halted"),
    ),
    "abc",
)


def snapshot(*, locked: bool = False, environment: str = "prod") -> Snapshot:
    """Make the scene."""
    return Snapshot(
        7,
        NOW,
        EngineInfo("default", 1, "0.1.0", NOW - 9_000),
        hosts={record.name: record for record in HOSTS},
        services={record.name: record for record in SERVICES},
        alerts={one.episode: one for one in ALERTS},
        feeds={feed.name: feed for feed in FEEDS},
        events={event.id: event for event in EVENTS},
        runs={RUN.id: RUN},
        actions={spec.id: spec for spec in (RESTART, USAGE)},
        people={"op1": 1, "op2": 1},
        access=Access(environment, locked=locked),
    )


def plan(*, confirm: Confirm = Confirm.KEY, expect: str = "", refusal: str = "") -> Plan:
    """Make the plan of a restart."""
    step = PlannedStep("restart", Effect.WRITE, ("systemctl", "restart", "nginx.service"))
    return Plan(
        "p1",
        RESTART.id,
        RESTART.title,
        Effect.WRITE,
        {"unit": "nginx.service"},
        (PlannedTarget("db-02", (step,)),),
        confirm,
        expect,
        1,
        True,
        30.0,
        "hash",
        blast="1 of 2 db hosts",
        refusal=refusal,
    )


class FakeSource:
    """An engine that shows one snapshot at a time, notes every call, and answers from a table."""

    def __init__(
        self,
        shown: Snapshot | None = None,
        answers: Mapping[type, Struct | Exception] | None = None,
    ) -> None:
        self.snapshot = snapshot() if shown is None else shown
        self.link = "attached"
        self.reason = ""
        self.actor = "op1"
        self.started = False
        self.closed = False
        self.calls: list[AnyCall] = []
        self.answers: dict[type, Struct | Exception] = {
            PlanRun: plan(),
            StartRun: Started("r1"),
            ReadOutput: Output(
                (OutputLine(1, NOW - 20, "web-01", "restart", "out", "Restarting nginx"),),
                over=True,
            ),
        }
        self.answers.update(answers or {})
        self._bell = asyncio.Event()

    def now(self) -> float:
        return NOW

    def start(self) -> None:
        self.started = True
        self._bell.set()

    async def wait_change(self) -> None:
        await self._bell.wait()
        self._bell.clear()

    def show(self, shown: Snapshot) -> None:
        """Tell of another snapshot."""
        self.snapshot = replace(shown, revision=self.snapshot.revision + 1)
        self._bell.set()

    def lose(self) -> None:
        """Lose the engine."""
        self.link, self.reason = "lost", "the engine went away"
        self._bell.set()

    async def call(self, call: AnyCall, reply: type[Reply], *, within: float = 30.0) -> Reply:
        self.calls.append(call)
        answer = self.answers.get(type(call))
        if answer is None and reply is Done:
            answer = Done("")
        if answer is None and reply is Text:
            answer = Text(("03:12:40 app[1] INFO started", "03:12:41 app[1] ERROR no space left"))
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, reply):
            raise EngineError(f"{reply.__name__} is not to be had here")
        if isinstance(call, ReadOutput) and call.after:
            answer = replace(answer, lines=())
        return answer

    async def close(self) -> None:
        self.closed = True
