"""Runs that wait for a second person: agreed to by somebody else, or let go. Nothing is dispatched before.

A run that waits has a journal and no locks. What would carry it out is only made when the word of the second
person is on the disk; that word is for the plan they read, as long as policy, targets and hosts are as they were.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.approval_calls import ApproveRun
from opsconsole.model.calls import ControlRun, Done
from opsconsole.model.policy import Approval, Person, Ruling
from opsconsole.model.run import Run
from opsconsole.model.states import RunState
from opsconsole.model.text import clean
from opsconsole.runs.admission import check_again
from opsconsole.runs.chain import JournalError
from opsconsole.runs.ending import never_began
from opsconsole.runs.journal import Field
from opsconsole.runs.launching import Launcher, Opened
from opsconsole.runs.live import LiveRun
from opsconsole.runs.locks import Held
from opsconsole.runs.output import OutputRing
from opsconsole.runs.ports import Ports
from opsconsole.runs.second_person import why_no_second
from opsconsole.runs.steering import Situation, choices_of

GOOD_FOR: Final = 900.0
"""Seconds a run waits for a second person."""
_GLASS: Final = "break-glass"
_VOID: Final = ("plan", "policy")
"""Refusals after which the plan is another one: nobody can agree to it any more."""


class Waiting:
    """One run that waits."""

    def __init__(self, opened: Opened, clock: Clock) -> None:
        self.opened = opened
        self.run = opened.run
        self.ring = OutputRing(clock)
        self.settled = asyncio.Event()
        """Set when nobody has to wait for it any more."""
        self.turn = asyncio.Lock()
        """One word at a time is taken."""
        self.readers: set[tuple[int, int | None, str]] = set()
        """Who has read the plan."""

    @property
    def plan(self) -> Plan:
        """What one agrees to."""
        return self.opened.prepared.plan

    @property
    def ruling(self) -> Ruling:
        """What the policy said of it."""
        return self.opened.prepared.ruling


class ApprovalDesk:
    """Keeps the runs of one engine that wait for a second person."""

    def __init__(
        self,
        ports: Ports,
        clock: Clock,
        launcher: Launcher,
        begin: Callable[[LiveRun, Held], None],
        mark: Callable[[Opened], Awaitable[None]],
    ) -> None:
        """Set up; `begin` takes a run that may go, `mark` tells the run that it takes back, if it does."""
        self._ports = ports
        self._clock = clock
        self._launcher = launcher
        self._begin = begin
        self._mark = mark
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._waiting

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those that wait, oldest first."""
        return tuple(each.run for each in self._waiting.values())

    def ring(self, run_id: str) -> OutputRing | None:
        """Give what a waiting run says; None: it does not wait."""
        found = self._waiting.get(run_id)
        return None if found is None else found.ring

    async def ask(self, opened: Opened) -> Waiting:
        """Let a run wait; on disk, and told, on return.

        Raises:
            JournalError: It cannot be recorded.
        """
        until = self._clock.now() + GOOD_FOR
        approval = Approval("waiting", opened.prepared.plan.peer, until)
        waiting = Waiting(opened, self._clock)
        choices = choices_of(Situation(RunState.AWAITING_APPROVAL, has_glass=waiting.ruling.glass))
        waiting.run = replace(
            opened.run, state=RunState.AWAITING_APPROVAL, approval=approval, choices=choices
        )
        try:
            await self._record(waiting, approval, opened.who)
        except JournalError:
            opened.journal.close()
            raise
        self._waiting[opened.run.id] = waiting
        waiting.ring.say("", "approval", "run", f"waits for a second person: {approval.why}")
        self._ports.publish(waiting.run)
        return waiting

    async def without(self, opened: Opened, reason: str) -> Opened:
        """Mark a run that goes ahead without a second person; on disk on return.

        Raises:
            JournalError: It cannot be recorded.
        """
        plan, who = opened.prepared.plan, opened.who
        said = clean(reason.strip(), 400)
        approval = Approval("glass", plan.peer, by=who.name, at=self._clock.now(), reason=said)
        try:
            await opened.journal.append(
                "approval", sync=True, **approval_fields(approval, who, plan.hash)
            )
        except JournalError:
            opened.journal.close()
            raise
        return replace(opened, run=replace(opened.run, approval=approval))

    async def watch(self, waiting: Waiting) -> None:
        """Let a run go when its time is over; cancelled, it says on disk that it never began."""
        try:
            async with asyncio.TaskGroup() as group:
                late = group.create_task(self._expire(waiting), name=f"expire {waiting.run.id}")
                await waiting.settled.wait()
                late.cancel()
        except asyncio.CancelledError:
            self._abandon(waiting, "the engine stopped")
            raise

    async def _expire(self, waiting: Waiting) -> None:
        await self._clock.sleep(GOOD_FOR)
        async with waiting.turn:
            if not waiting.settled.is_set():
                await self._end_late(waiting)

    async def _end_late(self, waiting: Waiting) -> None:
        why = f"nobody within {GOOD_FOR / 60:g} min"
        await self._end(waiting, "expired", Person("engine"), why)

    def read(self, run_id: str, who: Person) -> Plan:
        """Give a waiting run's plan to somebody, who may agree to it from then on.

        Raises:
            RefusedError: not-running: it does not wait.
        """
        waiting = self._find(run_id)
        waiting.readers.add(_key(who))
        return waiting.plan

    async def decide(self, call: ApproveRun, who: Person) -> Done:
        """Take the word of a second person.

        Raises:
            RefusedError: not-running; approval: they are no second person, or have not read the plan;
                plan, policy, held, frozen, read-only: the world is not as it was.
        """
        waiting = self._find(call.run)
        async with waiting.turn:
            await self._check_waits(waiting)
            await self._check_second(waiting, call, who)
            if call.deny:
                await self._end(waiting, "denied", who, call.reason)
                return Done(f"{call.run} is denied: nothing was started")
            await self._go(waiting, "approved", who, call.reason)
            return Done(f"{call.run} is approved and runs")

    async def control(self, call: ControlRun, who: Person) -> Done:
        """Withdraw a waiting run, or go ahead without a second person.

        Raises:
            RefusedError: not-running: it can do neither; approval: that is not theirs to do; and as `decide`.
        """
        waiting = self._find(call.run)
        async with waiting.turn:
            await self._check_waits(waiting)
            if call.verb in ("stop", "interrupt"):
                await self._end(waiting, "withdrawn", who, call.reason)
                return Done("withdrawn: nothing was started")
            if call.verb != _GLASS:
                raise RefusedError("not-running", f"{call.run} waits for a second person")
            if who != waiting.opened.who:
                raise RefusedError("approval", f"only {waiting.run.actor}, who asked for it, may")
            check_glass(waiting.ruling, call.reason)
            await self._go(waiting, "glass", who, call.reason)
            return Done("goes ahead without a second person; everybody is told")

    async def _check_waits(self, waiting: Waiting) -> None:
        """Refuse what comes too late; on a machine that slept the alarm may be later than the time."""
        _check_open(waiting)
        approval = waiting.run.approval
        if approval is not None and self._clock.now() > approval.until:
            await self._end_late(waiting)
            _check_open(waiting)

    async def _check_second(self, waiting: Waiting, call: ApproveRun, who: Person) -> None:
        if why := why_no_second(waiting.opened.who, who):
            raise RefusedError("approval", why)
        groups = set(await self._ports.groups(who)) if waiting.ruling.by else set()
        for wanted in waiting.ruling.by:
            if not groups & set(wanted):
                raise RefusedError("approval", f"somebody of {' or '.join(wanted)} has to agree")
        if call.deny:
            return
        if _key(who) not in waiting.readers:
            raise RefusedError(
                "approval", "read its plan first: one agrees to targets one has seen"
            )
        if call.hash != waiting.plan.hash:
            raise RefusedError("plan", "that is not the plan that waits; read it again")

    async def _go(self, waiting: Waiting, word: str, who: Person, reason: str) -> None:
        """Begin the run: everything is looked at once more, then the word is on the disk, then it may go."""
        opened = waiting.opened
        with ExitStack() as undo:
            try:
                await check_again(opened.prepared, self._ports, self._clock.now())
                held = await self._launcher.take_locks(
                    opened.prepared, waiting.run.id, waiting.run.actor
                )
                undo.callback(held.release)
                await self._mark(opened)
            except RefusedError as error:
                if error.code in _VOID:
                    await self._end(waiting, "void", Person("engine"), str(error))
                raise
            approval = self._settled(waiting, word, who, reason)
            await self._record_word(waiting, approval, who)
            _check_open(waiting)  # the engine may have stopped meanwhile, and said it never began
            undo.pop_all()
        run = replace(waiting.run, approval=approval, state=RunState.RUNNING, choices=())
        waiting.ring.say("", "approval", "run", _said(approval))
        self._forget(waiting)
        self._begin(self._launcher.make(replace(opened, run=run), held, waiting.ring), held)

    async def _record_word(self, waiting: Waiting, approval: Approval, who: Person) -> None:
        _check_open(waiting)
        try:
            await self._record(waiting, approval, who)
        except JournalError as error:
            self._ports.trouble(str(error))
            raise RefusedError("journal", f"nothing was started: {error}") from error

    async def _end(self, waiting: Waiting, word: str, who: Person, reason: str) -> None:
        """Let a run go that never began."""
        approval = self._settled(waiting, word, who, reason)
        run = _ended(waiting.run, approval, self._clock.now())
        journal = waiting.opened.journal
        try:
            await self._record(waiting, approval, who)
            await journal.append("run.end", sync=True, state=str(run.state), note=run.note)
            await journal.seal(self._ports.syslog, f"{run.state}")
            await journal.keep("run.json", msgspec.json.encode(run))
        except JournalError as error:
            self._ports.trouble(str(error))
        self._close(waiting, run)

    def _abandon(self, waiting: Waiting, why: str) -> None:
        """End here and now, on disk, without waiting; once."""
        if waiting.settled.is_set():
            return
        approval = self._settled(waiting, "withdrawn", Person("engine"), why)
        run = _ended(waiting.run, approval, self._clock.now())
        states = {target.name: str(target.state) for target in run.targets}
        try:
            waiting.opened.journal.write(
                "run.end",
                {"state": str(run.state), "targets": states, "note": run.note},
                sync=True,
            )
        except JournalError as error:
            self._ports.trouble(str(error))
        self._close(waiting, run)

    def _close(self, waiting: Waiting, run: Run) -> None:
        waiting.run = run
        waiting.ring.say("", "approval", "run", run.note)
        waiting.ring.close()
        waiting.opened.journal.close()
        self._forget(waiting)
        self._ports.publish(run)

    def _forget(self, waiting: Waiting) -> None:
        self._waiting.pop(waiting.run.id, None)
        waiting.settled.set()

    def _settled(self, waiting: Waiting, word: str, who: Person, reason: str) -> Approval:
        before = waiting.run.approval
        assert before is not None
        said = clean(reason.strip(), 400)
        return replace(before, state=word, by=who.name, at=self._clock.now(), reason=said)

    async def _record(self, waiting: Waiting, approval: Approval, who: Person) -> None:
        await waiting.opened.journal.append(
            "approval", sync=True, **approval_fields(approval, who, waiting.plan.hash)
        )

    def _find(self, run_id: str) -> Waiting:
        found = self._waiting.get(run_id)
        if found is None:
            raise RefusedError("not-running", f"{clean(run_id, 60)} waits for nobody")
        return found


def check_glass(ruling: Ruling, reason: str) -> None:
    """Let somebody go ahead without a second person, or not.

    Raises:
        RefusedError: approval: the policy does not let them; param: no reason.
    """
    if not ruling.glass:
        raise RefusedError("approval", "the policy does not let you go ahead without")
    if not clean(reason.strip()):
        raise RefusedError("param", "a reason is needed: it stands in the journal for ever")


def approval_fields(approval: Approval, who: Person, plan_hash: str) -> dict[str, Field]:
    """Give what a journal keeps of an approval."""
    return {
        "verdict": approval.state,
        "actor": who.name,
        "uid": who.uid,
        "login": who.login,
        "hash": plan_hash,
        "why": approval.why,
        "reason": approval.reason,
        "until": approval.until,
    }


def _check_open(waiting: Waiting) -> None:
    if waiting.settled.is_set():
        raise RefusedError("not-running", f"{waiting.run.id} does not wait any more")


def _key(who: Person) -> tuple[int, int | None, str]:
    return who.uid, who.login, who.name


def _said(approval: Approval) -> str:
    word = "BREAK-GLASS by" if approval.state == "glass" else "approved by"
    return f"{word} {approval.by}" + (f": {approval.reason}" if approval.reason else "")


def _ended(run: Run, approval: Approval, at: float) -> Run:
    words = {"denied": f"denied by {approval.by}", "withdrawn": f"withdrawn by {approval.by}"}
    word = words.get(approval.state, approval.state)
    note = f"{word}: {approval.reason}" if approval.reason else word
    return replace(never_began(run, note, at), approval=approval)
