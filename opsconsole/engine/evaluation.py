"""Carries alerting over time: hands it the snapshot and the sources' readings, puts its alerts into the store."""

from opsconsole.model.inventory import Inventory
from opsconsole.model.sample import SourceReading
from opsconsole.state.store import Store


class Evaluation:
    """Holds alerting's memory between two evaluations."""

    def __init__(self, store: Store, inventory: Inventory) -> None:
        self._store = store
        self._inventory = inventory

    def take(self, reading: SourceReading) -> None:
        """Take one poll of an alert source."""

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory: its rules, sources and targets."""
        self._inventory = inventory

    def step(self, now: float) -> None:
        """Evaluate everything once."""
