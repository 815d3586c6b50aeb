"""Calls about what was: series and events, from memory and from the history's file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnyCall, Episodes, Events, ReadEpisodes, ReadEvents, ReadHistory
from opsconsole.model.event import Event
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History

_EVENTS: Final = 200
"""Events of one subject that a plugin is given at most."""


class PastCalls:
    """Answers them."""

    def __init__(
        self, history: History, recent: Callable[[], Mapping[int, Event]], clock: Clock
    ) -> None:
        """Set up; `recent` gives the newest events, which the file may have only a second later."""
        self._history = history
        self._recent = recent
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
