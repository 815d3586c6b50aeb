"""Objectives over an engine's life: earlier answers are read back, new ones counted, maintenance left out."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsconsole.engine.objectives import Objectives
from opsconsole.model.inventory import Check, Inventory, Service
from opsconsole.model.sample import CheckResult
from opsconsole.model.slo import Objective
from opsconsole.model.states import ServiceState
from opsconsole.state.history import History
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
SHOP = Service(
    "shop", (Check("shop", "http", "http://shop.example", service="shop", every=30.0),),
    objective=Objective(0.9, period=86_400.0),
)  # fmt: skip


class HandClock:
    """Time by hand; whoever waits for a minute waits for ever."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def _result(at: float, state: str) -> CheckResult:
    return CheckResult("shop", at, 0.1, ServiceState(state))


def _world(folder: Path, clock: HandClock) -> tuple[History, Store]:
    history = History(
        folder / "history.db", clock, on_banner=lambda *_: None, on_loaded=lambda _: None
    )
    return history, Store(clock, history)


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(services=(SHOP,))


async def test_what_an_earlier_engine_saw_counts_once(tmp_path: Path, inventory: Inventory) -> None:
    clock = HandClock(T0)
    history, store = _world(tmp_path, clock)
    await history.start()
    store.put_inventory(inventory)
    for n in range(20):
        store.put_result(_result(T0 - 7_000 + n * 30, "down" if n < 5 else "up"))
    await history.stop()

    clock = HandClock(T0 + 60)
    history, store = _world(tmp_path, clock)
    await history.start()
    store.put_inventory(inventory)
    objectives = Objectives(store, history, clock, inventory)
    bell = store.subscribe()
    store.put_result(_result(T0 + 61, "up"))
    objectives.take(_result(T0 + 61, "up"))
    running = asyncio.create_task(objectives.run())
    async with asyncio.timeout(10):
        while "shop" not in store.snapshot.slos:
            await bell.wait()
    running.cancel()
    await history.stop()

    found = store.snapshot.slos["shop"]
    assert (found.total, found.bad) == (21, 5)


async def test_what_is_answered_in_maintenance_counts_for_nothing(
    tmp_path: Path, inventory: Inventory
) -> None:
    clock = HandClock(T0)
    history, store = _world(tmp_path, clock)
    store.put_inventory(inventory)
    objectives = Objectives(store, history, clock, inventory)
    objectives.take(_result(T0, "down"))
    record = replace(store.snapshot.services["shop"], state=ServiceState.MAINTENANCE)
    store._put(services={"shop": record})
    objectives.take(_result(T0, "down"))

    objectives.judge()

    assert store.snapshot.slos["shop"].bad == 1


async def test_a_reload_keeps_what_was_counted_and_forgets_what_is_promised_no_more(
    tmp_path: Path, inventory: Inventory
) -> None:
    clock = HandClock(T0)
    history, store = _world(tmp_path, clock)
    store.put_inventory(inventory)
    objectives = Objectives(store, history, clock, inventory)
    objectives.take(_result(T0, "down"))

    objectives.follow(inventory)
    objectives.judge()
    kept = store.snapshot.slos["shop"]
    objectives.follow(Inventory(services=(replace(SHOP, objective=None),)))
    objectives.take(_result(T0, "down"))
    objectives.judge()

    assert kept.bad == 1
    assert store.snapshot.slos == {}
