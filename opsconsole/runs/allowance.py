"""A target's time: it runs while the target is worked on, and stands still while a person is waited for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

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
        self._scope = asyncio.timeout(seconds + GRACE)
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Begin what is ended when the time is over: with TimeoutError."""
        await self._scope.__aenter__()
        self._is_open = True
        if self._ended:
            self._reschedule(0.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """It is over by itself, or it was ended."""
        self._is_open = False
        await self._scope.__aexit__(kind, error, trace)

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
        if not self._is_open or self._scope.expired():
            return
        now = asyncio.get_running_loop().time()
        self._scope.reschedule(None if seconds is None else now + seconds)
