"""Keeps the objectives' ledgers: counts every answer, tells the store once a minute where each budget stands."""

import math
from collections.abc import Mapping
from typing import Final

from opsconsole.alerting.slo import Ledger, status
from opsconsole.clock import Clock
from opsconsole.model.inventory import Inventory, Service
from opsconsole.model.sample import CheckResult
from opsconsole.model.slo import answers_in
from opsconsole.model.states import ServiceState
from opsconsole.state.history import History
from opsconsole.state.series import Outcome
from opsconsole.state.store import Store

EVERY: Final = 60.0


class Objectives:
    """Every objective of the inventory in force."""

    def __init__(self, store: Store, history: History, clock: Clock, inventory: Inventory) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._services: Mapping[str, Service] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._of_check: Mapping[str, str] = {}
        self._unread: set[str] = set()
        self.follow(inventory)

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory; an objective that is as it was keeps what it counted."""
        self._services = {each.name: each for each in inventory.services if each.objective}
        for name, service in self._services.items():
            ledger = self._ledgers.get(name)
            if service.objective and (ledger is None or ledger.objective != service.objective):
                self._ledgers[name] = Ledger(service.objective, self._clock.now())
                self._unread.add(name)
        for name in self._ledgers.keys() - self._services.keys():
            del self._ledgers[name]
        self._of_check = {
            check.name: service.name
            for service in self._services.values()
            for check in service.checks
        }

    def take(self, result: CheckResult) -> None:
        """Count one answer; what is answered in maintenance counts for nothing."""
        name = self._of_check.get(result.check)
        if name is None:
            return
        record = self._store.snapshot.services.get(name)
        if record is None or record.state is not ServiceState.MAINTENANCE:
            self._ledgers[name].add(result.at, result.state, result.took)

    async def run(self) -> None:
        """Judge every minute until cancelled; first read what earlier engines saw."""
        while True:
            for name in tuple(self._unread):
                await self._read(name)
            self.judge()
            await self._clock.sleep(EVERY)

    def judge(self) -> None:
        """Say where each stands now."""
        now = self._clock.now()
        found = []
        for name, ledger in self._ledgers.items():
            ledger.roll(now)
            expected = answers_in(
                ledger.objective.period, (check.every for check in self._services[name].checks)
            )
            found.append(status(name, ledger, expected, now))
        self._store.put_objectives(found)

    async def _read(self, name: str) -> None:
        ledger, service = self._ledgers.get(name), self._services.get(name)
        if ledger is None or service is None:
            self._unread.discard(name)
            return
        limit = ledger.objective.latency or math.inf
        checks = {check.name: limit for check in service.checks}
        since = ledger.began - ledger.objective.period
        found = await self._history.outcomes(checks, since, ledger.began)
        if found is None:
            return  # the file cannot be read now: asked again in a minute
        self._unread.discard(name)
        for outcome in found:
            _count(ledger, outcome)


def _count(ledger: Ledger, outcome: Outcome) -> None:
    took = math.inf if outcome.slow else 0.0
    if (kind := ledger.judge(outcome.state, took)) is not None:
        ledger.add_old(outcome.slot, kind, outcome.times)
