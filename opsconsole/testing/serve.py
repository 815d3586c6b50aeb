"""`opsconsole demo --serve DIR`: the fake fleet alone, until somebody says stop."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from opsconsole.clock import SystemClock
from opsconsole.testing.fleet import Fleet
from opsconsole.testing.teller import Teller


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(
    directory: Path, *, hosts: int = 40, seed: int = 7, announce: Callable[[str], None] = _to_stdout
) -> int:
    """Run a fleet until SIGTERM, SIGINT or SIGHUP; returns the exit status.

    `announce` gets one JSON line, `{"config": ...}`, when everything listens.
    """
    asyncio.run(_serve(directory.absolute(), hosts, seed, announce))
    return 0


async def _serve(directory: Path, hosts: int, seed: int, announce: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    clock = SystemClock()
    teller = Teller(directory / "opsconsole.yaml", clock)
    async with (
        Fleet(directory, hosts=hosts, seed=seed, clock=clock, tell=teller.tell) as fleet,
        asyncio.TaskGroup() as group,
    ):
        telling = group.create_task(teller.run(), name="story teller")
        announce(msgspec.json.encode({"config": str(fleet.config)}).decode())
        await stopped.wait()
        telling.cancel()
