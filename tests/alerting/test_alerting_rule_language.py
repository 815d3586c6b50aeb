"""Rules of one's own: what their keys do, each over a little story."""

from typing import Any

import pytest
from msgspec import structs

from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.memory import recall
from opsconsole.config.problems import Problems
from opsconsole.config.rules import read_rule_file
from opsconsole.model.inventory import Inventory, Service
from opsconsole.model.snapshot import CheckRecord, ServiceRecord
from opsconsole.model.states import Freshness, ServiceState, Severity


@pytest.fixture
def staged(scene: Any, tmp_path: Any) -> Any:
    """Make a scene with only the rules of a text."""

    def make(text: str, *hosts: str, services: tuple[str, ...] = ()) -> Any:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        problems = Problems()
        said = read_rule_file(path, problems)
        problems.raise_if_any()
        stage = scene(*(hosts or ("a",)))
        known = Inventory(services=tuple(Service(name, ()) for name in services))
        stage.rules = rules_for(known, said.specs)
        return stage

    return make


def test_an_instance_is_a_label_set_and_where_says_which_count(staged: Any) -> None:
    stage = staged(
        'rules: [{alert: R, expr: fs.used_ratio > 50%, where: mount =~ "/srv.*" and labels.role == "db"}]',
        "a", "b",
    )  # fmt: skip
    full = {f"fs.used_ratio{{mount={mount}}}": 0.9 for mount in ("/", "/srv/a", "/srv/b")}
    stage.metrics("a", full)
    stage.metrics("b", full)
    stage._host("a", labels={"role": "db"})
    stage.step()

    assert {a.labels["mount"] for a in stage.alerts.values()} == {"/srv/a", "/srv/b"}
    assert {a.on for a in stage.alerts.values()} == {"host:a"}


def test_labels_are_part_of_the_alert_and_texts_are_filled(staged: Any) -> None:
    stage = staged("""
rules:
  - alert: R
    expr: disk.await > limit
    warning: 20ms
    critical: 1s
    labels: {team: storage}
    annotations:
      summary: "{host}/{dev} {value} > {limit}[, busy {disk.util}][, {labels.none}] [[{{x}}]]"
      owner: "{labels.role}"
    runbook_url: https://wiki.example/{dev}
""")
    stage.metrics("a", {"disk.await{dev=sda}": 0.1, "disk.util{dev=sda}": 0.5})
    stage._host("a", labels={"role": "db"})
    stage.step()

    (alert,) = stage.alerts.values()
    assert alert.labels == {"alertname": "R", "team": "storage", "host": "a", "dev": "sda"}
    assert alert.summary == "a/sda 100ms > 20ms, busy 50% [{x}]"
    assert alert.annotations["owner"] == "db"
    assert alert.runbook_url == "https://wiki.example/sda"
    assert (alert.severity, alert.value) == (Severity.WARNING, 0.1)


@pytest.mark.parametrize(
    ("no_data", "after"),
    [("keep", [("stale", "firing")]), ("ok", []), ("fire", [("live", "firing")])],
)
def test_a_value_that_is_missing_is_what_the_rule_says(
    staged: Any, no_data: str, after: list[tuple[str, str]]
) -> None:
    stage = staged(f"rules: [{{alert: R, expr: users > 5, no_data: {no_data}}}]")
    stage.metrics("a", {"users": 9.0})
    stage.step()
    stage.well("a")
    stage.step(10)

    assert [(a.freshness, a.state) for a in stage.firing().values()] == after


def test_a_missing_value_can_be_a_fire_from_the_start_and_a_host_that_is_away_is_none(
    staged: Any,
) -> None:
    stage = staged("rules: [{alert: R, expr: users > 5, no_data: fire}]", "a", "b")
    stage.well("a")
    stage.away("b")
    stage.step()

    assert list(stage.firing()) == ["R host:a"]


def test_absent_is_a_condition_of_its_own(staged: Any) -> None:
    stage = staged("rules: [{alert: R, expr: absent(clock.synced)}]", "a", "b")
    stage.metrics("a", {"clock.synced": 1.0})
    stage.well("b")
    stage.step()

    assert list(stage.firing()) == ["R host:b"]


def test_a_rule_may_ask_only_for_the_state_of_a_check(staged: Any) -> None:
    stage = staged(
        'rules: [{alert: ShopDown, expr: check("shop") == down, for: 10s}]', services=("shop",)
    )
    seen = []
    for state in ("up", "down", "down", "unknown", "up"):
        stage.put(services={"shop": ServiceRecord(name="shop", state=ServiceState(state))})
        stage.step(10)
        seen.append([(a.on, a.state, a.freshness) for a in stage.firing().values()])

    fire = ("service:shop", "firing", Freshness.LIVE)
    assert seen == [[], [], [fire], [(*fire[:2], Freshness.STALE)], []]


def test_a_rule_about_answers_sees_every_check(staged: Any) -> None:
    stage = staged("rules: [{alert: Slow, expr: check.latency > limit, warning: 500ms}]")
    checks = {
        name: CheckRecord(
            name=name, kind="http", target="", at=stage.now, tried=stage.now, latency=latency,
            state=ServiceState.UP,
        )
        for name, latency in (("fast", 0.1), ("slow", 0.9))
    }  # fmt: skip
    stage.put(checks=checks)
    stage.step()
    assert [a.labels["check"] for a in stage.firing().values()] == ["slow"]

    away = structs.replace(checks["slow"], failed=True)
    stage.put(checks={**checks, "slow": away})
    stage.step(1)
    assert [a.freshness for a in stage.firing().values()] == [Freshness.STALE]


def test_restarts_of_a_unit_that_are_told_no_more_are_over_where_units_are_told(
    staged: Any,
) -> None:
    stage = staged("rules: [{alert: R, expr: unit.restarts > 5}]")
    loops = {"unit.restarts{unit=app.service}": 9.0}
    seen = []
    for metrics in (loops, {}, {"units.failed": 0.0}):
        stage.metrics("a", metrics)
        stage.step(60)
        seen.append([alert.freshness for alert in stage.firing().values()])

    assert seen == [[Freshness.LIVE], [Freshness.STALE], []]


def test_what_a_rule_depends_on_suppresses_it(staged: Any) -> None:
    stage = staged(
        "rules: [{alert: R, expr: users > 5, depends_on: [host:sw-1]},"
        " {alert: HostUnreachable, built_in: unreachable, critical: {for: 0}}]",
        "a", "sw-1",
    )  # fmt: skip
    stage.metrics("a", {"users": 9.0})
    stage.away("sw-1")
    stage.step()

    assert stage.firing()["R host:a"].suppressed_by == ("depends:host:sw-1",)


def test_a_rule_about_no_host_is_let_go_once_what_it_depends_on_was_well_for_a_moment(
    staged: Any,
) -> None:
    stage = staged(
        'rules: [{alert: R, expr: check("raid") == down, depends_on: [host:sw-1]},'
        " {alert: HostUnreachable, built_in: unreachable, critical: {for: 0}}]",
        "sw-1",
    )  # fmt: skip
    down = CheckRecord(name="raid", kind="exec", target="", state=ServiceState.DOWN)
    stage.put(checks={"raid": down})
    quiet = []
    for poll in (stage.away, stage.away, stage.well, stage.well, stage.well, stage.well):
        poll("sw-1")
        stage.step(30)
        stage.put(now=stage.now)
        quiet.append([a.suppressed_by for a in stage.firing().values() if a.name == "R"])

    assert quiet[1] == [("depends:host:sw-1",)]
    assert quiet[-1] == [()]


def test_a_rule_that_is_gone_ends_its_fires(staged: Any) -> None:
    stage = staged("rules: [{alert: R, expr: users > 5}]")
    stage.metrics("a", {"users": 9.0})
    stage.step()
    stage.rules = rules_for(Inventory(), ())
    stage.step(1)

    assert stage.firing() == {}
    assert list(stage.resolved()) == ["R host:a"]


def test_a_fire_of_a_device_is_recalled_as_the_same(staged: Any) -> None:
    text = "rules: [{alert: R, expr: disk.await > 1s, info: {for: 0}}]"
    stage = staged(text)
    stage.metrics("a", {"disk.await{dev=sda}": 2.0})
    before = stage.step()

    again = staged(text)
    again.memory = recall(before.values(), again.now)
    again.metrics("a", {"disk.await{dev=sda}": 2.0})
    again.step(5)

    assert again.alerts.keys() == before.keys()
    assert [a.severity for a in again.alerts.values()] == ["info"]


def test_a_fire_keeps_firing_for_a_while(staged: Any) -> None:
    stage = staged("rules: [{alert: R, expr: users > 5, for: 20s, keep_firing_for: 30s}]")
    states = []
    for users in (9, 9, 9, 1, 1, 9, 1, 1, 1, 1):
        stage.metrics("a", {"users": float(users)})
        stage.step(10)
        states.append(next((str(a.state) for a in stage.firing().values()), ""))

    assert states == ["", "", "firing", "recovering", "recovering", "firing", "recovering",
                      "recovering", "recovering", ""]  # fmt: skip


def test_a_fire_knows_how_long_it_was_held_and_when_it_will_be_over(staged: Any) -> None:
    stage = staged("rules: [{alert: R, expr: users > 5, for: 20s, keep_firing_for: 30s}]")
    for users in (9, 9, 9, 1):
        stage.metrics("a", {"users": float(users)})
        stage.step(10)

    (alert,) = stage.firing().values()
    assert alert.hold == 20.0
    assert alert.over_at == stage.now + 30
