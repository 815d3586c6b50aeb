"""A fleet in trouble, as records: the one of the design's pictures."""

from msgspec.structs import replace

from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Ack, Alert, fingerprint
from opsconsole.model.event import Event
from opsconsole.model.run import Run, RunTarget
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

NOW = 1_795_317_164.0
"""2026-11-22 03:12:44 UTC."""


def make_host(
    name: str,
    state: str = "ok",
    load: float = 1.0,
    cpu: float = 0.3,
    disk: float = 0.4,
    **more: object,
) -> HostRecord:
    metrics = {
        "load.1m": load,
        "cpu.busy": cpu,
        "mem.used_ratio": 0.5,
        "fs.worst_used_ratio": disk,
        "net.rx_total": 60e6,
        "net.tx_total": 20e6,
        "uptime": 212 * 86400.0,
    }
    record = HostRecord(
        name,
        address="192.0.2.7",
        labels={"role": name.split("-")[0]},
        state=HostState(state),
        reach=Reach.UP,
        at=NOW - 3,
        metrics=metrics,
        spark="1112223334556778",
    )
    return replace(record, **more)


def make_alert(
    name: str, on: str, severity: str = "critical", ago: float = 840, **more: object
) -> Alert:
    labels = {"alertname": name, "on": on}
    record = Alert(
        fingerprint=fingerprint(labels),
        episode=f"{fingerprint(labels)}-{NOW - ago:.0f}",
        name=name,
        severity=Severity(severity),
        raw_severity=severity,
        state=AlertState.FIRING,
        since=NOW - ago,
        on=on,
        source="rules",
        labels=labels,
        summary=f"{name} is bad",
        seen_at=NOW - 5,
    )
    return replace(record, **more)


def _alerts() -> list[Alert]:
    ack = Ack("op1", NOW - 42, "cleaning wal")
    high = [
        make_alert("HighLoad", f"host:web-prod-{n}", "warning", 1860, owner="op2",
                   summary="load5 > 2×cores on 4 of 24 hosts")
        for n in ("03", "07", "09", "11")
    ]  # fmt: skip
    return [
        make_alert("ClockSkew", "host:cache-prod-04", "warning", 10_930, owner="op2", summary="skew +1.4s > 0.5s"),
        make_alert("DiskWillFill", "host:db-prod-02", ago=1320, ack=ack, summary="data 97%, full in 38m"),
        make_alert("HttpProbe", "service:checkout", ago=540, summary="5xx 38% > 2%, 2/6 probes pass",
                   runbook_url="https://runbooks.example/http"),
        make_alert("PgReplLag", "host:db-prod-02", ago=840, summary="lag 412s > 60s, rising 29s/min",
                   runbook="core.pg-lag"),
        make_alert("QueueDepth", "mailer-x", "warning", 2880, summary="18.2k > 10k"),
        *high,
        make_alert("HostUnreachable", "host:web-prod-14", ago=360, no_data=True,
                   summary="we cannot see web-prod-14"),
        make_alert("CertExpiry", "host:edge-prod-01", "warning", 190_000, owner="op1",
                   suppressed_by=("silence:c10ba37d",), summary="expires in 6d"),
        make_alert("Old", "host:web-prod-01", ago=100, state=AlertState.RESOLVED),
    ]  # fmt: skip


def _services() -> list[ServiceRecord]:
    def checks(up: int, total: int) -> tuple[CheckRecord, ...]:
        states = [ServiceState.UP] * up + [ServiceState.DOWN] * (total - up)
        return tuple(
            CheckRecord(
                f"c{n}", "http", "https://shop.example/health", state, at=NOW - 4, latency=0.05
            )
            for n, state in enumerate(states)
        )

    return [
        ServiceRecord("postgres", ServiceState.UP, checks=checks(3, 3), at=NOW - 2, p95=0.012, error_ratio=0.0,
                      spark="1122112211221122"),
        ServiceRecord("checkout", ServiceState.DOWN, "status 503, must be == 200",
                      hosts=("web-prod-03", "web-prod-07"), checks=checks(2, 6), at=NOW - 2, p95=4.1,
                      error_ratio=0.38, spark="0001112223578888",
                      alerts=1, depends_on=("service:postgres",)),
        ServiceRecord("web-at-14", ServiceState.UNKNOWN, "no answer", checks=(CheckRecord("w", "http", "x"),)),
    ]  # fmt: skip


def _actions() -> list[ActionSpec]:
    return [
        ActionSpec("core.pg-lag", "Replication slots and lag", Effect.READ, "host",
                   match='alert.name == "PgReplLag"', keys="p"),
        ActionSpec("core.disk-hogs", "What fills the disk", Effect.READ, "host",
                   match='alert.name in ["DiskWillFill", "FsSpace"]', keys="d"),
        ActionSpec("core.unit-restart", "Restart a systemd unit", Effect.WRITE, "host", keys="u",
                   confirm=Confirm.KEY),
        ActionSpec("core.svc-check", "Ask the service again", Effect.READ, "service"),
        ActionSpec("core.pool-drain", "Drain", Effect.DESTRUCTIVE, "service", match='service.name == "none"'),
    ]  # fmt: skip


def _events() -> list[Event]:
    return [
        Event(1, NOW - 840, "engine", "fired", "host:db-prod-02", "db-prod-02 repl lag 61s > 60s", "critical"),
        Event(2, NOW - 700, "ci", "deploy", "service:checkout", "checkout v2.41.0 → v2.42.0"),
        Event(3, NOW - 42, "op1", "acked", "host:db-prod-02", 'ack DiskWillFill "cleaning wal"'),
    ]  # fmt: skip


def make_snapshot() -> Snapshot:
    hosts = [
        make_host("web-prod-01"),
        make_host("db-prod-02", "critical", 11.8, 0.92, 0.97, alerts=2),
        make_host("web-prod-14", "unknown", reach=Reach.SILENT, at=NOW - 360, failed=True,
                  reason="no answer in 8 s", spark="1122????", alerts=1),
        make_host("web-prod-07", "warning", 19.1, 0.97, alerts=1),
        make_host("web-prod-03", "warning", 17.4, 0.95, alerts=1),
        make_host("batch-prod-01", "maintenance", 0.1, 0.02, maintenance="kernel patch"),
        make_host("new-prod-01", "pending", at=0.0, reach=None, metrics={}, spark=""),
        make_host("db-prod-10"),
        make_host("db-prod-3"),
    ]  # fmt: skip
    run = Run(
        "20261122-031150-a1", "core.disk-hogs", "What fills the disk", Effect.READ, "op1", RunState.SUCCEEDED,
        NOW - 54, {}, (RunTarget("host:db-prod-02", TargetState.UNCHANGED, started=NOW - 54, ended=NOW - 52),),
        "hash", ended=NOW - 52,
    )  # fmt: skip
    return Snapshot(
        engine=EngineInfo("default", 1),
        revision=7,
        now=NOW,
        hosts={host.name: host for host in hosts},
        services={service.name: service for service in _services()},
        alerts={alert.episode: alert for alert in _alerts()},
        feeds={
            "ssh": Feed("ssh", "ssh", ServiceState.DEGRADED, ok=126, total=128, at=NOW),
            "main": Feed("main", "alertmanager", ServiceState.UP, ok=2, total=2, at=NOW),
        },
        events={event.id: event for event in _events()},
        runs={run.id: run},
        actions={action.id: action for action in _actions()},
        people={"op1": 1, "op2": 2},
        access=Access("prod", locked=True),
    )
