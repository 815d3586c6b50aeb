"""A thread for each plugin's Python, with a loop of its own: whoever blocks it holds nobody else up.

The plugin's function runs there, and what it asks of `ctx` is done on the engine's loop, where it is safe.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct

from opsconsole.errors import ActionError

AT_ONCE_BUDGET: Final = 5.0
"""Seconds that a plain call of `ctx` (`log.info`, `health`) may wait for the engine's loop."""
STUCK: Final = 10.0
"""Seconds after which a thread that does not answer is left to itself, and the next call gets a new one."""
LEFT: Final = 3
"""Threads of one plugin that may be left so; then it is not called any more."""
_DATA: Final = (str, bytes, int, float, tuple, list, set, frozenset, Mapping, Struct)
_ENDING: Final = 0.5
"""Seconds that what still runs on a thread has to end with it."""
T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]
"""A plugin's function, waiting for its `ctx`."""


class Aside:
    """Owns the threads; used from one loop."""

    def __init__(self) -> None:
        self._threads: dict[str, _Thread] = {}
        self._left: dict[str, int] = {}
        self.spared: Collection[str] = ()
        """Ids of plugins that run on the engine's own loop: what came with us."""

    async def run(self, plugin: str, door: object, work: Work[T]) -> T:
        """Run a plugin's function on its thread, with `ctx` for it.

        Raises:
            ActionError: Its threads are stuck.
            BaseException: Whatever the function raises.
        """
        if plugin in self.spared:
            return await work(door)
        home = asyncio.get_running_loop()
        thread = self._thread(plugin)
        near = Near(door, home, self, plugin)
        done = asyncio.run_coroutine_threadsafe(_held(work, near), thread.loop)
        result, left = await asyncio.wrap_future(done)
        if left is not None:
            raise left
        return result  # type: ignore[return-value] # there is one where nothing was raised

    def _thread(self, plugin: str) -> "_Thread":
        thread = self._threads.get(plugin)
        if thread is not None and thread.answers():
            return thread
        if thread is not None:
            self._left[plugin] = self._left.get(plugin, 0) + 1
            del self._threads[plugin]
            thread.stop()
        if self._left.get(plugin, 0) > LEFT:
            raise ActionError(
                "plugin", f"{plugin} blocks for ever; its threads are left to themselves"
            )
        thread = self._threads[plugin] = _Thread(plugin)
        return thread

    def close(self) -> None:
        """End every thread that still listens."""
        threads, self._threads = list(self._threads.values()), {}
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()


async def _held(work: Work[T], near: "Near") -> tuple[T | None, SystemExit | None]:
    """An exit is the plugin's and not the thread's."""
    try:
        return await work(near), None
    except SystemExit as error:
        return None, error


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

    def __init__(self, plugin: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._asked = 0.0
        """When it was asked whether it listens; 0: it answered."""
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

    def answers(self) -> bool:
        """Tell whether it listened lately, and ask again."""
        now = time.monotonic()
        if self._asked:
            return now - self._asked < STUCK
        self._asked = now
        self.loop.call_soon_threadsafe(self._answer)
        return True

    def _answer(self) -> None:
        self._asked = 0.0

    def stop(self) -> None:
        """Ask it to end; one that is stuck does when it moves again."""
        with suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self.loop.stop)

    def join(self) -> None:
        """Wait a moment for its end."""
        self._thread.join(1.0)


class Near:
    """`ctx`, or a part of it, on a plugin's thread; what it does is done on the engine's loop."""

    def __init__(
        self, far: object, home: asyncio.AbstractEventLoop, aside: Aside, plugin: str
    ) -> None:
        self._far = far
        self._home = home
        self._aside = aside
        self._plugin = plugin

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
        return found if _is_data(found) else Near(found, self._home, self._aside, self._plugin)

    def __getitem__(self, name: str) -> "Near":
        far: Any = self._far
        return Near(far[name], self._home, self._aside, self._plugin)

    async def _hop(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._home))

    def _at_once(self, work: Callable[[], T]) -> T:
        async def there() -> T:
            return work()

        done = asyncio.run_coroutine_threadsafe(there(), self._home)
        return done.result(AT_ONCE_BUDGET)

    async def _follow(self, source: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - an async generator of ctx's
        async def step() -> tuple[bool, Any]:
            async for item in source:
                return True, item
            return False, None

        try:
            while (found := await self._hop(step()))[0]:
                item = found[1]
                is_data = _is_data(item)
                yield item if is_data else Near(item, self._home, self._aside, self._plugin)
        finally:
            await self._hop(_ended(source))

    @asynccontextmanager
    async def _critical(self, why: str) -> AsyncIterator[None]:
        far: Any = self._far
        held = far.critical(why)
        await self._hop(held.__aenter__())
        try:
            yield
        finally:
            await self._hop(held.__aexit__(None, None, None))

    async def _on_undo(self, undo: Work[object], *, title: str = "") -> None:
        far: Any = self._far
        said = title or str(getattr(undo, "__name__", "undo"))

        async def back(door: object) -> object:
            return await self._aside.run(self._plugin, door, undo)

        await self._hop(far.on_undo(back, title=said))


async def _ended(source: Any) -> None:  # noqa: ANN401
    await source.aclose()


def _is_data(value: object) -> bool:
    return value is None or isinstance(value, _DATA)
