"""What one HTTP check costs, at few and at many endpoints; beside httpx with one shared pool."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.peers.http_server import addresses
from benchmarks.table import Line
from benchmarks.terminal import python
from opsconsole.clock import SystemClock
from opsconsole.transport.http import Endpoint, HttpClient

_IN_FLIGHT = 64
_CHECKS = 2_000
_SHARED = 200

Ask = Callable[[str], Awaitable[None]]


@contextmanager
def _endpoints(count: int) -> Iterator[list[str]]:
    root = Path(__file__).parents[1]
    argv = python("-m", "benchmarks.peers.http_server", str(count))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield [f"http://{address}:{port}/health" for address in addresses(count)]
        finally:
            server.kill()


async def _cpu_a_check(urls: Sequence[str], ask: Ask) -> float:
    """Ask every endpoint once to warm up, then some thousand times in all; CPU seconds each."""
    slots = asyncio.Semaphore(_IN_FLIGHT)

    async def one(url: str) -> None:
        async with slots:
            await ask(url)

    await asyncio.gather(*map(one, urls))
    rounds = max(1, _CHECKS // len(urls))
    began = time.process_time()
    for _ in range(rounds):
        await asyncio.gather(*map(one, urls))
    return (time.process_time() - began) / (rounds * len(urls))


async def _ours(urls: Sequence[str]) -> float:
    client = HttpClient(SystemClock())

    async def ask(url: str) -> None:
        answer = await client.fetch(Endpoint(url, timeout=20.0))
        assert answer.status == 200, answer.reason

    try:
        return await _cpu_a_check(urls, ask)
    finally:
        await client.close()


async def _shared(urls: Sequence[str]) -> float:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=60.0) as client:

        async def ask(url: str) -> None:
            with contextlib.suppress(httpx.ReadError):  # it drops connections under this load
                (await client.get(url)).raise_for_status()

        return await _cpu_a_check(urls, ask)


def checks(counts: Sequence[int]) -> Iterator[Line]:
    """Measure CPU a check at each number of endpoints."""
    with _endpoints(max(counts)) as urls:
        costs = {count: asyncio.run(_ours(urls[:count])) for count in counts}
        shared = asyncio.run(_shared(urls[:_SHARED]))
    least = costs[counts[0]]
    said = ", ".join(f"{1000 * cost:.2f} ms at {count}" for count, cost in costs.items())
    ratios: dict[str, float | None] = {
        f"CPU at {count} / at {counts[0]} <= 1.2": costs[count] / least for count in counts[1:]
    }
    if _SHARED in costs:
        ratios[f"CPU at {_SHARED} / one shared httpx pool <= 0.5"] = costs[_SHARED] / shared
    yield Line(
        f"HTTP check, CPU each ({_IN_FLIGHT} in flight, kept connections)",
        f"{said} endpoints; httpx with one pool {1000 * shared:.2f} ms at {_SHARED}",
        ratios,
    )
