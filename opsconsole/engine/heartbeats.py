"""Calls of jobs that say they ran: `event --kind heartbeat --on check:NAME`."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from opsconsole.model.calls import AddEvent, AnyCall, Done
from opsconsole.rpc.peer import Peer

KIND: Final = "heartbeat"


class HeartbeatCalls:
    """Answers them; they are no events of Activity, which a job of every minute would fill."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:  # noqa: ARG002
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: No such heartbeat check.
        """
        if not isinstance(call, AddEvent) or call.kind != KIND:
            return None
        name = call.on.removeprefix("check:")
        self._hear(name)
        return Done(f"heartbeat of {name} heard")
