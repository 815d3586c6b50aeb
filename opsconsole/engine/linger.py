"""When an engine ends by itself: nobody is attached and nothing runs for as long as it lingers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from opsconsole.clock import Clock

_LOOK: Final = 1.0

log = logging.getLogger(__name__)


class Linger:
    """Watches whether an engine is needed."""

    def __init__(
        self,
        clock: Clock,
        stop: asyncio.Event,
        runs: Callable[[], bool],
        peers: Callable[[], bool],
        release: Callable[[], Awaitable[None]],
        linger: Callable[[], float | None],
        *,
        solo: bool,
    ) -> None:
        """Set up.

        Args:
            clock: Time.
            stop: Set to end the engine.
            runs: Tells whether a run is live.
            peers: Tells whether anybody is attached.
            release: Gives back what only runs need; called while none is live.
            linger: Seconds to stay without anybody; None: for ever.
            solo: True: it ends with its one client, not by this.
        """
        self._clock = clock
        self._stop = stop
        self._runs = runs
        self._peers = peers
        self._release = release
        self._for = linger
        self._solo = solo
        self._quiet_since = clock.now()

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await self._clock.sleep(_LOOK)
            if not self._runs():
                await self._release()
            if self._peers() or self._runs():
                self._quiet_since = self._clock.now()
            elif self._is_forgotten():
                log.info("nobody was here for %g s: the engine ends", self._for() or 0.0)
                self._stop.set()

    def _is_forgotten(self) -> bool:
        linger = self._for()
        if self._solo or linger is None:
            return False
        return self._clock.now() - self._quiet_since >= linger
