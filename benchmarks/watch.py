"""Follows an engine over its socket, as a console does, to see when hosts become up and how even its polls are."""

import asyncio
import os
from pathlib import Path

from opsconsole import __version__
from opsconsole.clock import SystemClock
from opsconsole.errors import EngineError
from opsconsole.model.states import Reach
from opsconsole.rpc.client import Client, Streams, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello


def client_of(socket: Path) -> Client:
    """Make a client of the engine at a socket, patient with one that is just starting."""

    async def connect() -> Streams:
        while not socket.exists():
            await asyncio.sleep(0.01)
        while True:
            try:
                return await open_path(str(socket))()
            except (EngineError, OSError):
                await asyncio.sleep(0.01)

    return Client(connect, Hello(PROTOCOL, __version__, "cli", pid=os.getpid()), SystemClock())


async def first_samples(socket: Path, count: int, within: float) -> tuple[float, float, int]:
    """Wait until `count` hosts have been up, each for once.

    Returns:
        Seconds from now to the first host up, seconds to the last, and how many were up by then.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    first = 0.0
    good: set[str] = set()
    async with client_of(socket) as client:
        try:
            async with asyncio.timeout(within):
                while len(good) < count:
                    await client.wait_change()
                    hosts = client.snapshot.hosts.items()
                    good.update(name for name, host in hosts if host.reach is Reach.UP)
                    first = first or (loop.time() - began if good else 0.0)
        except TimeoutError:
            pass
    return first, loop.time() - began, len(good)


async def poll_jitter(
    socket: Path, seconds: float, interval: float, skip: frozenset[str]
) -> list[float]:
    """Watch for a time how far the healthy hosts' polls are from their interval, as shares of it."""
    last: dict[str, float] = {}
    seen: list[float] = []
    async with client_of(socket) as client:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await client.wait_change()
                    for name, host in client.snapshot.hosts.items():
                        if (
                            name in skip
                            or host.reach is not Reach.UP
                            or last.get(name) == host.tried
                        ):
                            continue
                        if name in last:
                            seen.append(abs(host.tried - last[name] - interval) / interval)
                        last[name] = host.tried
        except TimeoutError:
            pass
    return sorted(seen)


async def states(socket: Path, names: frozenset[str]) -> dict[str, str]:
    """Tell the reach of some hosts."""
    async with client_of(socket) as client:
        while not client.snapshot.hosts:
            await client.wait_change()
        return {
            name: str(host.reach) for name, host in client.snapshot.hosts.items() if name in names
        }
