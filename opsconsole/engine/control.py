"""Calls about the engine itself: figures, reload, stop."""

import asyncio
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole import __version__
from opsconsole.engine.watch import Configuration
from opsconsole.errors import RefusedError
from opsconsole.model.calls import (
    AnyCall,
    Done,
    EngineStatus,
    ReadLog,
    Reload,
    StopEngine,
    Text,
)
from opsconsole.model.figures import EngineFigures
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.rpc.peer import Peer
from opsconsole.state.store import Store


class Figures(Struct, frozen=True):
    """What changes from one look at the engine to the next."""

    clients: int
    runs: int
    lag: float


class ControlCalls:
    """Answers them."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        stop: asyncio.Event,
        figures: Callable[[], Figures],
        log: Path,
    ) -> None:
        self._store = store
        self._configuration = configuration
        self._stop = stop
        self._figures = figures
        self._log = log

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: A run is live and the stop was not forced.
        """
        match call:
            case EngineStatus():
                return self._status()
            case Reload():
                return Done(await self._configuration.reload(force=call.force))
            case ReadLog():
                return await asyncio.to_thread(log_tail, self._log, call.lines)
            case StopEngine():
                return self._stopped(call, peer.actor)
        return None

    def _stopped(self, call: StopEngine, actor: str) -> Done:
        live = self._figures().runs
        if live and not call.force:
            runs = "a run is live" if live == 1 else f"{live} runs are live"
            raise RefusedError("held", f"{runs}: wait, stop them, or use --force")
        self._stop.set()
        return Done(f"the engine stops, asked by {actor}")

    def _status(self) -> EngineFigures:
        shown = self._store.snapshot
        now = self._figures()
        return EngineFigures(
            name=shown.engine.name,
            pid=os.getpid(),
            version=__version__,
            started=shown.engine.started,
            clients=now.clients,
            hosts=len(shown.hosts),
            runs=now.runs,
            rss=resident(),
            config=shown.engine.config,
            lag=now.lag,
        )


def log_tail(path: Path, lines: int) -> Text:
    """Read the last lines of a log, cleaned; an engine inside a console writes none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES)
    except FileNotFoundError:
        return Text((), "this engine writes no log file")
    except OSError as error:
        raise RefusedError("log", f"{path}: {error.strerror}") from error
    found = tail.split(b"\n")[1 if len(tail) == _TAIL_BYTES else 0 :]
    shown = [clean(line, LABEL_LIMIT) for line in found if line.strip()]
    return Text(tuple(shown[-max(1, lines) :]), str(path))


_TAIL_BYTES: Final = 256 << 10


def resident(statm: Path = Path("/proc/self/statm")) -> int:
    """Measure this process's memory: bytes resident now, or at most so far where the kernel tells only that."""
    try:
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
