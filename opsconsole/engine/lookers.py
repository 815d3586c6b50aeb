"""Attaches that may only look: what they may ask of the engine, whatever their screen thinks."""

from collections import deque
from typing import Final

from msgspec import Struct

from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.alert_calls import PreviewSilence, ReadCapacity, ReadCourse, ReadOdd
from opsconsole.model.approval_calls import ReadApprovals, ReadPlan
from opsconsole.model.calls import (
    AnyCall,
    AskHost,
    EngineStatus,
    PlanRun,
    PollNow,
    ReadChoices,
    ReadEpisodes,
    ReadEvents,
    ReadHistory,
    ReadOutput,
    ReadPane,
    ScanHostKey,
    StartRun,
)
from opsconsole.model.incident_calls import ReadNotifiers, ReadOnCall
from opsconsole.model.states import Effect
from opsconsole.rpc.peer import Peer

_LOOKING: Final = (
    AskHost, EngineStatus, PlanRun, PollNow, PreviewSilence, ReadApprovals, ReadCapacity, ReadChoices, ReadCourse,
    ReadEpisodes, ReadEvents, ReadHistory, ReadNotifiers, ReadOdd, ReadOnCall, ReadOutput, ReadPane, ReadPlan,
    ScanHostKey,
)  # fmt: skip
_PLANS: Final = 200


class Lookers:
    """Refuses what changes anything to peers that attached with `--read-only`."""

    def __init__(self) -> None:
        self._read_plans: deque[str] = deque(maxlen=_PLANS)

    def check(self, call: AnyCall, peer: Peer) -> None:
        """Let a call pass, or not.

        Raises:
            RefusedError: The peer may only look, and this would change something.
        """
        if not peer.read_only or isinstance(call, _LOOKING):
            return
        if isinstance(call, StartRun) and call.plan in self._read_plans:
            return
        raise RefusedError("read-only", "you attached with --read-only: nothing is changed")

    def note(self, reply: Struct) -> None:
        """Remember plans that only read: those may be started."""
        if isinstance(reply, Plan) and reply.effect is Effect.READ:
            self._read_plans.append(reply.id)
