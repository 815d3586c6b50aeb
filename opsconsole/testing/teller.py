"""Tells the engine that watches the fleet what the story does, as a deploy script would: `opsconsole event`."""

from pathlib import Path
from typing import Final

from opsconsole import __version__
from opsconsole.clock import Clock
from opsconsole.config.paths import engine_name
from opsconsole.engine.place import Place
from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.calls import AddEvent, Done
from opsconsole.rpc.client import Client, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello

_DEMO_ENGINE: Final = "demo"
_LOOK_EVERY: Final = 2.0
_GIVE_UP_AFTER: Final = 900.0


class Teller:
    """Keeps events until an engine of this configuration is there to hear them."""

    def __init__(self, config: Path, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._waiting: list[AddEvent] = []

    def tell(self, kind: str, text: str, on: str) -> None:
        """Take an event to be told."""
        self._waiting.append(AddEvent(text, kind=kind, on=on, at=self._clock.now()))

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            await self._clock.sleep(_LOOK_EVERY)
            oldest = self._clock.now() - _GIVE_UP_AFTER
            self._waiting = [event for event in self._waiting if (event.at or 0) > oldest]
            for name in (engine_name(self._config), _DEMO_ENGINE) if self._waiting else ():
                await self._deliver(name)

    async def _deliver(self, name: str) -> None:
        try:
            place = Place.of(name, create=False)
            if not place.socket.exists():
                return
            hello = Hello(PROTOCOL, __version__, "cli")
            async with Client(open_path(str(place.socket)), hello, self._clock) as client:
                await client.ready(5.0)
                if client.snapshot.engine.config == str(self._config):
                    while self._waiting:
                        await client.call(self._waiting[0], Done)
                        self._waiting.pop(0)
        except (EngineError, RefusedError):
            return  # it is going, or coming; the next look tells
