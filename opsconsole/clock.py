"""Where time comes from: one wall reading at the start, then only elapsed boot time.

A stepped wall clock moves nothing, and a suspended machine sees its gap (CLOCK_BOOTTIME runs on).
"""

import asyncio
import time
from typing import Protocol

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """What the engine asks for the time; tests hand in a virtual one."""

    def now(self) -> float:
        """Epoch seconds that never jump while the process lives."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; negative waits are zero."""
        ...


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._origin = time.time() - time.clock_gettime(_ELAPSED)

    def now(self) -> float:
        """Epoch seconds: the start's wall time plus elapsed boot time."""
        return self._origin + time.clock_gettime(_ELAPSED)

    def monotonic(self) -> float:
        """Elapsed boot time, seconds."""
        return time.clock_gettime(_ELAPSED)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running loop."""
        await asyncio.sleep(max(0.0, seconds))
