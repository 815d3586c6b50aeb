"""The scene with silences, maintenance, objectives: what is quiet, and what ends."""

from msgspec.structs import replace
from ui_scene import ALERTS, NOW, SERVICES, alert, host, snapshot

from opsconsole.model.alert import Ack
from opsconsole.model.episode import Episode
from opsconsole.model.maintenance import Window, WindowState
from opsconsole.model.silence import Matcher, Silence, SilenceDraft, SilenceEffect
from opsconsole.model.slo import Burn, Objective, SloStatus
from opsconsole.model.snapshot import CheckRecord, Snapshot
from opsconsole.model.states import AlertState, ServiceState, Severity

HOUR = 3_600.0
ABC = Silence(
    "abc", "main", (Matcher("alertname", "=", "CertExpiry"), Matcher("instance", "=~", "cache-.*")),
    NOW - HOUR, NOW + 42 * 60, "op1", "renewed on Monday, CHG-4711",
)  # fmt: skip
LONG = Silence(
    "3f2a9c71-77aa", "main", (Matcher("team", "=", "batch"),), NOW - HOUR, NOW + 9 * HOUR, "op2", "kernel patch"
)  # fmt: skip
OVER = replace(LONG, id="9d81-old", ends=NOW - 300, state="expired", comment="rolled back")
WINDOWS = (
    WindowState(Window("m1", "swap disk", "host:batch-01", actor="op1"), True, NOW - 600, NOW + 50 * 60,
                ("batch-01",)),
    WindowState(Window("c:weekly", "weekly reboot", "rack:r1", ("batch",), cron="0 3 * * sun"), False,
                NOW + 3 * HOUR, NOW + 4 * HOUR),
)  # fmt: skip
SLOS = (
    SloStatus("checkout", Objective(0.999), 9_000, 30, 0.97, 0.12,
              (Burn("page", HOUR, 300, 14.4, 18.2, 21.0, 5, 3, fires=True),), 4 * HOUR, 0.996),
    SloStatus("search", Objective(0.995), 9_000, 3, 1.0, 0.93, (Burn("page", HOUR, 300, 14.4, 0.1, 0.0),)),
    SloStatus("mailer", Objective(0.99)),
)  # fmt: skip
CERT = CheckRecord(
    "edge-cert", "tls", "edge.example:443", ServiceState.UP, at=NOW - 60, metrics={"cert.expires_in": 2 * 86_400.0}
)  # fmt: skip
EPISODES = (
    Episode("e1", "f1", "HighLoad", "host:web-03", Severity.WARNING, AlertState.RESOLVED, NOW - 5_000,
            resolved_at=NOW - 4_000, owner="op2", summary="load5 over twice the cores"),
    Episode("e2", "f2", "HttpProbe", "service:checkout", Severity.CRITICAL, AlertState.FIRING, NOW - 540,
            summary="5xx 38%"),
    Episode("e3", "f3", "DiskFull", "host:db-01", Severity.CRITICAL, AlertState.RESOLVED, NOW - 20_000,
            resolved_at=NOW - 3_000, owner="op1"),
)  # fmt: skip


def quiet() -> Snapshot:
    """Make the scene."""
    acked = replace(ALERTS[2], ack=Ack("op1", NOW - 40, "cleaning wal", NOW + 30 * 60))
    alerts = (*ALERTS[:2], acked, *ALERTS[3:])
    checkout = replace(SERVICES[0], checks=(*SERVICES[0].checks, CERT), depends_on=("host:db-02",))
    return replace(
        snapshot(),
        alerts={one.episode: one for one in alerts},
        services={s.name: s for s in (checkout, *SERVICES[1:])},
        silences={each.id: each for each in (ABC, LONG, OVER)},
        windows={state.window.id: state for state in WINDOWS},
        slos={slo.service: slo for slo in SLOS},
    )


def effect(draft: SilenceDraft, **more: object) -> SilenceEffect:
    """Say that a draft hides a critical and another one."""
    known = [one.episode for one in ALERTS]
    made = SilenceEffect(
        draft, "h1", tuple(known[:2]), (known[0],), 5, ("3f2a9c71-77aa",),
        warnings=("it hides 1 critical: PgReplLag", "3f2a9c71 of op2 hides some of it already"),
        refusal="" if draft.comment or draft.id else "say why: the next one on call reads it",
        expect="2", amtool="amtool silence add --author=op1 --duration=7200s alertname=PgReplLag",
    )  # fmt: skip
    return replace(made, **more)


def stormy() -> Snapshot:
    """Make a rack that dies: its switch first, then two fires on each of its hosts, some of them excused."""
    shown = snapshot()
    hosts = {
        f"r{rack}-{n:02}": host(f"r{rack}-{n:02}", "warning" if rack == 3 else "ok")
        for rack in range(1, 5)
        for n in range(12)
    }
    hosts = {
        name: replace(each, labels={"rack": name[:2], "role": "web"})
        for name, each in hosts.items()
    }
    hosts["sw-3"] = replace(
        host("sw-3", "critical", role="switch"), labels={"rack": "r3", "role": "switch"}
    )
    switch = alert("SwitchDown", "critical", "host:sw-3", 121, "no answer in 8 s", owner="op1")
    rack = [
        alert(name, "warning", f"host:r3-{n:02}", 118 - n, "links lost")
        for n in range(12)
        for name in ("LinkErrors", "NodeSlow", "Retransmits")
    ]
    alone = alert("RaidDegraded", "critical", "host:r3-07", 100, "md0 is missing a disk")
    fires = (switch, *rack, alone, *ALERTS[:1])
    return replace(
        shown, hosts={**shown.hosts, **hosts}, alerts={one.episode: one for one in fires}
    )
