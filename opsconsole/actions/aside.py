"""A thread for each plugin's Python, with a loop of its own: whoever blocks it holds nobody else up.

The plugin's function runs there, and what it asks of `ctx` is done on the engine's loop, where it is safe.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import ActionError

AT_ONCE_BUDGET: Final = 5.0
"""Seconds that a plain call of `ctx` (`log.info`, `health`) may wait for the engine's loop."""
STUCK: Final = 10.0
"""Seconds after which a thread that does not answer is left to itself, and the next call gets a new one."""
LEFT: Final = 3
"""Threads of one plugin that may stand still so; with more, it is not called until one has moved on."""
_DATA: Final = (str, bytes, int, float, tuple, list, set, frozenset, Mapping, Struct)
_ENDING: Final = 0.5
"""Seconds that what still runs on a thread has to end with it."""
_ERRANDS_END: Final = 5.0
"""Seconds that what is done here for a call has to end when the call is cancelled."""
T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]
"""A plugin's function, waiting for its `ctx`."""


class Aside:
    """Owns the threads; used from one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._threads: dict[str, _Thread] = {}
        self._left: dict[str, list[_Thread]] = {}
        """Those that did not answer, until they end."""
        self.spared: Collection[str] = ()
        """Ids of plugins that run on the engine's own loop: what came with us."""

    async def run(self, plugin: str, door: object, work: Work[T]) -> T:
        """Run a plugin's function on its thread, with `ctx` for it.

        Cancelled, it first ends what the function has under way here: whoever judges the call then
        sees how far that came, and nothing more is begun for it.

        Raises:
            ActionError: Its threads are stuck, or it was cancelled there and not by us.
            BaseException: Whatever the function raises.
        """
        if plugin in self.spared:
            return await work(door)
        thread = self._thread(plugin)
        errands = _Errands()
        near = Near(door, _Here(asyncio.get_running_loop(), errands, self, plugin))
        done = asyncio.run_coroutine_threadsafe(_held(work, near), thread.loop)
        try:
            result, left = await asyncio.wrap_future(done)
        except asyncio.CancelledError:
            await errands.end()
            if _is_cancelled():
                raise
            raise ActionError("plugin", f"{plugin} gave this call up") from None
        finally:
            errands.is_over = True
        if left is not None:
            raise left
        return result  # type: ignore[return-value] # there is one where nothing was raised

    def _thread(self, plugin: str) -> "_Thread":
        thread = self._threads.get(plugin)
        if thread is not None and thread.answers():
            return thread
        stuck = [each for each in self._left.get(plugin, ()) if each.is_alive]
        if thread is not None:
            del self._threads[plugin]
            thread.leave()
            stuck.append(thread)
        self._left[plugin] = stuck
        if len(stuck) > LEFT:
            raise ActionError(
                "plugin", f"{plugin} blocks: {len(stuck)} of its threads do not answer"
            )
        thread = self._threads[plugin] = _Thread(plugin, self._clock)
        return thread

    def close(self) -> None:
        """End every thread that still listens."""
        threads = [*self._threads.values(), *(one for left in self._left.values() for one in left)]
        self._threads, self._left = {}, {}
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _held(work: Work[T], near: "Near") -> tuple[T | None, SystemExit | None]:
    """An exit is the plugin's and not the thread's."""
    try:
        return await work(near), None
    except SystemExit as error:
        return None, error


class _Errands:
    """What is done on the engine's loop for one call of a plugin; used from that loop."""

    def __init__(self) -> None:
        self.is_over = False
        """Nothing is begun for it any more."""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def carry(self, work: Coroutine[Any, Any, T], *, last: bool) -> T:
        """Do one thing; `last`: it only ends what was begun.

        Raises:
            ActionError: The call is over.
        """
        if last:
            return await work
        if self.is_over:
            work.close()
            raise ActionError("plugin", "the call is over; nothing more is done for it")
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            _cancel_once(task)
            await asyncio.wait((task,))
            if not task.cancelled():
                task.exception()  # whoever would have heard it is gone
            raise

    async def end(self) -> None:
        """Cancel what is under way, and wait until it has ended."""
        self.is_over = True
        tasks = tuple(self._tasks)
        for task in tasks:
            _cancel_once(task)
        if tasks:
            await asyncio.wait(tasks, timeout=_ERRANDS_END)


def _cancel_once(task: asyncio.Task[Any]) -> None:
    """The thread's word and ours may both come; a second one would cut short how it cleans up."""
    if not task.done() and not task.cancelling():
        task.cancel()


class OnTheWay(Protocol):
    """A door, as far as it tells where a plugin's function runs."""

    @property
    def aside(self) -> Aside | None:
        """Where plugins' Python runs; None: on the engine's own loop."""
        ...

    @property
    def action(self) -> Any:  # noqa: ANN401 - an action, which knows its plugin
        """What it is for."""
        ...


async def beside(door: OnTheWay, work: Work[T]) -> T:
    """Run a plugin's function where its door says."""
    if door.aside is None:
        return await work(door)
    return await door.aside.run(door.action.plugin, door, work)


class _Thread:
    """One plugin's thread and loop."""

    def __init__(self, plugin: str, clock: Clock) -> None:
        self.loop = asyncio.new_event_loop()
        self._clock = clock
        self._asked: float | None = None
        """When it was asked whether it listens; None: it answered."""
        self._thread = threading.Thread(target=self._work, name=f"plugin {plugin}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=_ENDING))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    @property
    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        return self._thread.is_alive()

    def answers(self) -> bool:
        """Tell whether it listened lately, and ask again."""
        now = self._clock.monotonic()
        if self._asked is not None:
            return now - self._asked < STUCK
        self._asked = now
        self.loop.call_soon_threadsafe(self._answer)
        return True

    def _answer(self) -> None:
        self._asked = None

    def leave(self) -> None:
        """Give it no more calls; once it moves again, those it has go to their own ends, and it to its."""
        asyncio.run_coroutine_threadsafe(self._finish(), self.loop)

    async def _finish(self) -> None:
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)  # each is bounded by whoever waits for it
        self.loop.stop()

    def stop(self) -> None:
        """Ask it to end now; one that is stuck does when it moves again."""
        with suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self.loop.stop)

    def join(self) -> None:
        """Wait a moment for its end."""
        self._thread.join(1.0)


class _Here(NamedTuple):
    """Where a call came from."""

    home: asyncio.AbstractEventLoop
    errands: _Errands
    aside: Aside
    plugin: str


class Near:
    """`ctx`, or a part of it, on a plugin's thread; what it does is done on the engine's loop."""

    def __init__(self, far: object, here: _Here) -> None:
        self._far = far
        self._here = here

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part of ctx has
        if name.startswith("_"):
            raise AttributeError(name)
        found: Any = getattr(self._far, name)
        if name == "critical":
            return self._critical
        if name == "on_undo":
            return self._on_undo
        if isasyncgenfunction(found):
            return lambda *given, **told: self._follow(found(*given, **told))
        if iscoroutinefunction(found):
            return lambda *given, **told: self._hop(found(*given, **told))
        if callable(found):
            return lambda *given, **told: self._at_once(lambda: found(*given, **told))
        return found if _is_data(found) else Near(found, self._here)

    def __getitem__(self, name: str) -> "Near":
        far: Any = self._far
        return Near(far[name], self._here)

    async def _hop(self, work: Coroutine[Any, Any, T], *, last: bool = False) -> T:
        errand = self._here.errands.carry(work, last=last)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(errand, self._here.home))

    def _at_once(self, work: Callable[[], T]) -> T:
        async def there() -> T:
            return work()

        errand = self._here.errands.carry(there(), last=False)
        done = asyncio.run_coroutine_threadsafe(errand, self._here.home)
        return done.result(AT_ONCE_BUDGET)

    async def _follow(self, source: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - an async generator of ctx's
        steps: set[asyncio.Task[Any]] = set()

        async def step() -> tuple[bool, Any]:
            task = asyncio.current_task()
            assert task is not None
            steps.add(task)
            try:
                async for item in source:
                    return True, item
            finally:
                steps.discard(task)
            return False, None

        async def end() -> None:
            if steps:  # one that was given up runs in it still
                await asyncio.wait(tuple(steps))
            await source.aclose()

        try:
            while (found := await self._hop(step()))[0]:
                item = found[1]
                yield item if _is_data(item) else Near(item, self._here)
        finally:
            await self._hop(end(), last=True)

    @asynccontextmanager
    async def _critical(self, why: str) -> AsyncIterator[None]:
        far: Any = self._far
        held = far.critical(why)
        await self._hop(held.__aenter__())
        try:
            yield
        finally:
            await self._hop(held.__aexit__(None, None, None), last=True)

    async def _on_undo(self, undo: Work[object], *, title: str = "") -> None:
        far: Any = self._far
        said = title or str(getattr(undo, "__name__", "undo"))

        async def back(door: object) -> object:
            return await self._here.aside.run(self._here.plugin, door, undo)

        await self._hop(far.on_undo(back, title=said))


def _is_data(value: object) -> bool:
    return value is None or isinstance(value, _DATA)
