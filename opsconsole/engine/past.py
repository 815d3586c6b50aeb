"""What outlives the engine: opens the history, and answers calls about what was."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.model.calls import AnyCall, Events, ReadEvents, ReadHistory, Series
from opsconsole.model.event import Event
from opsconsole.rpc.peer import Peer
from opsconsole.state.keeping import Keeper, Nowhere
from opsconsole.state.store import Store


class Past:
    """The engine's side of the history."""

    def __init__(self, path: Path, clock: Clock, on_trouble: Callable[[str, str], None]) -> None:
        self._path = path
        self._clock = clock
        self._on_trouble = on_trouble

    @property
    def keeper(self) -> Keeper:
        """Where the store hands on what is to be kept."""
        return Nowhere()

    async def open(self, store: Store) -> None:
        """Open the database and give the store what an earlier engine left."""

    async def close(self) -> None:
        """Write what waits and close."""

    async def events_of(self, subject: str, since: float) -> Sequence[Event]:
        """Read a reference's events since a time, newest first."""
        return ()


class PastCalls:
    """Answers calls about what was."""

    def __init__(self, past: Past) -> None:
        self._past = past

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other."""
        match call:
            case ReadHistory():
                return Series((), {})
            case ReadEvents():
                return Events(())
        return None
