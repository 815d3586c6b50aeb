"""Watches the engine's own loop: how late it runs, who holds it up, and whether the machine slept."""

import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock

BEAT: Final = 0.25
"""Seconds between beats."""
STALL: Final = 1.0
"""A loop that is this late stood still."""
SLEPT: Final = 30.0
"""A gap in boot time that the loop did not live through: the machine was suspended."""
_MINUTE: Final = int(60 / BEAT)


class Stall(Struct, frozen=True):
    """The loop stood still for some seconds, and where it was seen to stand."""

    took: float
    where: str


class Heart:
    """Beats on the loop; a thread looks at where the loop stands when a beat stays out."""

    def __init__(
        self,
        clock: Clock,
        on_stall: Callable[[Stall], None],
        on_sleep: Callable[[float], None],
        awake: Callable[[], float],
    ) -> None:
        """Set up; `awake` counts seconds the machine did not sleep (CLOCK_MONOTONIC)."""
        self._clock = clock
        self._on_stall = on_stall
        self._on_sleep = on_sleep
        self._awake = awake
        self._lags: deque[float] = deque([0.0], maxlen=_MINUTE)
        self._beat = awake()
        self._where = ""
        self._over = threading.Event()

    @property
    def lag(self) -> float:
        """Worst delay of the last minute, seconds."""
        return max(self._lags)

    async def run(self) -> None:
        """Beat until cancelled."""
        watched = threading.get_ident()
        thread = threading.Thread(target=self._watch, args=(watched,), name="heart", daemon=True)
        thread.start()
        try:
            while True:
                await self._one_beat()
        finally:
            self._over.set()
            thread.join(1.0)

    async def _one_beat(self) -> None:
        boot, awake = self._clock.monotonic(), self._awake()
        await self._clock.sleep(BEAT)
        self._beat = self._awake()
        lived = self._beat - awake
        lag = max(0.0, lived - BEAT)
        self._lags.append(lag)
        slept = (self._clock.monotonic() - boot) - lived
        if slept > SLEPT:
            self._on_sleep(slept)
        if lag > STALL:
            self._on_stall(Stall(lag, self._where or "somewhere"))
            self._where = ""

    def _watch(self, watched: int) -> None:
        while not self._over.wait(BEAT):
            if self._awake() - self._beat > STALL:
                self._where = place_of(sys._current_frames().get(watched))  # noqa: SLF001 - documented


def place_of(frame: FrameType | None) -> str:
    """Name the place where code stands: the plugin on the way if there is one, else the innermost line."""
    innermost = ""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        here = f"{path.parent.name}/{path.name}:{frame.f_lineno} {frame.f_code.co_name}"
        if "plugins" in path.parts:
            return f"plugin {here}"
        innermost = innermost or here
        frame = frame.f_back
    return innermost
