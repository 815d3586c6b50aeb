"""Whose turn it is: looks that can wait are made a few at a time, so that a fleet never meets a burst of ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from opsconsole.clock import Clock

_FEWEST: Final = 16
_SHARE: Final = 60
"""One place in so many hosts: what everybody is asked once a minute goes through if it takes a second."""
_HELD: Final = 1.0
"""Seconds for which a look has its place: one that takes longer waits for something, and is no load."""
_STEP: Final = 0.05


class Turns:
    """Bounds looks in flight; first come, first served.

    Args:
        clock: Where time comes from.
        hosts: How many hosts there are.
    """

    def __init__(self, clock: Clock, hosts: Callable[[], int] = lambda: 0) -> None:
        self._clock = clock
        self._hosts = hosts
        self._door = asyncio.Lock()
        self._begun: dict[object, float] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and have it until the end, or for a second; bounded by the caller."""
        place = object()
        async with self._door:
            while self._is_full():
                await self._clock.sleep(_STEP)
            self._begun[place] = self._clock.monotonic()
        try:
            yield
        finally:
            del self._begun[place]

    def _is_full(self) -> bool:
        young = self._clock.monotonic() - _HELD
        taken = sum(begun > young for begun in self._begun.values())
        return taken >= max(_FEWEST, self._hosts() // _SHARE)
