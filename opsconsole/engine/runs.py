"""Calls about runs: handed to the run service with the snapshot of the moment."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.model.approval_calls import Approvals, ApproveRun, ReadApprovals, ReadPlan
from opsconsole.model.calls import (
    AnswerRun,
    AnyCall,
    ControlRun,
    PlanRun,
    ReadChoices,
    ReadJournal,
    ReadOutput,
    ResolveRun,
    StartRun,
)
from opsconsole.rpc.peer import Peer
from opsconsole.runs.service import RunService
from opsconsole.state.store import Store
from opsconsole.transport.base import Remote

_WAIT_AT_MOST: Final = 60.0


class RunCalls:
    """Answers them."""

    def __init__(
        self, store: Store, runs: RunService, remote_of: Callable[[Peer], Remote | None]
    ) -> None:
        """Set up; `remote_of` gives the way to hosts with a peer's own keys, None for the shared one."""
        self._store = store
        self._runs = runs
        self._remote_of = remote_of

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: The policy, the plan or the targets say no.
        """
        match call:
            case PlanRun():
                shown = self._store.snapshot
                return await self._runs.plan(call, peer.actor, shown, who=peer.person)
            case StartRun():
                remote = self._remote_of(peer)
                shown = self._store.snapshot
                return await self._runs.start(
                    call, peer.actor, shown, remote=remote, who=peer.person
                )
            case ReadJournal():
                return await self._runs.records.journal(call)
            case ReadOutput():
                bounded = replace(call, wait=min(call.wait, _WAIT_AT_MOST))
                return await self._runs.output(bounded)
            case ReadChoices():
                return await self._runs.choices(call, self._store.snapshot)
        return await self._steer(call, peer)

    async def _steer(self, call: AnyCall, peer: Peer) -> Struct | None:
        match call:
            case ControlRun():
                return await self._runs.control(call, peer.actor, who=peer.person)
            case ReadApprovals():
                return Approvals(self._runs.approvals.runs)
            case ReadPlan():
                return await self._runs.read_plan(call, peer.person)
            case ApproveRun():
                return await self._runs.approve(call, peer.person)
            case AnswerRun():
                return await self._runs.answer(call, peer.actor, self._store.snapshot)
            case ResolveRun():
                return await self._runs.records.resolve(
                    call, peer.actor, remote=self._remote_of(peer)
                )
        return None
