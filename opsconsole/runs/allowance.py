"""A target's time: it runs while the target is worked on, and stands still while a person is waited for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opsconsole.clock import Clock

GRACE: Final = 5.0
"""Seconds beyond the action's timeout before we stop listening: the remote limit should end it first."""


class Allowance:
    """So many seconds, with the scope that ends the work when they are over."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds
        self._ended = False
        self._standing: list[float] = []
        self.scope = asyncio.timeout(seconds + GRACE)

    def left(self) -> float:
        """Seconds that are left."""
        now = self._standing[0] if self._standing else self._clock.monotonic()
        return self._until - now

    def end(self) -> None:
        """End the work here and now."""
        self._ended = True
        self._reschedule(0.0)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop the time meanwhile; an `end` is still heard."""
        self._standing.append(self._clock.monotonic())
        if not self._ended:
            self._reschedule(None)
        try:
            yield
        finally:
            began = self._standing.pop()
            if not self._standing:
                self._until += self._clock.monotonic() - began
                if not self._ended:
                    self._reschedule(self.left() + GRACE)

    def _reschedule(self, seconds: float | None) -> None:
        if self.scope.expired():
            return
        now = asyncio.get_running_loop().time()
        self.scope.reschedule(None if seconds is None else now + seconds)
