"""Which units of a host to ask about next time: one that restarts again and again is seen at it only by chance."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.metrics import split_key

QUIET: Final = 1_800.0
"""Seconds without another restart after which a unit is asked about no more: the rule needs a quiet quarter."""
MOST: Final = 20
_METRIC: Final = "unit.restarts"


class Restarts:
    """Remembers the units of one host that were seen to restart."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float]] = {}
        """Unit to its count, and when that last changed (our monotonic clock)."""

    @property
    def units(self) -> tuple[str, ...]:
        """Names, the one that restarted last in front."""
        return tuple(sorted(self._known, key=lambda unit: -self._known[unit][1])[:MOST])

    def note(self, metrics: Mapping[str, float], now: float) -> None:
        """Take what a host said of its units; of what it says nothing more, nothing is remembered."""
        told = {
            split_key(key)[1].get("unit", ""): count
            for key, count in metrics.items()
            if key.startswith(_METRIC)
        }
        before, self._known = self._known, {}
        for unit, count in told.items():
            known = before.get(unit)
            at = known[1] if known is not None and known[0] == count else now
            if now - at <= QUIET:
                self._known[unit] = (count, at)
