"""Answers that come within a tenth of a second are read in one go.

Reading an answer costs four times as much where the processor has done something else before it, and at each of a
thousand hosts it has. What is shown changes ten times a second at most, so that nobody waits for it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from opsconsole.clock import Clock

_SHARE: Final = 0.0001
"""Seconds to wait for others, for each host."""
_FEW: Final = 0.01
"""Shorter than that it is not worth it: a fleet of up to a hundred hosts is read as it answers."""
_LONGEST: Final = 0.1


class Together:
    """Lets those who wait go on at one time.

    Args:
        clock: Where time comes from.
        hosts: How many hosts there are.
    """

    def __init__(self, clock: Clock, hosts: Callable[[], int] = lambda: 0) -> None:
        self._clock = clock
        self._hosts = hosts
        self._gate: asyncio.Event | None = None
        self._opened = -_LONGEST

    async def wait(self) -> None:
        """Wait for others, until a tenth of a second after the last ones were let go at most."""
        if self._gate is not None:
            await self._gate.wait()
            return
        within = min(_LONGEST, self._hosts() * _SHARE)
        left = self._opened + within - self._clock.monotonic()
        if within < _FEW or left <= 0:
            self._opened = self._clock.monotonic()
            return
        gate = self._gate = asyncio.Event()
        try:
            await self._clock.sleep(left)
        finally:  # whoever came first may be called off; the others are not
            self._gate = None
            self._opened = self._clock.monotonic()
            gate.set()
