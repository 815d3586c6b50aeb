"""How a verb gets at an engine: the running one, one that is started for it, or one inside this process."""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from opsconsole import __version__
from opsconsole.cli.options import Options
from opsconsole.clock import SystemClock
from opsconsole.model.calls import AnyCall, Done
from opsconsole.rpc.client import Client, Streams, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb's coroutine to its end."""
    return asyncio.run(work)


def hello(role: str, *, subscribe: bool = True, read_only: bool = False) -> Hello:
    """Say who attaches: our version, our role, and the SSH agent that came with this login."""
    return Hello(
        PROTOCOL,
        __version__,
        role,
        pid=os.getpid(),
        agent=os.environ.get("SSH_AUTH_SOCK", ""),
        read_only=read_only,
        subscribe=subscribe,
    )


def starting(options: Options, role: str, *, subscribe: bool = True) -> Client:
    """Make a client that starts the engine when none runs, each time it attaches.

    `--read-only` holds for this attach: the engine is everybody's.
    """
    clock = SystemClock()

    async def connect() -> Streams:
        # A screen attaches with this behind its first paint, and its keys do not wait for imports.
        await asyncio.to_thread(importlib.import_module, "opsconsole.engine.launch")
        from opsconsole.engine.launch import ensure

        place = options.place()
        await ensure(replace(options.launch(), read_only=False), place, clock)
        return await open_path(str(place.socket))()

    ours = hello(role, subscribe=subscribe, read_only=options.read_only)
    return Client(connect, ours, clock)


def inside(options: Options, role: str, folder: Path | None = None) -> Client:
    """Make a client with an engine of its own in this process, in `folder` or the named engine's place."""
    from opsconsole.engine.place import Place
    from opsconsole.engine.solo import SoloEngine
    from opsconsole.logs import log_to

    clock = SystemClock()
    place = options.place() if folder is None else Place("solo", folder)
    engine = SoloEngine(options.launch(), place, clock)
    _handler, listener = log_to(
        place.log
    )  # nothing of it may reach the screen or a script's stderr

    async def close() -> None:
        await engine.close()
        listener.stop()

    return Client(engine.connect, hello(role), clock, on_close=close)


@asynccontextmanager
async def attached(options: Options, *, subscribe: bool = False) -> AsyncIterator[Client]:
    """Attach to the engine, started if need be; ready to be asked.

    Raises:
        EngineError: It cannot be reached or started.
    """
    async with starting(options, "cli", subscribe=subscribe) as client:
        await client.ready(30.0)
        yield client


@asynccontextmanager
async def watching(options: Options) -> AsyncIterator[Client]:
    """Attach to the engine if it runs, else poll inside this process and leave nothing behind.

    Raises:
        EngineError: It cannot be reached.
        ConfigError: There is a mistake in the files.
    """
    import tempfile

    if not options.solo:
        async with running(options) as client:
            if client is not None:
                yield client
                return
    with tempfile.TemporaryDirectory(prefix="opsconsole-") as folder:
        async with inside(options, "cli", Path(folder)) as client:
            await client.ready()
            yield client


@asynccontextmanager
async def running(
    options: Options, *, subscribe: bool = True, create: bool = False
) -> AsyncIterator[Client | None]:
    """Attach to the engine if it runs; None when it does not. `create` makes its folder, which must be ours.

    Raises:
        EngineError: It cannot be reached.
    """
    from opsconsole.rpc.server import is_served

    place = options.place(create=create)
    if not await is_served(place.socket):
        yield None
        return
    ours = hello("cli", subscribe=subscribe)
    async with Client(open_path(str(place.socket)), ours, SystemClock()) as client:
        await client.ready()
        yield client


async def tell(options: Options, call: AnyCall) -> Done:
    """Ask one thing of the engine and return what it says.

    Raises:
        RefusedError: It declined.
        EngineError: It cannot be reached or started.
    """
    async with attached(options) as client:
        return await client.call(call, Done)


async def tell_running(options: Options, call: AnyCall) -> Done | None:
    """Ask one thing of the engine if it runs, and return what it says; None when it does not.

    Raises:
        RefusedError: It declined.
        EngineError: It cannot be reached.
    """
    async with running(options, subscribe=False, create=True) as client:
        return None if client is None else await client.call(call, Done)
