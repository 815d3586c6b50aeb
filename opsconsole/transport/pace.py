"""When a host may be dialled: how many logins at once, how long to wait after a failure, when to give up."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from opsconsole.clock import Clock
from opsconsole.model.states import Reach

_FIRST_WAIT: Final = 1.0
_FIRST_WAIT_BUSY: Final = 5.0
_LONGEST_WAIT: Final = 45.0
_REFUSED_LOGINS: Final = 2


class Handshakes:
    """Bounds logins in flight: in all, for each jump host, and half of all for hosts that failed before.

    The last bound keeps a fleet of dead hosts from standing in the way of those that answer.
    """

    def __init__(self, total: int, per_jump: int) -> None:
        self._all = asyncio.Semaphore(total)
        self._repeats = asyncio.Semaphore(max(1, total // 2))
        self._per_jump = per_jump
        self._jumps: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def slot(self, jump: str, *, repeat: bool) -> AsyncIterator[None]:
        """Wait for a free place and hold it; `jump` is the last hop's name or empty."""
        async with AsyncExitStack() as held:
            if jump:
                bound = self._jumps.setdefault(jump, asyncio.Semaphore(self._per_jump))
                await held.enter_async_context(bound)
            if repeat:
                await held.enter_async_context(self._repeats)
            await held.enter_async_context(self._all)
            yield


class Pace:
    """One host's patience: jittered doubling waits, and a breaker for refused logins."""

    def __init__(self, clock: Clock, dice: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._dice = dice
        self._fails = 0
        self._refused = 0
        self._next_at = 0.0

    @property
    def is_repeat(self) -> bool:
        """Tell whether the last attempt failed."""
        return self._fails > 0

    @property
    def is_locked(self) -> bool:
        """Tell whether only a person may make us try again."""
        return self._refused >= _REFUSED_LOGINS

    @property
    def wait(self) -> float:
        """Seconds until the next attempt is due; 0 when it may be made now."""
        return max(0.0, self._next_at - self._clock.monotonic())

    def failed(self, reach: Reach) -> None:
        """Count one failure; the next attempt is 1, 2, 4 ... 45 s away, give or take a quarter."""
        if reach is Reach.AUTH_REFUSED:
            self._refused += 1
        first = _FIRST_WAIT_BUSY if reach is Reach.DROPPED_US else _FIRST_WAIT
        wait = min(_LONGEST_WAIT, first * 2.0 ** min(self._fails, 10))
        self._next_at = self._clock.monotonic() + wait * (0.75 + 0.5 * self._dice())
        self._fails += 1

    def reset(self) -> None:
        """Forget every failure: we are in, or a person asks."""
        self._fails = self._refused = 0
        self._next_at = 0.0
