"""Lets members of one group come from accounts of their own, to agree to runs and to nothing else."""

import grp
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.engine.policing import Policing
from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.approval_calls import Approvals, ApproveRun, ReadApprovals, ReadPlan
from opsconsole.model.calls import AnyCall
from opsconsole.model.policy import Person, Policy
from opsconsole.model.text import clean
from opsconsole.rpc.messages import Hello
from opsconsole.rpc.peer import Peer, name_of
from opsconsole.rpc.side_door import SideDoor

LOOK: Final = 2.0
"""Seconds between two looks at the policy's files."""
_CALLS: Final = (ReadApprovals, ReadPlan, ApproveRun)


class Guests:
    """Follows the policy: tells when it is broken, and opens the door that it wishes for."""

    def __init__(
        self,
        policing: Policing,
        answer: Callable[[AnyCall, Peer], Awaitable[Struct]],
        hello: Hello,
        show: Callable[[str, str], None],
        clock: Clock,
    ) -> None:
        """Set up; `answer` answers what passes here, `show` puts a banner up or takes it back."""
        self._policing = policing
        self._answer = answer
        self._hello = hello
        self._show = show
        self._clock = clock
        self._door: SideDoor | None = None
        self._stands: tuple[str, str] | None = None
        """What the policy wished for when it was done; None: not done yet."""

    async def run(self) -> None:
        """Follow the policy until cancelled."""
        try:
            while True:
                await self.step()
                await self._clock.sleep(LOOK)
        finally:
            await self._shut()

    async def step(self) -> None:
        """Look once."""
        policy = await self._policing.look()
        broken = f"changes are denied, the policy is not known: {policy.broken}"
        self._show("policy", broken if policy.broken else "")
        wished = (policy.folder, policy.approvers)
        if wished == self._stands:
            return
        await self._shut()
        try:
            if policy.folder:
                await self._open(policy)
        except EngineError as error:  # tried again at the next look
            self._show("approvers", f"second persons cannot come: {error}")
            return
        self._stands = wished
        self._show("approvers", "")

    async def _open(self, policy: Policy) -> None:
        folder = Path(policy.folder)
        check_meeting_place(folder)
        door = SideDoor(self._pass, self._hello, self._why_not)
        path = folder / f"{name_of(os.geteuid())}-{self._hello.engine}.sock"
        await door.open(path, _gid(policy.approvers))
        self._door = door

    async def _shut(self) -> None:
        self._stands = None
        if self._door is not None:
            await self._door.close()
            self._door = None

    async def _why_not(self, person: Person) -> str:
        wanted = self._policing.policy.approvers
        try:
            groups = await self._policing.groups(person)
        except RefusedError as error:
            return str(error)
        return "" if wanted in groups else f"{person.name} is not in the group {wanted}"

    async def _pass(self, call: AnyCall, peer: Peer) -> Struct:
        if not isinstance(call, _CALLS):
            raise RefusedError("capability", "a guest may agree to runs, and nothing else")
        if isinstance(call, ReadPlan):
            waiting = await self._answer(ReadApprovals(), peer)
            if not (isinstance(waiting, Approvals) and call.run in {r.id for r in waiting.runs}):
                raise RefusedError("not-running", f"{clean(call.run, 60)} waits for nobody")
        return await self._answer(call, peer)


def check_meeting_place(folder: Path) -> None:
    """Check the folder where sockets for second persons are.

    Raises:
        EngineError: Somebody else could put another socket in the place of ours.
    """
    try:
        found = folder.lstat()
    except OSError as error:
        raise EngineError(f"{folder}: {error.strerror}") from error
    mode = found.st_mode
    if not stat.S_ISDIR(mode):
        raise EngineError(f"{folder} is not a folder")
    if found.st_uid not in (0, os.geteuid()):
        raise EngineError(
            f"{folder} belongs to {name_of(found.st_uid)}; it must be root's or yours"
        )
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
        raise EngineError(f"others can write in {folder} and take files away: chmod +t {folder}")


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise EngineError(f"there is no group {group}") from None
