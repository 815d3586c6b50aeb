"""When a probe runs: a fixed grid of its own, placed by a hash of its name, so that polls spread evenly."""

import math
from typing import Final
from zlib import crc32

from msgspec import Struct

_CIRCLE: Final = 1 << 32
_TOO_LATE: Final = 0.5
"""Share of an interval; later than that (a suspended machine) a poll is skipped, never made up for."""


class Schedule(Struct, frozen=True):
    """A grid of moments: `offset`, `offset + interval`, ..., on the clock handed in."""

    interval: float
    timeout: float
    """Seconds one poll may take, waiting for its turn at a handshake included."""
    offset: float

    def after(self, now: float) -> float:
        """Find the first moment of the grid behind `now`."""
        steps = math.floor((now - self.offset) / self.interval) + 1
        return self.offset + steps * self.interval

    def is_too_late(self, due: float, now: float) -> bool:
        """Tell whether a poll is so late that all of them are: then the next moment is the right one."""
        return now - due > self.interval * _TOO_LATE


def spread(name: str, interval: float) -> float:
    """Place a name on the interval: evenly over many names, the same at every start."""
    return crc32(name.encode()) / _CIRCLE * interval


def jitter(name: str, turn: int) -> float:
    """Give a factor 0.8 to 1.2 for a name's back-off, another at each turn, the same in every run."""
    return 0.8 + 0.4 * crc32(f"{name} {turn}".encode()) / _CIRCLE
