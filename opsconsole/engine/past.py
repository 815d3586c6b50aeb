"""Calls about what was: series, events and whole boards, from memory and from the history's file."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnyCall, Episodes, Events, ReadEpisodes, ReadEvents, ReadHistory
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.moment import BOARD_KEPT, Moment, ReadMoment
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.rewind import board_at, windows

_EVENTS: Final = 200
"""Events of one subject that a plugin is given at most."""
_DAY: Final = 86_400.0


class PastCalls:
    """Answers them."""

    def __init__(
        self,
        history: History,
        recent: Callable[[], Mapping[int, Event]],
        inventory: Callable[[], Inventory],
        clock: Clock,
    ) -> None:
        """Set up; `recent` gives the newest events, which the file may have only a second later."""
        self._history = history
        self._recent = recent
        self._inventory = inventory
        self._clock = clock

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
        for event in self._recent().values():
            is_meant = not call.subject or event.subject == call.subject
            if is_meant and call.since <= event.at <= call.until:
                found[event.id] = event
        return Events(tuple(found[key] for key in sorted(found, reverse=True)[:limit]))

    async def _moment(self, call: ReadMoment) -> Moment:
        if not math.isfinite(call.at):
            raise RefusedError("param", "a moment is a time")
        now, at = self._clock.now(), math.floor(call.at)
        if call.step:
            stepped = await self._history.step(call.at, call.step)
            if stepped is None and call.step < 0:
                raise RefusedError("param", "nothing is told of before that")
            # What belongs together is written within a moment, and seen together from the next second on.
            at = math.ceil(now if stepped is None else stepped)
        if at < now - BOARD_KEPT:
            raise RefusedError("param", f"boards are kept for {BOARD_KEPT / _DAY:g} days")
        return await self._board(min(at, now))

    async def _board(self, at: float) -> Moment:
        inventory = self._inventory()
        then = await self._history.then(at, [h.name for h in inventory.hosts], windows(inventory))
        if then is None:
            raise RefusedError("param", "the history cannot be read at the moment")
        board = await asyncio.to_thread(board_at, inventory, then, at)
        is_blank = bool(board.hosts) and not then.points
        return Moment(at, board, "no sample is kept of then" if is_blank else "")
