"""The starter rules, each over a little story."""

from typing import Any

import pytest

from opsconsole.alerting.suppression import SOON, down_references
from opsconsole.model.inventory import Host
from opsconsole.model.snapshot import CheckRecord, ServiceRecord
from opsconsole.model.states import AlertState, Freshness, Reach, ServiceState, Severity

FULL = {"load.1m": 0.1, "fs.available_ratio{mount=/}": 0.03, "fs.available{mount=/}": 1.2 * 2**30}
TIGHT = {"load.1m": 0.1, "fs.available_ratio{mount=/}": 0.08}
BETWEEN = {"load.1m": 0.1, "fs.available_ratio{mount=/}": 0.12}
ROOMY = {"load.1m": 0.1, "fs.available_ratio{mount=/}": 0.4}


def test_a_full_disk_fires_only_after_its_wait(scene: Any) -> None:
    stage = scene("db-02")
    stage.metrics("db-02", FULL)
    stage.step()
    assert stage.firing() == {}

    stage.metrics("db-02", FULL)
    stage.step(601)

    alert = stage.firing()["FsSpace host:db-02"]
    assert alert.severity is Severity.CRITICAL
    assert alert.summary == "root 97% used, 1.2G left"
    assert alert.labels == {"alertname": "FsSpace", "host": "db-02", "mount": "/"}
    assert alert.since == stage.now
    assert alert.active_at == stage.now - 601


def test_a_severity_changes_within_one_episode(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", TIGHT)
    stage.step()
    warned = stage.firing()["FsSpace host:db-02"]
    stage.metrics("db-02", FULL)
    stage.step(60)
    worse = stage.firing()["FsSpace host:db-02"]
    stage.metrics("db-02", BETWEEN)
    stage.step(60)
    better = stage.firing()["FsSpace host:db-02"]

    assert [a.severity for a in (warned, worse, better)] == ["warning", "critical", "warning"]
    assert warned.episode == worse.episode == better.episode


def test_a_value_between_limit_and_clear_neither_fires_nor_resolves(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", BETWEEN)
    stage.step()
    assert stage.firing() == {}

    stage.metrics("db-02", TIGHT)
    stage.step(10)
    stage.metrics("db-02", BETWEEN)
    stage.step(3600)
    assert "FsSpace host:db-02" in stage.firing()

    stage.metrics("db-02", ROOMY)
    stage.step(10)
    assert stage.firing() == {}
    assert stage.resolved()["FsSpace host:db-02"].since == stage.now


def test_a_read_only_file_system_is_allowed_to_be_full(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", {**FULL, "fs.readonly{mount=/}": 1.0})

    stage.step()

    assert stage.firing() == {}


def test_a_host_that_is_not_seen_keeps_its_fires_and_says_they_are_stale(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)
    stage.step()
    stage.away("db-02")
    stage.step(10)

    alert = stage.firing()["FsSpace host:db-02"]
    assert alert.freshness is Freshness.STALE

    stage.metrics("db-02", ROOMY)
    stage.step(10)
    assert "FsSpace host:db-02" in stage.resolved()


def test_a_mount_that_is_gone_ends_its_fire(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", {**ROOMY, "fs.available_ratio{mount=/mnt}": 0.01})
    stage.step()
    assert "FsSpace host:db-02" in stage.firing()

    stage.metrics("db-02", ROOMY)
    stage.step(60)

    assert stage.firing() == {}


def test_a_tier_that_brought_nothing_resolves_nothing(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)
    stage.step()

    stage.well("db-02")
    stage.step(60)

    assert stage.firing()["FsSpace host:db-02"].freshness is Freshness.STALE


def test_a_host_is_unreachable_after_three_polls_and_a_minute(scene: Any) -> None:
    stage = scene("db-02")
    stage.well("db-02")
    last_good = stage.now
    stage.step()
    seen = []
    for wait in (10, 30, 30):
        stage.now += wait
        stage.away("db-02")
        stage.step()
        seen.append(bool(stage.firing()))

    assert seen == [False, False, True]
    alert = stage.firing()["HostUnreachable host:db-02"]
    assert alert.severity is Severity.CRITICAL
    assert alert.no_data
    assert last_good == 1_800_000_000.0
    assert alert.summary == "we cannot see db-02: no answer; last good sample 08:00:00Z"


def test_its_summary_does_not_change_from_poll_to_poll(scene: Any) -> None:
    stage = scene("db-02", rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02")
    first = dict(stage.step())
    stage.now += 30
    stage.away("db-02")

    assert dict(stage.step()) == first


def test_a_short_wait_needs_fewer_polls(scene: Any) -> None:
    stage = scene("db-02", rules={"HostUnreachable": {"hold": 3}})
    stage.away("db-02")
    stage.step()

    stage.step(3)

    assert "HostUnreachable host:db-02" in stage.firing()


def test_a_host_that_answers_recovers_and_is_resolved_with_the_second_poll(scene: Any) -> None:
    stage = scene("db-02", rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02")
    stage.step()
    episode = stage.firing()["HostUnreachable host:db-02"].episode
    stage.now += 10
    stage.well("db-02")
    stage.step()
    assert stage.firing()["HostUnreachable host:db-02"].state is AlertState.RECOVERING

    stage.now += 5
    stage.away("db-02")
    stage.step()
    assert stage.firing()["HostUnreachable host:db-02"].episode == episode

    stage.now += 10
    stage.well("db-02")
    stage.step()
    stage.step(10)
    assert stage.firing() == {}


def test_a_changed_host_key_is_a_critical_fire_at_once_and_the_only_one(scene: Any) -> None:
    stage = scene("db-02", rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02", Reach.KEY_CHANGED)

    stage.step()

    assert list(stage.firing()) == ["HostKeyChanged host:db-02"]
    assert stage.firing()["HostKeyChanged host:db-02"].severity is Severity.CRITICAL


def test_a_changed_host_key_is_not_forgotten_when_the_host_goes_silent(scene: Any) -> None:
    stage = scene("db-02")
    stage.away("db-02", Reach.KEY_CHANGED)
    stage.step()
    stage.now += 10
    stage.away("db-02", Reach.SILENT)
    stage.step()
    assert "HostKeyChanged host:db-02" in stage.firing()

    stage.well("db-02")
    stage.step(10)
    assert "HostKeyChanged host:db-02" not in stage.firing()


def test_each_failed_unit_is_a_fire_of_its_own(scene: Any) -> None:
    stage = scene("web-01", rules={"UnitFailed": {"hold": 0}})
    stage.metrics("web-01", {"units.failed": 2.0}, units_failed="nginx.service, app.service")
    stage.step()
    found = {a.labels["unit"]: a.summary for a in stage.alerts.values()}
    assert found == {
        "nginx.service": "unit nginx.service failed",
        "app.service": "unit app.service failed",
    }

    stage.metrics("web-01", {"units.failed": 1.0}, units_failed="app.service")
    stage.step(10)
    assert {a.labels["unit"] for a in stage.alerts.values() if a.is_firing} == {"app.service"}

    stage.metrics("web-01", {"load.1m": 0.2})
    stage.step(10)
    assert {a.labels["unit"] for a in stage.alerts.values() if a.is_firing} == {"app.service"}


@pytest.mark.parametrize(
    ("metrics", "name", "summary"),
    [
        ({"mem.available_ratio": 0.04, "mem.available": 4e8}, "MemAvailable",
         "memory 96% used, 381M left"),
        ({"load.per_core": 2.46, "cpu.cores": 8.0}, "LoadPerCore", "load 2.5 per core on 8 cores"),
        ({"fs.inodes_available_ratio{mount=/var}": 0.02}, "FsInodes", "/var 98% of inodes used"),
        ({"clock.offset": -1.44}, "ClockOffset", "clock 1.4s behind ours"),
        ({"clock.offset": 0.3}, "ClockOffset", "clock 300ms ahead of ours"),
    ],
)  # fmt: skip
def test_limits_on_metrics_fire_with_a_plain_sentence(
    scene: Any, metrics: dict[str, float], name: str, summary: str
) -> None:
    stage = scene("web-01", rules={name: {"hold": 0}})
    stage.metrics("web-01", {"load.1m": 1.0, **metrics})

    stage.step()

    assert [(a.name, a.summary) for a in stage.alerts.values()] == [(name, summary)]


def test_a_clock_that_is_no_longer_off_sends_no_offset_and_is_well(scene: Any) -> None:
    stage = scene("web-01", rules={"ClockOffset": {"hold": 0}})
    stage.metrics("web-01", {"clock.offset": 0.3})
    stage.step()
    stage.well("web-01")
    stage.step(10)
    stage.well("web-01")
    stage.step(30)

    assert stage.firing() == {}
    assert "ClockOffset host:web-01" in stage.resolved()


def test_a_rule_can_be_bent_and_switched_off(scene: Any) -> None:
    said = {"FsSpace": {"warning": 0.5, "critical": 0.2, "clear": 0.6, "hold": 0}}
    stage = scene("db-02", rules=said | {"MemAvailable": {"off": True, "hold": 0}})
    stage.metrics("db-02", {**ROOMY, "mem.available_ratio": 0.01})
    stage.step()
    assert [(a.name, a.severity) for a in stage.alerts.values()] == [("FsSpace", "warning")]

    stage.metrics("db-02", {"fs.available_ratio{mount=/}": 0.55})
    stage.step(10)
    assert "FsSpace host:db-02" in stage.firing()


def test_a_service_fires_critical_when_down_and_warning_when_degraded(scene: Any) -> None:
    stage = scene()
    states = []
    for state in ("up", "down", "unknown", "degraded", "up"):
        row = ServiceRecord(name="shop", state=ServiceState(state), reason="status 500")
        stage.put(services={"shop": row})
        stage.step(30)
        states.append([(a.severity, a.freshness, a.summary) for a in stage.firing().values()])

    assert states == [
        [],
        [("critical", "live", "down: status 500")],
        [("critical", "stale", "down: status 500")],
        [("warning", "live", "degraded: status 500")],
        [],
    ]


def test_a_check_of_a_host_fires_on_the_host(scene: Any) -> None:
    stage = scene("db-02")
    row = CheckRecord(
        name="raid",
        kind="exec",
        target="",
        host="db-02",
        state=ServiceState.DOWN,
        reason="1 failed",
    )
    stage.put(checks={"raid": row})

    stage.step()

    alert = stage.firing()["CheckDown host:db-02"]
    assert alert.labels == {"alertname": "CheckDown", "check": "raid", "host": "db-02"}


def test_a_certificate_is_told_by_the_day_it_ends(scene: Any) -> None:
    stage = scene()
    check = CheckRecord(
        name="shop", kind="http", target="https://shop.example", at=stage.now, tried=stage.now,
        state=ServiceState.UP, metrics={"cert.expires_in": 2 * 86_400.0},
    )  # fmt: skip
    stage.put(services={"shop": ServiceRecord(name="shop", state=ServiceState.UP, checks=(check,))})

    stage.step()

    alert = stage.firing()["CertExpiry service:shop"]
    assert (alert.severity, alert.summary) == ("critical", "certificate ends 2027-01-17")


def test_a_host_that_leaves_the_inventory_ends_its_fires(scene: Any) -> None:
    stage = scene("db-02", "db-03", rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02")
    stage.step()

    stage.put(hosts={"db-03": stage.snapshot.hosts["db-03"]})
    stage.step(1)

    assert "HostUnreachable host:db-02" in stage.resolved()


def test_a_resolved_alert_is_shown_for_fifteen_minutes(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)
    stage.step()
    stage.metrics("db-02", ROOMY)
    stage.step(10)

    assert len(stage.step(899)) == 1
    assert len(stage.step(1)) == 0


def test_nothing_new_is_the_same_object(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)

    assert stage.step() is stage.step(1) is stage.step(1)


def test_what_depends_on_something_down_is_suppressed(scene: Any) -> None:
    behind = Host("db-02", "192.0.2.2", depends_on=("host:switch-1",))
    stage = scene("switch-1", behind, rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02")
    stage.away("switch-1")

    stage.step()

    firing = stage.firing()
    assert firing["HostUnreachable host:db-02"].suppressed_by == ("depends:host:switch-1",)
    assert firing["HostUnreachable host:switch-1"].suppressed_by == ()


def test_who_was_looked_at_before_the_switch_calls_nobody_while_the_switch_is_about_to_fire(
    scene: Any,
) -> None:
    behind = Host("db-02", "192.0.2.2", depends_on=("host:switch-1",))
    stage = scene("switch-1", behind, rules={"HostUnreachable": {"hold": 60}})
    for name in ("db-02", "db-02", "switch-1", "switch-1", "db-02"):
        stage.away(name)
        stage.step(10)

    stage.away("db-02")
    stage.step(25)

    firing = stage.firing()
    assert "HostUnreachable host:switch-1" not in firing
    assert firing["HostUnreachable host:db-02"].suppressed_by == ("depends:host:switch-1",)


def test_what_never_comes_to_fire_excuses_nobody_for_long(scene: Any) -> None:
    behind = Host("db-02", "192.0.2.2", depends_on=("host:switch-1",))
    stage = scene("switch-1", behind, rules={"HostUnreachable": {"hold": 3600}})
    stage.away("switch-1")
    stage.step()
    lives = tuple(stage.memory.lives.values())

    early, late = (down_references(lives, stage.now + later) for later in (SOON - 1, SOON + 1))

    assert (early, late) == ({"host:switch-1"}, frozenset())


def test_it_is_let_go_only_when_it_was_looked_at_after_the_other_was_well_again(
    scene: Any,
) -> None:
    behind = Host("db-02", "192.0.2.2", depends_on=("host:switch-1",))
    stage = scene("switch-1", behind, rules={"HostUnreachable": {"hold": 0}})
    stage.away("db-02")
    stage.away("switch-1")
    stage.step()

    stage.metrics("switch-1", {"cpu.busy": 0.1})
    stage.step(10)
    stage.metrics("switch-1", {"cpu.busy": 0.1})
    stage.step(10)
    assert "HostUnreachable host:switch-1" not in stage.firing()
    before = stage.firing()["HostUnreachable host:db-02"].suppressed_by

    stage.away("db-02")
    stage.step(10)

    assert before == ("depends:host:switch-1",)
    assert stage.firing()["HostUnreachable host:db-02"].suppressed_by == ()


def test_a_runbook_is_the_named_action_or_the_first_that_matches(scene: Any) -> None:
    offered = {"FsSpace": "core.disk-usage"}
    stage = scene(
        "db-02",
        rules={"FsSpace": {"hold": 0}, "HostUnreachable": {"hold": 0}},
        find_runbook=lambda alert: offered.get(alert.name),
        has_action=lambda action: action == "core.unit-restart",
    )
    stage.metrics("db-02", FULL)
    stage.put(services={"shop": ServiceRecord(
        name="shop", state=ServiceState.DOWN, runbook="core.unit-restart", runbook_url="https://run.example",
    )})  # fmt: skip

    stage.step()

    assert stage.firing()["FsSpace host:db-02"].runbook == "core.disk-usage"
    shop = stage.firing()["ServiceDown service:shop"]
    assert (shop.runbook, shop.runbook_url) == ("core.unit-restart", "https://run.example")
