"""Many hosts out of sight for one reason: one alert, and every host's own when the reason is gone."""

from typing import Any

from opsconsole.alerting.memory import recall
from opsconsole.model.inventory import Host
from opsconsole.model.states import Freshness, Reach

QUICK = {"HostUnreachable": {"hold": 0}}


def _behind(*names: str) -> list[Host]:
    return [Host(name, f"{name}.example", jump=("bastion",)) for name in names]


def test_hosts_behind_a_dead_jump_host_are_one_alert(scene: Any) -> None:
    stage = scene("bastion", "other", *_behind("a", "b", "c"), rules=QUICK)
    stage.well("other")
    stage.away("bastion")
    stage.away("a", Reach.VIA_DOWN)
    stage.away("b", Reach.SILENT)

    stage.step()

    assert list(stage.firing()) == ["Blind host:bastion"]
    alert = stage.firing()["Blind host:bastion"]
    assert alert.severity == "critical"
    assert alert.no_data
    assert alert.summary == "we cannot see 3 hosts behind bastion: no answer"


def test_a_jump_host_we_do_not_poll_is_named_too(scene: Any) -> None:
    stage = scene(*_behind("a", "b"), rules=QUICK)
    stage.away("a", Reach.VIA_DOWN)
    stage.away("b", Reach.VIA_DOWN)

    stage.step()

    assert list(stage.firing()) == ["Blind host:bastion"]


def test_a_host_that_answered_for_itself_keeps_its_own_alert(scene: Any) -> None:
    stage = scene("bastion", *_behind("a"), rules=QUICK)
    stage.away("a", Reach.AUTH_REFUSED)

    stage.step()

    assert list(stage.firing()) == ["HostUnreachable host:a"]


def test_when_the_jump_host_is_back_one_alert_is_resolved_and_not_many(scene: Any) -> None:
    stage = scene("bastion", *_behind("a", "b"), rules=QUICK)
    for name in ("bastion", "a", "b"):
        stage.away(name, Reach.VIA_DOWN if name != "bastion" else Reach.SILENT)
    stage.step()
    for name in ("bastion", "a", "b"):
        stage.well(name)
    stage.step(10)
    for name in ("bastion", "a", "b"):
        stage.well(name)
    stage.step(11)

    assert stage.firing() == {}
    assert list(stage.resolved()) == ["Blind host:bastion"]


def test_a_host_still_away_when_the_jump_host_is_back_speaks_for_itself(scene: Any) -> None:
    stage = scene("bastion", *_behind("a", "b"), rules=QUICK)
    stage.away("bastion")
    stage.away("a", Reach.VIA_DOWN)
    stage.away("b", Reach.VIA_DOWN)
    stage.step()
    stage.well("bastion")
    stage.well("b")
    stage.away("a", Reach.NO_ANSWER)
    stage.step(10)

    assert list(stage.firing()) == ["HostUnreachable host:a"]


def test_one_that_was_told_before_keeps_its_episode_through_the_blindness(scene: Any) -> None:
    stage = scene("bastion", *_behind("a", "b"), rules=QUICK)
    stage.away("a", Reach.NO_ANSWER)
    stage.well("bastion")
    episode = next(iter(stage.step()))
    stage.away("bastion")
    stage.away("a", Reach.VIA_DOWN)
    stage.away("b", Reach.VIA_DOWN)
    stage.step(10)
    assert list(stage.firing()) == ["Blind host:bastion"]
    assert stage.resolved() == {}

    stage.well("bastion")
    stage.well("b")
    stage.away("a", Reach.NO_ANSWER)
    stage.step(10)

    assert stage.firing()["HostUnreachable host:a"].episode == episode


def test_a_third_of_the_fleet_failing_alike_is_our_own_trouble(scene: Any) -> None:
    names = [f"h{number:02}" for number in range(12)]
    stage = scene(*names, rules=QUICK)
    for name in names[:6]:
        stage.away(name)
    for name in names[6:]:
        stage.well(name)

    stage.step()

    assert list(stage.firing()) == ["Blind feed:ssh"]
    assert stage.firing()["Blind feed:ssh"].summary == (
        "we cannot see 6 hosts at once: no answer; is it this machine's network?"
    )


def test_few_hosts_or_different_reasons_or_different_times_are_told_one_by_one(scene: Any) -> None:
    names = [f"h{number:02}" for number in range(12)]
    few = scene(*names[:4], rules=QUICK)
    for name in names[:4]:
        few.away(name)
    few.step()
    assert len(few.firing()) == 4

    mixed = scene(*names, rules=QUICK)
    for name, reach in zip(names, [Reach.DNS, Reach.REFUSED] * 3, strict=False):
        mixed.away(name, reach)
    mixed.step()
    assert len(mixed.firing()) == 6

    slowly = scene(*names, rules=QUICK)
    for name in names[:6]:
        slowly.away(name)
        slowly.step(60)
    assert len(slowly.firing()) == 6


def test_the_big_blindness_ends_only_when_half_of_it_is_back(scene: Any) -> None:
    names = [f"h{number:02}" for number in range(20)]
    stage = scene(*names, rules=QUICK)
    for name in names[:10]:
        stage.away(name)
    stage.step()
    counts = []
    for name in names[:7]:
        stage.well(name)
        stage.step(11)
        counts.append("Blind feed:ssh" in stage.firing())

    assert counts == [True, True, True, True, True, False, False]


def test_before_the_first_host_has_waited_long_enough_nothing_fires(scene: Any) -> None:
    names = [f"h{number:02}" for number in range(10)]
    stage = scene(*names)
    for wait in (0, 30, 31):
        stage.now += wait
        for name in names:
            stage.away(name)
        stage.step()
        if wait < 31:
            assert stage.firing() == {}

    assert list(stage.firing()) == ["Blind feed:ssh"]


def test_blind_can_be_switched_off(scene: Any) -> None:
    names = [f"h{number:02}" for number in range(6)]
    stage = scene(*names, rules=QUICK | {"Blind": {"off": True}})
    for name in names:
        stage.away(name)

    stage.step()

    assert len(stage.firing()) == 6


def test_a_new_engine_goes_on_with_the_same_episodes(scene: Any) -> None:
    stage = scene("db-02", *_behind("a", "b"), rules=QUICK | {"FsSpace": {"hold": 0}})
    stage.metrics("db-02", {"fs.available_ratio{mount=/}": 0.01})
    stage.away("a", Reach.VIA_DOWN)
    stage.away("b", Reach.VIA_DOWN)
    stage.step()
    before = stage.firing()

    again = scene("db-02", *_behind("a", "b"), rules=QUICK | {"FsSpace": {"hold": 0}})
    again.now = stage.now + 60
    again.memory = recall(before.values(), again.now)
    again.step()
    fresh = again.firing()["FsSpace host:db-02"]
    assert fresh.freshness is Freshness.UNCONFIRMED
    again.metrics("db-02", {"fs.available_ratio{mount=/}": 0.01})
    again.away("a", Reach.VIA_DOWN)
    again.away("b", Reach.VIA_DOWN)
    again.step(10)

    assert {k: a.episode for k, a in again.firing().items()} == {
        k: a.episode for k, a in before.items()
    }
    assert again.firing()["FsSpace host:db-02"].freshness is Freshness.LIVE
