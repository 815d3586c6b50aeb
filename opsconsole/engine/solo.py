"""Engine and client in one process: nothing stays behind, and the code path is the same."""

import asyncio
import os

from opsconsole.clock import Clock
from opsconsole.engine.daemon import person
from opsconsole.engine.engine import Engine
from opsconsole.engine.launch import LaunchSpec
from opsconsole.engine.lock import EngineLock, Holder
from opsconsole.engine.place import Place
from opsconsole.errors import EngineError
from opsconsole.inventory.sources import load
from opsconsole.rpc.client import Streams
from opsconsole.rpc.solo import open_solo


class SoloEngine:
    """Starts an engine inside this loop when the first client attaches; `close` ends it."""

    def __init__(self, spec: LaunchSpec, place: Place, clock: Clock) -> None:
        self._spec = spec
        self._place = place
        self._clock = clock
        self._lock = EngineLock(place.lock)
        self._engine: Engine | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self) -> Streams:
        """Attach to the engine of this process, building it first: a client's opener.

        Raises:
            ConfigError: There are mistakes in the files.
            EngineError: Another engine has this place, or ours ended.
        """
        if self._engine is None:
            await self._start()
        assert self._engine is not None
        if self._task is None or self._task.done():
            error = self._task.exception() if self._task is not None else None
            raise EngineError("the engine in this process ended") from error
        return await open_solo(self._engine.server)()

    async def close(self) -> None:
        """Stop the engine and wait for its end."""
        if self._engine is not None and self._task is not None:
            self._engine.stop.set()
            await asyncio.wait((self._task,))
        self._lock.release()

    async def _start(self) -> None:
        inventory = await asyncio.to_thread(load, self._spec.sources)
        self._lock.take(Holder(os.getpid(), person(), self._clock.now()))
        self._engine = Engine(self._spec, self._place, inventory, self._clock, solo=True)
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._engine.run(ready.set), name="solo engine")
        waiting = asyncio.create_task(ready.wait(), name="solo engine ready")
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            self._task.result()
