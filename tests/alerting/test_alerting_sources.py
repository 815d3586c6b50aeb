"""Several sources of one alert: values and what waits, what is silenced, and what is told by hooks."""

from typing import Any

import pytest

from opsconsole.alerting.memory import recall
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import FORGOTTEN, RemoteAlert
from opsconsole.model.states import AlertState, Freshness, ServiceState

AM = AlertSource("am", "alertmanager", ("http://am.example:9093",))
PROM = AlertSource("prom", "prometheus", ("http://prom.example:9090",))
HOOK = AlertSource("hook", "webhook", listen="127.0.0.1:9097")
SINCE = 1_799_999_000.0


def alert(since: float = SINCE, **fields: Any) -> RemoteAlert:
    labels = {"alertname": "HighLoad", "instance": "db-02:9100", "severity": "critical"}
    return RemoteAlert("fp", labels, {"summary": "load"}, since, **fields)


def seen(since: float = SINCE, **fields: Any) -> RemoteAlert:
    return alert(since, **{"value": 96.0, "mutes_known": False, **fields})


@pytest.fixture
def stage(scene: Any) -> Any:
    return scene("db-02", sources=(AM, PROM, HOOK))


def only(stage: Any) -> Any:
    [found] = stage.alerts.values()
    return found


def test_two_sources_tell_of_one_alert_and_each_gives_what_it_knows(stage: Any) -> None:
    stage.read(alert(silenced_by=("s1",), generator_url="http://g.example"), source="am")
    stage.read(seen(), source="prom")
    stage.step()

    found = only(stage)
    assert (found.source, found.value) == ("am,prom", 96.0)
    assert found.suppressed_by == ("silence:s1",)
    assert found.generator_url == "http://g.example"


def test_what_only_prometheus_tells_is_not_suppressed(stage: Any) -> None:
    stage.read(seen(), source="prom")
    stage.step()

    assert only(stage).suppressed_by == ()


def test_what_waits_is_given_out_as_pending_and_fires_as_a_new_episode(stage: Any) -> None:
    stage.read(seen(pending=True), source="prom")
    stage.step()
    waiting = only(stage)
    stage.read(seen(SINCE + 300), source="prom")
    stage.step(15)
    fired = only(stage)

    assert (waiting.state, waiting.is_firing, waiting.since) == ("pending", False, SINCE)
    assert (fired.state, fired.since) == ("firing", SINCE + 300)
    assert waiting.episode != fired.episode


def test_what_waited_and_went_leaves_no_trace(stage: Any) -> None:
    stage.read(seen(pending=True), source="prom")
    stage.step()
    for _ in range(2):
        stage.read(source="prom")
        stage.step(15)

    assert stage.alerts == {}


@pytest.mark.parametrize("first", ["am", "prom"])
def test_it_is_one_episode_whichever_source_is_asked_first(stage: Any, first: str) -> None:
    stage.read(seen(pending=True), source="prom")
    stage.step()
    told = {"am": lambda: alert(SINCE + 301), "prom": lambda: seen(SINCE + 300)}
    stage.read(told[first](), source=first)
    stage.step(5)
    episode = only(stage).episode
    stage.read(told["am"](), source="am")
    stage.read(told["prom"](), source="prom")
    stage.step(5)

    assert only(stage).episode == episode
    assert stage.resolved() == {}


def test_one_that_fires_at_one_source_and_waits_at_the_other_fires(stage: Any) -> None:
    stage.read(seen(pending=True), source="prom")
    stage.read(alert(SINCE + 300), source="am")
    stage.step()

    assert (only(stage).state, only(stage).since) == ("firing", SINCE + 300)


def test_one_that_ended_and_waits_anew_is_resolved(stage: Any) -> None:
    stage.read(seen(), source="prom")
    stage.step()
    stage.read(seen(SINCE + 900, pending=True), source="prom")
    stage.step(15)

    assert sorted(str(found.state) for found in stage.alerts.values()) == ["pending", "resolved"]


@pytest.mark.parametrize(
    "restart", [{"started_at": 99.0}, {"state": ServiceState.DEGRADED, "started_at": 5.0}]
)
def test_a_server_that_starts_finds_out_again_and_nothing_ends(stage: Any, restart: Any) -> None:
    stage.read(seen(), source="prom", started_at=5.0)
    stage.step()
    episode = only(stage).episode
    for told in ((), (seen(SINCE, pending=True),), (seen(SINCE),)):
        stage.read(*told, source="prom", **restart)
        stage.step(15)
        assert only(stage).is_firing

    assert (only(stage).episode, only(stage).freshness) == (episode, Freshness.LIVE)


class TestTold:
    """A source that tells what changes."""

    @pytest.fixture
    def hook(self, stage: Any) -> Any:
        def tell(*alerts: RemoteAlert, ended: tuple[str, ...] = (), after: float = 15.0) -> None:
            stage.read(*alerts, source="hook", pushed=True, ended=ended, started_at=0.0)
            stage.step(after)

        return tell

    def test_silence_ends_nothing(self, stage: Any, hook: Any) -> None:
        hook(seen())
        for _ in range(5):
            hook()

        assert only(stage).is_firing
        assert only(stage).freshness is Freshness.LIVE

    def test_what_is_told_to_be_over_is_over_at_once(self, stage: Any, hook: Any) -> None:
        hook(seen())
        hook(ended=("fp", "never-heard-of"))

        assert len(stage.resolved()) == 1
        assert stage.firing() == {}

    def test_one_that_comes_back_is_a_new_episode(self, stage: Any, hook: Any) -> None:
        hook(seen())
        hook(ended=("fp",))
        hook(seen(SINCE + 600))

        assert (len(stage.firing()), len(stage.resolved())) == (1, 1)

    def test_one_that_is_not_repeated_for_hours_is_stale_and_never_green(
        self, stage: Any, hook: Any
    ) -> None:
        hook(seen())
        hook(after=5 * 3600 + 30)
        hook()

        assert (only(stage).is_firing, only(stage).freshness) == (True, Freshness.STALE)

        hook(seen())

        assert only(stage).freshness is Freshness.LIVE

    def test_after_our_restart_nothing_ends_that_is_not_told_again(
        self, stage: Any, hook: Any
    ) -> None:
        hook(seen())
        stage.memory = recall(stage.alerts.values(), stage.now)
        for _ in range(40):
            hook()

        assert (only(stage).is_firing, only(stage).freshness) == (True, Freshness.UNCONFIRMED)

    def test_one_that_nobody_tells_of_for_days_is_let_go_and_not_called_over(
        self, stage: Any, hook: Any
    ) -> None:
        hook(seen())
        hook(after=FORGOTTEN - 3600)
        hook()
        assert only(stage).is_firing

        hook(after=2 * 3600)
        hook()

        assert (only(stage).state, only(stage).is_let_go) == (AlertState.RESOLVED, True)

        hook(seen())

        assert len(stage.firing()) == 1

    def test_one_that_is_let_go_stays_so_when_more_is_told_before_we_look(
        self, stage: Any, hook: Any
    ) -> None:
        hook(seen())
        hook(after=6 * 3600)
        hook(after=FORGOTTEN)
        assert only(stage).freshness is Freshness.STALE

        stage.read(source="hook", pushed=True, started_at=0.0)
        hook()

        assert only(stage).is_let_go

    def test_after_our_restart_the_days_are_counted_from_there(self, stage: Any, hook: Any) -> None:
        hook(seen())
        stage.now += FORGOTTEN + 3600
        stage.memory = recall(stage.alerts.values(), stage.now)
        hook(after=FORGOTTEN - 3600)
        hook()
        assert only(stage).is_firing

        hook(after=2 * 3600)
        hook()

        assert only(stage).is_let_go

    def test_one_that_is_told_to_be_over_is_not_let_go(self, stage: Any, hook: Any) -> None:
        hook(seen())
        hook(after=6 * 3600)
        hook(ended=("fp",))

        assert not only(stage).is_let_go
