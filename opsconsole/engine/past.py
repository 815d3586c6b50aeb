"""Calls about what was: series, events and whole boards, from memory and from the history's file."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnyCall, Episodes, Events, ReadEpisodes, ReadEvents, ReadHistory
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.moment import BOARD_KEPT, Moment, ReadMoment
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.rewind import board_at, spans

_EVENTS: Final = 200
"""Events of one subject that a plugin is given at most."""
_DAY: Final = 86_400.0


class PastCalls:
    """Answers them."""

    def __init__(
        self,
        history: History,
        shown: Callable[[], Snapshot],
        inventory: Callable[[], Inventory],
        clock: Clock,
    ) -> None:
        """Set up; `shown` gives what is newest, which the file may have only a second later."""
        self._history = history
        self._shown = shown
        self._inventory = inventory
        self._clock = clock
        self._board_at_a_time = asyncio.Lock()

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:  # noqa: ARG002 - every topic's shape
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: The span or the number of points makes no sense.
        """
        match call:
            case ReadHistory():
                if not call.since < call.until or call.points < 1:
                    raise RefusedError("param", "a series needs since < until, and points")
                return await self._history.series(
                    call.target, call.metrics, call.since, call.until, call.points
                )
            case ReadEpisodes():
                found = await self._history.episodes(
                    call.since, call.until, on=call.on, limit=max(0, call.limit)
                )
                return Episodes(found)
            case ReadEvents():
                return await self._events(call)
            case ReadMoment():
                return await self._moment(call)
        return None

    async def events_of(self, subject: str, since: float) -> Sequence[Event]:
        """Give a subject's events since a moment, newest first, as a plugin may ask for them."""
        return await self._history.events(since, self._clock.now(), _EVENTS, subject)

    async def _events(self, call: ReadEvents) -> Events:
        limit = max(0, call.limit)
        kept = await self._history.events(call.since, call.until, limit, call.subject)
        found = {event.id: event for event in kept}
        for event in self._shown().events.values():
            is_meant = not call.subject or event.subject == call.subject
            if is_meant and call.since <= event.at <= call.until:
                found[event.id] = event
        return Events(tuple(found[key] for key in sorted(found, reverse=True)[:limit]))

    async def _moment(self, call: ReadMoment) -> Moment:
        if not math.isfinite(call.at):
            raise RefusedError("param", "a moment is a time")
        now = self._clock.now()
        at = await self._stepped(call.at, call.step, now) if call.step else math.floor(call.at)
        if at < now - BOARD_KEPT:
            raise RefusedError("param", f"boards are kept for {BOARD_KEPT / _DAY:g} days")
        return await self._board(min(at, now))

    async def _stepped(self, at: float, step: int, now: float) -> float:
        """Find the whole second behind the event before or after a time: what belongs together is seen so."""
        # The second that ends at `at` is what is shown: the event before is before that second.
        since = math.ceil(at) - 1 if step < 0 else at
        recent = [event.at for event in self._shown().events.values()]
        kept = await self._history.step(since, step)
        known = [*recent, *([] if kept is None else [kept])]
        if step < 0:
            before = max((each for each in known if each <= since), default=None)
            if before is None:
                raise RefusedError("param", "nothing is told of before that")
            return math.ceil(before)
        return math.ceil(min((each for each in known if each > since), default=now))

    async def _board(self, at: float) -> Moment:
        # Many at once would take the threads that everybody needs.
        async with self._board_at_a_time:
            inventory = self._inventory()
            then = await self._history.then(at, spans(inventory))
            if then is None:
                raise RefusedError("param", "the history cannot be read at the moment")
            then = then._replace(runs=self._runs(then.runs))
            board = await asyncio.to_thread(board_at, inventory, then, at)
        is_blank = bool(board.hosts) and not then.points
        return Moment(at, board, "no sample is kept of then" if is_blank else "")

    def _runs(self, kept: Sequence[Run]) -> Sequence[Run]:
        """Put runs as they stand now beside those of the file, which is told of a run when its state changes."""
        runs = {run.id: run for run in kept} | dict(self._shown().runs)
        return [runs[key] for key in sorted(runs, reverse=True)]
