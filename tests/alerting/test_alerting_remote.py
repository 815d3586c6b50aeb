"""Alerts of an Alertmanager: what is there, what is away, what a restart and a wrong clock do not mean."""

from typing import Any

import pytest
from msgspec import structs

from opsconsole.alerting.memory import Memory, recall
from opsconsole.alerting.severities import severity_of
from opsconsole.model.inventory import AlertSource, Host, Inventory, Service
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.states import Freshness, ServiceState, Severity

AM = AlertSource("main", "alertmanager", ("http://am-1.example:9093",))
OTHER = AlertSource("other", "alertmanager", ("http://am-2.example:9093",))


def alert(name: str = "HighLoad", since: float = 1_799_999_000.0, **fields: Any) -> RemoteAlert:
    labels = {"alertname": name, "instance": "db-02:9100", "severity": "page"}
    made = {"labels": labels, "annotations": {"summary": "load high"}, **fields}
    return RemoteAlert(fingerprint=f"fp-{name}", starts_at=since, **made)


@pytest.fixture
def stage(scene: Any) -> Any:
    return scene("db-02", sources=(AM, OTHER))


def test_an_alert_is_named_mapped_and_dated(stage: Any) -> None:
    stage.read(alert(annotations={"message": "load 9", "runbook_url": "https://run.example/x"}))
    stage.step()

    found = stage.firing()["HighLoad host:db-02"]
    assert (found.severity, found.raw_severity, found.source) == ("critical", "page", "main")
    assert (found.summary, found.since) == ("load 9", 1_799_999_000.0)
    assert found.runbook_url == "https://run.example/x"
    assert found.fingerprint == "fp-HighLoad"


def test_it_is_resolved_after_two_good_polls_without_it(stage: Any) -> None:
    stage.read(alert())
    stage.step()
    stage.read()
    stage.step(15)
    assert len(stage.firing()) == 1

    stage.read()
    stage.step(15)

    assert stage.firing() == {}
    assert stage.resolved()["HighLoad host:db-02"].since == stage.now


def test_one_that_is_missed_once_recovers_and_one_nobody_may_doubt_fires_on(stage: Any) -> None:
    states = []
    for told in ((alert(),), (), (alert(),)):
        stage.read(*told)
        stage.step(15)
        states.append(str(stage.firing()["HighLoad host:db-02"].state))
    stage.read(started_at=900.0)
    stage.step(15)
    states.append(str(stage.firing()["HighLoad host:db-02"].state))

    assert states == ["firing", "recovering", "firing", "firing"]


def test_one_poll_without_it_is_forgotten_when_it_is_back(stage: Any) -> None:
    stage.read(alert())
    episode = next(iter(stage.step()))
    for told in ((), (alert(),), (), (alert(),)):
        stage.read(*told)
        stage.step(15)

    assert list(stage.alerts) == [episode]
    assert stage.firing()["HighLoad host:db-02"].freshness is Freshness.LIVE


def test_an_unchanged_body_means_the_same_list(stage: Any) -> None:
    stage.read(alert())
    first = stage.step()
    stage.read(unchanged=True)
    assert stage.step(15) is first

    stage.read()
    stage.step(15)
    stage.read(unchanged=True)
    stage.step(15)

    assert stage.firing() == {}


def test_a_restart_resolves_nothing_for_five_minutes(stage: Any) -> None:
    stage.read(alert())
    stage.step()
    for _ in range(20):
        stage.read(started_at=99.0)
        stage.step(15)
        assert stage.firing()["HighLoad host:db-02"].freshness is Freshness.UNCONFIRMED

    for _ in range(2):
        stage.read(started_at=99.0)
        stage.step(15)
    assert stage.firing() == {}


def test_what_a_restarted_source_repeats_is_live_again_in_the_same_episode(stage: Any) -> None:
    stage.read(alert(), alert("Other"))
    before = stage.step()
    stage.read(started_at=99.0)
    stage.step(15)
    stage.read(alert(), started_at=99.0)
    stage.step(60)

    assert stage.alerts.keys() == before.keys()
    assert {a.name: a.freshness for a in stage.alerts.values()} == {
        "HighLoad": "live",
        "Other": "unconfirmed",
    }


def test_a_source_that_is_away_freezes_its_alerts(stage: Any) -> None:
    stage.read(alert())
    stage.step()
    for _ in range(9):
        stage.read(state=ServiceState.DOWN, members_up=0, started_at=0.0)
        stage.step(15)

    assert stage.firing()["HighLoad host:db-02"].freshness is Freshness.STALE

    stage.read(unchanged=True)
    stage.step(15)
    assert stage.firing()["HighLoad host:db-02"].freshness is Freshness.LIVE


def test_one_alert_says_that_a_source_is_away(stage: Any) -> None:
    feed = stage.snapshot.feeds["main"]
    away = structs.replace(feed, state=ServiceState.DOWN, reason="connection refused", at=stage.now)
    stage.put(feeds={**stage.snapshot.feeds, "main": away})
    stage.step()
    assert stage.firing() == {}
    stage.step(30)

    found = stage.firing()["SourceUnreachable feed:main"]
    assert found.no_data
    assert found.summary == (
        "we cannot see the alerts of main: connection refused; last good answer 08:00:00Z"
    )

    stage.put(feeds={**stage.snapshot.feeds, "main": structs.replace(away, state=ServiceState.UP)})
    stage.step(15)
    assert stage.firing() == {}


def test_with_a_member_away_absence_counts_only_after_five_minutes(stage: Any) -> None:
    stage.read(alert())
    stage.step()
    half = {"state": ServiceState.DEGRADED, "members_up": 1, "members": 2}
    for _ in range(20):
        stage.read(**half)
        stage.step(15)
        assert len(stage.firing()) == 1

    stage.read(**half)
    stage.read(**half)
    stage.step(15)
    stage.read(**half)
    stage.step(15)
    assert stage.firing() == {}


def test_what_suppresses_it_is_told(stage: Any) -> None:
    told = alert(silenced_by=("s1",), inhibited_by=("fp2",), muted_by=("weekend",))
    stage.read(told)
    stage.step()
    found = stage.firing()["HighLoad host:db-02"]
    assert found.suppressed_by == ("silence:s1", "inhibited:fp2", "muted:weekend")

    stage.read(alert())
    stage.step(15)
    again = stage.firing()["HighLoad host:db-02"]
    assert again.suppressed_by == ()
    assert again.episode == found.episode


def test_two_sources_with_the_same_alert_show_one(stage: Any) -> None:
    stage.read(alert(since=1_799_999_000.0, silenced_by=("s1",)))
    stage.read(alert(since=1_799_999_000.4), source="other")
    stage.step()
    (found,) = stage.alerts.values()
    assert (found.source, found.suppressed_by) == ("main,other", ())

    for _ in range(2):
        stage.read()
        stage.read(unchanged=True, source="other")
        stage.step(15)

    (left,) = stage.alerts.values()
    assert (left.source, left.episode, left.since) == ("other", found.episode, found.since)


def test_members_of_a_cluster_differ_by_milliseconds_and_that_is_one_episode(stage: Any) -> None:
    stage.read(alert(since=1_799_999_000.0))
    before = list(stage.step())
    stage.read(alert(since=1_799_999_000.7))

    assert list(stage.step(15)) == before


def test_a_later_begin_is_a_new_episode_and_the_old_one_is_resolved(stage: Any) -> None:
    stage.read(alert(since=1_799_999_000.0))
    stage.step()
    stage.read(alert(since=1_800_000_010.0))
    stage.step(15)

    assert [a.state for a in sorted(stage.alerts.values(), key=lambda a: a.episode)] == [
        "resolved",
        "firing",
    ]


def test_one_that_comes_back_is_a_new_episode(stage: Any) -> None:
    stage.read(alert())
    first = next(iter(stage.step()))
    for _ in range(2):
        stage.read()
        stage.step(15)
    stage.read(alert(since=stage.now))
    stage.step(15)

    (again,) = stage.firing().values()
    assert again.episode != first


@pytest.mark.parametrize("skew", [-3 * 86_400.0, -3600.0, 3600.0, 3 * 86_400.0])
def test_c10_a_remote_clock_that_is_days_off_orders_nothing(stage: Any, skew: float) -> None:
    began = stage.now - 600
    stage.read(alert(since=began + skew), remote_now=stage.now + skew)

    stage.step()

    assert stage.firing()["HighLoad host:db-02"].since == began


def test_d04_a_begin_in_the_future_is_now(stage: Any) -> None:
    stage.read(alert(since=stage.now + 9_999), alert("NoBegin", since=0.0))

    stage.step()

    assert {a.since for a in stage.alerts.values()} == {stage.now}


def test_after_a_restart_of_ours_the_same_alert_is_the_same_episode(scene: Any, stage: Any) -> None:
    stage.read(alert(), alert("Gone"))
    before = stage.step()
    again = scene("db-02", sources=(AM, OTHER))
    again.now = stage.now + 600
    again.memory = recall(before.values(), again.now)
    again.step()
    assert {a.freshness for a in again.firing().values()} == {Freshness.UNCONFIRMED}

    again.read(alert())
    again.step(15)

    assert again.alerts.keys() == before.keys()
    assert {a.name: a.freshness for a in again.firing().values()} == {
        "HighLoad": "live",
        "Gone": "unconfirmed",
    }


def test_one_whose_source_tells_no_begin_is_the_same_episode_after_a_restart_of_ours(
    scene: Any, stage: Any
) -> None:
    stage.read(alert(since=0.0))
    before = stage.step()
    again = scene("db-02", sources=(AM, OTHER))
    again.now = stage.now + 600
    again.memory = recall(before.values(), again.now)

    again.read(alert(since=0.0))
    again.step(15)

    assert again.alerts.keys() == before.keys()
    assert {a.freshness for a in again.firing().values()} == {Freshness.LIVE}


def test_a_source_that_left_the_configuration_takes_its_alerts_along(
    scene: Any, stage: Any
) -> None:
    stage.read(alert())
    stage.step()
    stage.rules = scene("db-02").rules

    stage.step(1)

    assert stage.alerts == {}, "its fires did not end: nobody is asked any more"


def test_recalling_resolved_alerts_recalls_nothing(stage: Any) -> None:
    stage.read(alert())
    stage.step()
    for _ in range(2):
        stage.read()
        stage.step(15)

    assert recall(stage.alerts.values(), stage.now) == Memory()


@pytest.mark.parametrize(
    ("labels", "on"),
    [
        ({"instance": "db-02:9100"}, "host:db-02"),
        ({"instance": "192.0.2.7:9100"}, "host:db-02"),
        ({"instance": "[2001:db8::7]:9100"}, "host:web-01"),
        ({"instance": "2001:db8::7"}, "host:web-01"),
        ({"node": "DB-02"}, "host:db-02"),
        ({"host": "postgres-main"}, "host:db-02"),
        ({"instance": "elsewhere:1", "service": "shop"}, "service:shop"),
        ({"job": "Shop"}, "service:shop"),
        ({"instance": "elsewhere:1", "job": "node"}, "elsewhere:1"),
        ({"host": "", "job": "node"}, "node"),
        ({}, ""),
    ],
)
def test_labels_name_hosts_and_services(labels: dict[str, str], on: str) -> None:
    from opsconsole.alerting.targets import index_of

    hosts = (
        Host("db-02", "192.0.2.7", aliases=("postgres-main",)),
        Host("web-01", "2001:db8::7"),
    )
    index = index_of(Inventory(hosts=hosts, services=(Service("shop"),)))

    assert index.find(labels, AM) == on


@pytest.mark.parametrize(
    ("raw", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("Page", Severity.CRITICAL),
        ("ticket", Severity.WARNING),
        ("none", Severity.INFO),
        ("purple", Severity.WARNING),
        ("", Severity.WARNING),
        ("P0-ours", Severity.INFO),
    ],
)
def test_words_of_severity_are_mapped_and_the_raw_word_kept(raw: str, severity: Severity) -> None:
    source = structs.replace(AM, severities={"P0-ours": Severity.INFO})

    assert severity_of({"severity": raw}, source) == (severity, raw)
