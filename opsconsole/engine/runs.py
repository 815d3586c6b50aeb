"""Calls about runs: handed to the run service with the snapshot of the moment."""

from msgspec import Struct

from opsconsole.model.calls import AnyCall, PlanRun, ReadChoices, ReadOutput, StartRun, StopRun
from opsconsole.rpc.peer import Peer
from opsconsole.runs.service import RunService
from opsconsole.state.store import Store


class RunCalls:
    """Answers them."""

    def __init__(self, store: Store, runs: RunService) -> None:
        self._store = store
        self._runs = runs

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: The policy, the plan or the targets say no.
        """
        match call:
            case PlanRun():
                return await self._runs.plan(call, peer.actor, self._store.snapshot)
            case StartRun():
                return await self._runs.start(call, peer.actor, self._store.snapshot)
            case StopRun():
                return await self._runs.stop(call, peer.actor)
            case ReadOutput():
                return await self._runs.output(call)
            case ReadChoices():
                return await self._runs.choices(call, self._store.snapshot)
        return None
