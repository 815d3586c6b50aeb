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


async def serve(
    directory: Path, hosts: int = 40, seed: int = 7, *, announce: Callable[[str], None] = _to_stdout
) -> None:
    """Run a fleet until SIGTERM, SIGINT or SIGHUP; `announce` gets one JSON line, `{"config": ...}`, when it is ready."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    async with Fleet(directory, hosts=hosts, seed=seed) as fleet:
        announce(msgspec.json.encode({"config": str(fleet.config)}).decode())
        await stopped.wait()
