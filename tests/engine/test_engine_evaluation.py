"""What rules wait for and look back on goes on in the next engine."""

import asyncio
from typing import Any

import pytest

from opsconsole.engine.evaluation import RULES, WAITS, Evaluation
from opsconsole.model.inventory import Host, Inventory, Service, Settings
from opsconsole.model.rules import LevelSpec, RuleSpec
from opsconsole.model.sample import CheckResult, Sample
from opsconsole.model.states import Reach, ServiceState, Severity
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
REBOOT = {"reboot.pending": 1.0}


class _Clock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class _Machine:
    """A store and an evaluation, as the engine wires them."""

    def __init__(self, clock: _Clock, inventory: Inventory) -> None:
        self.clock = clock
        self.store = Store(clock)
        self.store.put_inventory(inventory)
        self.evaluation = Evaluation(self.store, inventory)

    def sample(self, metrics: dict[str, float]) -> None:
        told = Sample(
            "host:a", "fast", self.clock.at, 0.1, ServiceState.UP, Reach.UP, metrics=metrics
        )
        self.evaluation.tracks.put(told.target, told.at, told.metrics)
        self.store.put_sample(told)

    def step(self) -> list[str]:
        self.evaluation.step(self.clock.at)
        return [
            f"{a.name} {a.severity}" for a in self.store.snapshot.alerts.values() if a.is_firing
        ]


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def _inventory(*specs: RuleSpec, **fields: Any) -> Inventory:
    return Inventory(hosts=(Host("a", "a.example"),), settings=Settings(rule_specs=specs), **fields)


@pytest.mark.parametrize(("away", "fires"), [(3600.0, True), (2 * 86_400.0, False)])
def test_a_wait_of_a_week_goes_on_over_a_restart(clock: _Clock, away: float, fires: bool) -> None:
    before = _Machine(clock, _inventory())
    before.sample(REBOOT)
    assert before.step() == []
    kept = before.evaluation.pack(clock.at)

    clock.at += away
    after = _Machine(clock, _inventory())
    after.evaluation.recall((), clock.at, kept)
    after.sample(REBOOT)
    after.step()
    clock.at = T0 + 7 * 86_400.0 + 1
    after.sample(REBOOT)

    assert after.step() == (["RebootPending info"] if fires else [])


def test_a_wait_that_was_seen_for_days_goes_on_over_a_short_restart(clock: _Clock) -> None:
    before = _Machine(clock, _inventory())
    for _ in range(3 * 24):
        before.sample(REBOOT)
        assert before.step() == []
        clock.at += 3600.0
    kept = before.evaluation.pack(clock.at)

    clock.at += 3600.0
    after = _Machine(clock, _inventory())
    after.evaluation.recall((), clock.at, kept)
    after.sample(REBOOT)
    after.step()
    clock.at = T0 + 7 * 86_400.0 + 1
    after.sample(REBOOT)

    assert after.step() == ["RebootPending info"]


async def test_an_engine_that_dies_leaves_what_was_pending_a_few_minutes_before(
    clock: _Clock,
) -> None:
    before = _Machine(clock, _inventory())
    before.sample(REBOOT)
    before.step()
    left: dict[str, bytes] = {}

    async def keep(name: str, data: bytes) -> None:
        left[name] = data
        raise asyncio.CancelledError  # here it dies

    with pytest.raises(asyncio.CancelledError):
        await before.evaluation.run(keep, clock)

    after = _Machine(clock, _inventory())
    after.evaluation.recall((), clock.at, left)
    after.sample(REBOOT)
    after.step()
    clock.at = T0 + 7 * 86_400.0 + 1
    after.sample(REBOOT)

    assert after.step() == ["RebootPending info"]


def test_a_forecast_goes_on_over_a_restart(clock: _Clock) -> None:
    before = _Machine(clock, _inventory())
    for _ in range(240):
        clock.at += 60
        before.sample({"fs.available{mount=/}": 1e9 - (clock.at - T0) * 1e4})
    kept = before.evaluation.pack(clock.at)

    after = _Machine(clock, _inventory())
    after.evaluation.recall((), clock.at, kept)

    points = after.evaluation.tracks.points("host:a", "fs.available{mount=/}", 0)
    assert list(points) == list(
        before.evaluation.tracks.points("host:a", "fs.available{mount=/}", 0)
    )
    assert len(points) > 30


@pytest.mark.parametrize("kept", [b"", b"\xc1", b"\x80", b"\x81\xa5waits\x05"])
def test_what_cannot_be_read_is_left_out(clock: _Clock, kept: bytes) -> None:
    machine = _Machine(clock, _inventory())

    machine.evaluation.recall((), clock.at, {RULES: kept, WAITS: kept})

    assert machine.step() == []


def test_a_fire_of_a_rule_about_checks_is_the_same_after_a_restart(clock: _Clock) -> None:
    level = LevelSpec(Severity.CRITICAL)
    spec = RuleSpec("ShopDown", (level,), expr='service("shop") == down')
    inventory = _inventory(spec, services=(Service("shop", ()),))
    before = _Machine(clock, inventory)
    row = before.store.snapshot.services["shop"]
    from msgspec import structs

    down = {"shop": structs.replace(row, state=ServiceState.DOWN)}
    before.store._put(services=down)
    before.step()
    alerts = [a for a in before.store.snapshot.alerts.values() if a.name == "ShopDown"]
    assert [a.on for a in alerts] == ["service:shop"]

    after = _Machine(clock, inventory)
    after.evaluation.recall(alerts, clock.at, {})
    after.store._put(services=down)
    clock.at += 5
    after.step()

    assert {a.episode for a in after.store.snapshot.alerts.values() if a.name == "ShopDown"} == {
        alerts[0].episode
    }


def test_an_answer_is_kept_where_a_rule_looks_back_on_it(clock: _Clock) -> None:
    from opsconsole.engine.intake import Intake

    spec = RuleSpec("Slow", (LevelSpec(Severity.WARNING),), expr="p95(check.latency, 10m) > 1s")
    machine = _Machine(clock, _inventory(spec))
    intake = Intake(machine.store, lambda _: None, lambda _: None, machine.evaluation.tracks)
    intake.put_result(CheckResult("shop", T0, 0.5, ServiceState.UP))
    intake.put_result(CheckResult("shop", T0 + 1, 9.0, ServiceState.UNKNOWN))

    assert list(machine.evaluation.tracks.points("check:shop", "check.latency", 0)) == [(T0, 0.5)]
