"""An engine as a process of its own: lock, log, signals, and a last word when it cannot start."""

import asyncio
import contextlib
import gc
import logging
import os
import signal

from opsconsole import __version__
from opsconsole.clock import Clock, SystemClock
from opsconsole.engine.engine import Engine
from opsconsole.engine.event_loop import new_loop
from opsconsole.engine.launch import LaunchSpec
from opsconsole.engine.lock import EngineLock, Holder, holder_of
from opsconsole.engine.place import Place
from opsconsole.engine.process import detach, settle
from opsconsole.errors import EngineError, OpsConsoleError
from opsconsole.inventory.sources import load
from opsconsole.logs import log_to
from opsconsole.rpc.peer import Credentials, person_of

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_GARBAGE = (10_000, 20, 20)
"""When to look for cycles: polls leave few behind, and at a cold start a look is dear and finds none."""

log = logging.getLogger(__name__)


def run_engine(spec: LaunchSpec, place: Place, *, detached: bool) -> int:
    """Be the engine until it is stopped; returns the exit code.

    Raises:
        ConfigError: There are mistakes in the files.
        EngineError: Another engine runs here, or the socket cannot be bound.
    """
    if detached:
        _refuse_second(place)
        detach(place)
    settle()
    lock = EngineLock(place.lock)
    clock = SystemClock()
    try:
        lock.take(Holder(os.getpid(), person(), clock.now(), __version__))
        _serve(spec, place, clock)
    except OpsConsoleError as error:
        if lock.is_held:  # else somebody else serves here, and whoever waits will find that one
            _leave_word(place, error)
        raise
    finally:
        lock.release()
    return 0


def person() -> str:
    """Name who runs this process."""
    return person_of(Credentials(os.getpid(), os.geteuid())).name


def _serve(spec: LaunchSpec, place: Place, clock: Clock) -> None:
    _handler, listener = log_to(place.log)
    try:
        log.info("engine %s starts, pid %d, version %s", place.name, os.getpid(), __version__)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_until_stopped(spec, place, clock))
        log.info("engine %s ended", place.name)
    finally:
        listener.stop()


async def _until_stopped(spec: LaunchSpec, place: Place, clock: Clock) -> None:
    inventory = await asyncio.to_thread(load, spec.sources)
    engine = Engine(spec, place, inventory, clock, solo=False)
    gc.freeze()  # what was imported and built lives as long as the engine: no looking at it at all
    gc.set_threshold(*_GARBAGE)
    gc.enable()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, engine.stop.set)
    try:
        await engine.run(ready=lambda: place.failure.unlink(missing_ok=True))
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _refuse_second(place: Place) -> None:
    if (holder := holder_of(place.lock)) is not None:
        raise EngineError(
            f"an engine already runs here: pid {holder.pid}, started by {holder.person}"
        )


def _leave_word(place: Place, error: OpsConsoleError) -> None:
    with contextlib.suppress(OSError):
        place.failure.write_text(str(error))
