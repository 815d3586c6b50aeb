"""Stop a running engine: ask it; one that does not understand us gets a service manager's signal."""

import asyncio
import contextlib
import os
import signal

from opsconsole import __version__
from opsconsole.clock import Clock, SystemClock
from opsconsole.engine.lock import holder_of
from opsconsole.engine.place import Place
from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.calls import Done, StopEngine
from opsconsole.rpc.client import Client, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello

_GONE_WITHIN = 30.0


async def stop_engine(place: Place, *, force: bool = False) -> str:
    """Stop the engine of a place and wait until it is gone; returns a sentence.

    Raises:
        RefusedError: A run is live and `force` was not said.
        EngineError: It does not end.
    """
    clock = SystemClock()
    holder = holder_of(place.lock)
    if holder is None:
        return f"engine {place.name} does not run"
    try:
        await _ask(place, clock, force=force)
    except RefusedError:
        raise
    except EngineError:
        if holder.pid <= 1:
            raise
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGTERM)
    await _until_gone(place, clock)
    return f"engine {place.name} stopped (pid {holder.pid})"


async def _ask(place: Place, clock: Clock, *, force: bool) -> None:
    hello = Hello(PROTOCOL, __version__, "cli", pid=os.getpid(), subscribe=False)
    async with Client(open_path(str(place.socket)), hello, clock) as client:
        await client.ready(5.0)
        await client.call(StopEngine(force), Done, within=10.0)


async def _until_gone(place: Place, clock: Clock) -> None:
    try:
        async with asyncio.timeout(_GONE_WITHIN):
            while holder_of(place.lock) is not None:
                await clock.sleep(0.05)
    except TimeoutError:
        holder = holder_of(place.lock)
        pid = holder.pid if holder else 0
        raise EngineError(f"engine {place.name} (pid {pid}) does not end; kill {pid}?") from None
