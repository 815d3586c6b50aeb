"""Flapping: Icinga's worked values, and what it does to a fire."""

from typing import Any

import pytest

from opsconsole.alerting.flapping import Flap, turned
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.states import Severity

FULL = {"fs.available_ratio{mount=/}": 0.01}
ROOMY = {"fs.available_ratio{mount=/}": 0.5}


def _walk(states: str) -> Flap:
    flap = Flap()
    for at, letter in enumerate(states, 1):
        flap = turned(flap, None if letter == "?" else int(letter), float(at))
    return flap


@pytest.mark.parametrize(
    ("changes", "score"), [(0, 0.0), (1, 5.9), (5, 28.5), (6, 33.9), (20, 99.0)]
)
def test_the_score_is_icingas(changes: int, score: float) -> None:
    flap = _walk("0" * (20 - changes) + ("10" * 10)[:changes])

    assert flap.score == pytest.approx(score)


def test_it_begins_above_thirty_and_ends_below_twenty_five() -> None:
    assert not _walk("0" * 15 + "10101").on
    assert _walk("0" * 15 + "101010").on
    assert _walk("0" * 15 + "101010" + "000").on
    assert not _walk("0" * 15 + "101010" + "0" * 20).on


def test_what_was_not_seen_and_the_same_sample_twice_are_not_counted() -> None:
    assert _walk("0?1?0").changes == _walk("010").changes
    flap = turned(Flap(), 1, 5.0)
    assert turned(flap, 0, 5.0) is flap


def test_a_fire_that_comes_and_goes_is_quiet_and_not_hidden(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    for step in range(8):
        stage.metrics("db-02", FULL if step % 2 == 0 else ROOMY)
        stage.step(10)
    stage.metrics("db-02", FULL)
    stage.step(10)

    alert = stage.firing()["FsSpace host:db-02"]
    assert alert.suppressed_by == ("flapping",)
    assert not alert.is_muted
    assert alert.severity is Severity.CRITICAL
    assert alert.flap > 30


def test_a_fire_that_stays_flaps_no_more(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    for step in range(9):
        stage.metrics("db-02", FULL if step % 2 == 0 else ROOMY)
        stage.step(10)
    for _ in range(20):
        stage.metrics("db-02", FULL)
        stage.step(10)

    alert = stage.firing()["FsSpace host:db-02"]
    assert alert.suppressed_by == ()
    assert alert.flap == 0


def test_looking_again_without_a_new_sample_counts_nothing(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)
    stage.step()
    before = stage.memory.flaps
    stage._host("db-02", alerts=1)
    stage._given.clear()
    stage.step(1)

    assert stage.memory.flaps == before
    assert before["host:db-02"]


def test_what_is_well_for_twenty_polls_is_forgotten(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", FULL)
    stage.step()
    for _ in range(21):
        stage.metrics("db-02", ROOMY)
        stage.step(10)

    assert stage.memory.flaps == {}


def test_a_host_that_is_away_changes_no_score(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}, "HostUnreachable": {"off": True}})
    stage.metrics("db-02", FULL)
    stage.step()
    before = stage.memory.flaps
    stage.away("db-02")
    stage.step(10)

    assert {k: f.changes for k, f in stage.memory.flaps["host:db-02"].items()} == {
        k: f.changes for k, f in before["host:db-02"].items()
    }


def test_an_alert_of_a_source_flaps_by_coming_and_going(scene: Any, main_source: Any) -> None:
    stage = scene(sources=[main_source])
    told = RemoteAlert("a" * 16, {"alertname": "X"}, {}, stage.now)
    stage.read()
    stage.step()
    for _ in range(4):
        for alerts in ((told,), (), ()):
            stage.now += 15
            stage.read(*alerts)
            stage.step()
    stage.now += 15
    stage.read(told)
    stage.step()

    (alert,) = stage.firing().values()
    assert alert.suppressed_by == ("flapping",)


def test_what_a_source_says_first_did_not_come_just_now(scene: Any, main_source: Any) -> None:
    stage = scene(sources=[main_source])
    stage.read(RemoteAlert("a" * 16, {"alertname": "X"}, {}, stage.now))
    stage.step()

    assert stage.memory.remote["main"].flaps == {}
