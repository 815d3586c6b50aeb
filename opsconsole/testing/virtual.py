"""An event loop in which time is a number: when nobody has anything to do, it is as late as the next timer.

`asyncio.timeout` and `Clock.sleep` share it, so an hour's rollout takes milliseconds, the same way every time.
Work for threads is done on the spot: nothing here may wait for the real world.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, TypeVarTuple

from opsconsole.errors import OpsConsoleError

_START: Final = 1_700_000_000.0
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without waiting."""

    _ready: Any
    _scheduled: list[asyncio.TimerHandle]
    _timer_cancelled_count: int

    def __init__(self) -> None:
        super().__init__()
        self._at = 0.0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._at

    def _run_once(self) -> None:
        self._drop_cancelled()
        if not self._ready and self._scheduled:
            self._at = max(self._at, self._scheduled[0].when())
        run_once: Callable[[], None] = super()._run_once  # type: ignore[misc]  # the loop's own heart
        run_once()

    def _drop_cancelled(self) -> None:
        """A timer nobody waits for any more must not move the time."""
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
            self._timer_cancelled_count -= 1

    def run_in_executor(
        self, _executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Call it here and now."""
        future: asyncio.Future[_T] = self.create_future()
        try:
            result = func(*args)
        except (OpsConsoleError, OSError, ValueError) as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future


class LoopClock:
    """The running loop's time, as the engine's clock."""

    def now(self) -> float:
        """Epoch seconds."""
        return _START + asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        """Seconds for measuring."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait until time has come."""
        await asyncio.sleep(max(0.0, seconds))


def run_virtually(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
