"""Calls about what was: series and events, from memory and from the history's file."""

from msgspec import Struct

from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnyCall, Events, ReadEvents, ReadHistory
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History


class PastCalls:
    """Answers them."""

    def __init__(self, history: History) -> None:
        self._history = history

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
            case ReadEvents():
                found = await self._history.events(
                    call.since, call.until, max(0, call.limit), call.subject
                )
                return Events(found)
        return None
