"""Watches who blocks the engine's loop: a thread looks ten times a second, and names the plugin it finds there."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Final

from msgspec import Struct

LOOK: Final = 0.1
BLOCKED: Final = 0.25
"""Seconds that a turn of the loop may take."""
_DEPTH: Final = 12

Owners = Callable[[], Mapping[str, str]]
"""Gives the folder of each plugin, to its id."""


class Block(Struct, frozen=True):
    """One time a plugin held the loop up."""

    plugin: str
    took: float
    """Seconds."""
    where: str
    """The innermost line of the plugin's own."""
    stack: str
    """Innermost last."""


class Watchdog:
    """Beats on the loop; where a beat stays out, the thread keeps where the loop stands."""

    def __init__(self, owners: Owners, tell: Callable[[Block], None]) -> None:
        """Set up; `tell` is called on the loop, once a block, when it is over."""
        self._owners = owners
        self._tell = tell
        self._beat = time.monotonic()
        self._asked = False
        self._seen: tuple[str, str, str] | None = None
        self._over = threading.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=self._watch, args=(loop, threading.get_ident()), name="watchdog", daemon=True
        )
        self._beat = time.monotonic()
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._over.set()
            thread.join(1.0)

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        while not self._over.wait(LOOK):
            if not self._asked:
                self._asked = True
                self._beat = time.monotonic()
                try:
                    loop.call_soon_threadsafe(self._answer)
                except RuntimeError:  # the loop is closed
                    return
            elif time.monotonic() - self._beat > BLOCKED - LOOK and self._seen is None:
                frame = sys._current_frames().get(watched)  # noqa: SLF001 - documented
                self._seen = owner_of(frame, self._owners())

    def _answer(self) -> None:
        """Runs on the loop: it moves again."""
        took = time.monotonic() - self._beat
        seen, self._seen = self._seen, None
        self._asked = False
        if seen is not None and took > BLOCKED:
            self._tell(Block(seen[0], took, seen[1], seen[2]))


def owner_of(frame: FrameType | None, owners: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Find the plugin whose code is on the way: its id, its innermost line, the stack."""
    places: list[str] = []
    found: tuple[str, str] | None = None
    while frame is not None:
        file = frame.f_code.co_filename
        place = f"{file}:{frame.f_lineno} {frame.f_code.co_name}"
        places.append(place)
        owner = next((one for folder, one in owners.items() if file.startswith(folder)), "")
        if owner and found is None:
            found = (owner, place)
        frame = frame.f_back
    if found is None:
        return None
    return (*found, "\n".join(reversed(places[:_DEPTH])))
