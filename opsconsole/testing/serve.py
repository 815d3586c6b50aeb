"""`opsconsole demo --serve DIR`: the fake fleet alone, until somebody says stop."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from opsconsole.testing.fleet import Fleet


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(
    directory: Path, *, hosts: int = 40, seed: int = 7, announce: Callable[[str], None] = _to_stdout
) -> int:
    """Run a fleet until SIGTERM, SIGINT or SIGHUP; returns the exit status.

    `announce` gets one JSON line, `{"config": ...}`, when everything listens.
    """
    asyncio.run(_serve(directory, hosts, seed, announce))
    return 0


async def _serve(directory: Path, hosts: int, seed: int, announce: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    async with Fleet(directory, hosts=hosts, seed=seed) as fleet:
        announce(msgspec.json.encode({"config": str(fleet.config)}).decode())
        await stopped.wait()
