"""All that judges what was seen: rules, objectives, maintenance and capacity, built, fed and kept side by side."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.engine.capacity import CapacityDesk
from opsconsole.engine.evaluation import Evaluation
from opsconsole.engine.intake import Intake
from opsconsole.engine.maintenance import Maintenance
from opsconsole.engine.objectives import Objectives
from opsconsole.model.calls import AnyCall
from opsconsole.model.inventory import Inventory
from opsconsole.model.sample import CheckResult, SourceReading
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.keeping import Loaded
from opsconsole.state.store import Store


class Judging:
    """Hands each of them what it needs."""

    def __init__(self, store: Store, history: History, clock: Clock, inventory: Inventory) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._evaluation = Evaluation(store, inventory)
        self._capacity = CapacityDesk(store, history, clock)
        self._objectives = Objectives(store, history, clock, inventory)
        self._maintenance = Maintenance(store, history, clock, inventory)

    def intake(self, on_result: Callable[[CheckResult], None]) -> Intake:
        """Make the sink of all findings; `on_result` is told of checks' answers too."""

        def result(told: CheckResult) -> None:
            on_result(told)
            self._objectives.take(told)

        return Intake(self._store, self._on_reading, result, self._evaluation.tracks)

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory."""
        for room in (self._evaluation, self._objectives, self._maintenance):
            room.follow(inventory)

    def restore(self, loaded: Loaded) -> None:
        """Go on with what an earlier engine left; the store has it already."""
        self._maintenance.restore(loaded.kept)
        self._evaluation.recall(loaded.alerts, self._clock.now(), loaded.kept)

    def tick(self, now: float) -> None:
        """Judge everything; once a second."""
        self._maintenance.tick(now)
        self._evaluation.step(now)

    async def run(self) -> None:
        """Do what has a time of its own, until cancelled."""
        async with asyncio.TaskGroup() as group:
            waits = self._evaluation.run(self._history.keep, self._clock)
            group.create_task(waits, name="judging waits")
            group.create_task(self._objectives.run(), name="judging objectives")
            group.create_task(self._capacity.run(), name="judging capacity")

    async def keep(self) -> None:
        """Leave to the next engine what it is to go on with."""
        for name, data in self._evaluation.pack(self._clock.now()).items():
            await self._history.keep(name, data)

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call about maintenance or capacity; None for any other.

        Raises:
            OpsConsoleError: It cannot be done.
        """
        return await self._maintenance.answer(call, peer) or await self._capacity.answer(call, peer)

    def _on_reading(self, reading: SourceReading) -> None:
        self._evaluation.take(reading)
        self._evaluation.step(self._clock.now())
