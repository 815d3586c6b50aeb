"""What a run may dispatch: everything, nothing until somebody resumes, or nothing ever again."""

import asyncio
from collections.abc import Callable


class Valve:
    """Open, held (paused or halted), or closed for good; every change is told."""

    def __init__(self) -> None:
        self.closed = ""
        """Why nothing is dispatched ever again; empty while it may be."""
        self.held = ""
        """Why nothing is dispatched until somebody resumes; empty while it may be."""
        self.is_halt = False
        """Held by a tripped budget or a failed gate: a person has to choose."""
        self.holds_steps = False
        """What is in flight waits at its next step too: a person paused the run."""
        self.on_change: Callable[[], None] = lambda: None
        self._bell = asyncio.Event()

    @property
    def why(self) -> str:
        """Why nothing new is dispatched now; empty when it is open."""
        return self.closed or self.held

    def hold(self, why: str, *, halt: bool = False, steps: bool = False) -> None:
        """Dispatch nothing until `open`; a halt is not softened to a pause."""
        if self.closed or (self.is_halt and not halt):
            return
        self.held, self.is_halt, self.holds_steps = why, halt, steps
        self._ring()

    def open(self) -> None:
        """Go on."""
        self._loosen()
        self._ring()

    def close(self, why: str) -> None:
        """Dispatch nothing any more; the first reason stays."""
        if self.closed:
            return
        self.closed = why
        self._loosen()
        self._ring()

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._bell.wait()

    def _loosen(self) -> None:
        self.held, self.is_halt, self.holds_steps = "", False, False

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()
        self.on_change()
