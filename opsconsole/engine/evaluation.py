"""Carries alerting over time: hands it the snapshot and the sources' readings, puts its alerts into the store."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from opsconsole.actions.match import Subject, first_runbook, subject_of
from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.evaluate import evaluate
from opsconsole.alerting.memory import (
    Memory,
    Waiting,
    note_reading,
    recall,
    recall_waiting,
    waiting,
)
from opsconsole.alerting.past import Measures
from opsconsole.alerting.rules import Rules
from opsconsole.clock import Clock
from opsconsole.config.rules import shipped_rules
from opsconsole.model.alert import Alert
from opsconsole.model.inventory import Inventory
from opsconsole.model.sample import SourceReading
from opsconsole.state.keeping import Keep
from opsconsole.state.store import Store
from opsconsole.state.tracks import Tracks

RULES: Final = "rules"
"""What `pack` gives is kept under this name."""
WAITS: Final = "waits"
"""What is pending, kept every few minutes: an engine that dies packs nothing."""
EVERY: Final = 300.0


class _Kept(msgspec.Struct, frozen=True):
    waits: tuple[Waiting, ...] = ()
    tracks: Mapping[str, Mapping[str, tuple[bytes, bytes]]] = {}
    at: float = 0.0
    """When it was packed, epoch seconds."""


class Evaluation:
    """Holds alerting's memory and rules between two evaluations."""

    def __init__(self, store: Store, inventory: Inventory) -> None:
        self._store = store
        self._memory = Memory()
        self.tracks = Tracks()
        """What the collector brings is put in here too, for rules that look back."""
        self._measures = Measures(self.tracks)
        self._rules = self._rules_for(inventory)

    def recall(self, alerts: Iterable[Alert], now: float, kept: Mapping[str, bytes]) -> None:
        """Begin with what an earlier engine left; too late once something was evaluated.

        Args:
            alerts: What fired.
            now: Epoch seconds.
            kept: What it kept, by name; of a format we do not know it is left out.
        """
        if self._memory.rules is not None:
            return
        self._memory = recall(alerts, now, {rule.name for rule in self._rules.fleet})
        for name in (WAITS, RULES):
            with suppress(msgspec.DecodeError):
                left = msgspec.msgpack.decode(kept.get(name, b""), type=_Kept)
                self._memory = recall_waiting(self._memory, left.waits, now - left.at)
                self.tracks.unpack(left.tracks)

    def pack(self, now: float) -> Mapping[str, bytes]:
        """Give what the next engine goes on with: what is pending, and what rules look back on."""
        kept = _Kept(waiting(self._memory), self.tracks.pack(), now)
        return {RULES: msgspec.msgpack.encode(kept), WAITS: b""}

    async def run(self, keep: Keep, clock: Clock) -> None:
        """Keep what is pending every few minutes, until cancelled."""
        while True:
            await clock.sleep(EVERY)
            kept = _Kept(waiting(self._memory), at=clock.now())
            await keep(WAITS, msgspec.msgpack.encode(kept))

    def take(self, reading: SourceReading) -> None:
        """Take one poll of an alert source."""
        self._memory = note_reading(self._memory, reading)

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory, or a new set of actions: rules, sources, targets, runbooks."""
        self._rules = self._rules_for(inventory)
        hosts = {f"host:{host.name}" for host in inventory.hosts}
        self.tracks.keep(lambda subject: subject in hosts or not subject.startswith("host:"))
        self._measures = Measures(self.tracks)  # without the fits of what is gone

    def step(self, now: float) -> None:
        """Evaluate everything once."""
        self._memory, alerts = evaluate(
            self._store.snapshot, self._memory, self._rules, now, self._measures
        )
        self._store.put_alerts(alerts)

    def _rules_for(self, inventory: Inventory) -> Rules:
        rules = rules_for(
            inventory,
            shipped_rules(),
            find_runbook=self._runbook,
            has_action=lambda name: name in self._store.snapshot.actions,
        )
        self.tracks.watch(rules.windows, rules.functions)
        return rules

    def _runbook(self, alert: Alert) -> str | None:
        shown = self._store.snapshot
        on = subject_of(shown, alert.on)
        return first_runbook(shown.actions.values(), Subject(shown, on.host, on.service, alert))
