"""The engine as a process: away from the terminal, niced, with one log, and a clean end on SIGTERM."""

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from opsconsole.engine.place import Place

_NICE = 10
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def detach(place: Place) -> None:
    """Leave the terminal: fork, new session, fork again; the callers' processes exit with 0.

    Output goes to the engine's log, the working folder becomes `/`.
    """
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    sys.stdout.flush()
    sys.stderr.flush()
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def settle() -> None:
    """Make this process a good neighbour: low priority, private files, tracebacks of hard faults."""
    os.umask(0o077)
    os.nice(max(0, _NICE - os.nice(0)))
    faulthandler.enable()


async def until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run work until it ends or a signal asks it to; the event tells it to stop cleanly."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await work(stop)
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)
