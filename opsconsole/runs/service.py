"""Runs as the engine offers them: plan, start, stop, read, choices; whoever asks, whatever the console does."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from opsconsole.actions.grammars import World
from opsconsole.actions.registry import Registry
from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.approval_calls import ApproveRun, ReadPlan
from opsconsole.model.calls import (
    AnswerRun,
    Choices,
    ControlRun,
    Done,
    Output,
    PlanRun,
    ReadChoices,
    ReadOutput,
    Started,
    StartRun,
)
from opsconsole.model.policy import Person
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.admission import admit, check_ruling
from opsconsole.runs.approvals import ApprovalDesk, check_glass
from opsconsole.runs.boundary import run_contained
from opsconsole.runs.chain import JournalError
from opsconsole.runs.choices import ChoiceBook
from opsconsole.runs.kept_output import read_kept_output
from opsconsole.runs.launching import Launcher, Opened, new_id
from opsconsole.runs.live import LiveRun
from opsconsole.runs.locks import Held
from opsconsole.runs.planned import Prepared, prepare
from opsconsole.runs.ports import Ports
from opsconsole.runs.records import Records
from opsconsole.runs.reruns import find_run, with_rerun
from opsconsole.runs.spool_book import SpoolBook
from opsconsole.transport.base import Remote

PLANS_KEPT: Final = 200
RUNS_KEPT: Final = 50
"""Runs whose output stays in memory ..."""
OUTPUT_KEPT: Final = 32 << 20
"""... and the characters of all of it together; what is let go is read from the runs' files."""
Work = Callable[[], Coroutine[None, None, None]]
T = TypeVar("T")
_TRY_AGAIN: Final = ("held", "policy", "approval", "param")
"""Refusals after which the plan is still the one that was shown."""


class RunService:
    """Owns every run of this engine: plans, tasks, locks, journals and output."""

    def __init__(
        self,
        registry: Registry,
        ports: Ports,
        state: Path,
        clock: Clock,
        *,
        locks: Path | None = None,
    ) -> None:
        """Set up.

        Args:
            registry: The actions.
            ports: The engine's side.
            state: The engine's folder (0700); `runs/` is made below it.
            clock: Time.
            locks: The folder that every engine of this account locks in; None: one of its own.
        """
        self._registry = registry
        self._ports = ports
        self._state = state
        self._clock = clock
        self._plans: dict[str, Prepared] = {}
        self._runs: dict[str, LiveRun] = {}
        self._starting: set[asyncio.Task[Any]] = set()
        self._waiting: asyncio.Queue[tuple[str, Work]] = asyncio.Queue()
        self._disk = ThreadPoolExecutor(
            1, thread_name_prefix="journal"
        )  # one: lines keep their order
        self._launcher = Launcher(
            ports, state / "runs", locks or state / "locks", clock, self._disk
        )
        self._spools = SpoolBook(ports.remote, clock)
        self._choices = ChoiceBook(ports, clock)
        self.records = Records(state / "runs", ports, clock, self._disk)
        """Runs that are over."""
        self.approvals = ApprovalDesk(
            ports, clock, self._launcher, self._begin, self.records.aftermath.mark
        )
        """Runs that wait for a second person."""
        self._present: frozenset[str] | None = None
        """Actors with a console; None: nobody tells us."""

    @property
    def live(self) -> int:
        """How many runs are not over, those included that are just being opened."""
        going = sum(1 for live in self._runs.values() if not live.state.is_over)
        return going + len(self.approvals) + len(self._starting)

    def use(self, registry: Registry) -> None:
        """Take another set of actions (a reload); runs under way keep theirs, plans shown are void."""
        self._registry = registry
        self._plans.clear()

    async def serve(self) -> None:
        """Carry runs out until cancelled; then each says on disk what is known of it."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    run_id, work = await self._waiting.get()
                    group.create_task(work(), name=f"run {run_id}")
        finally:
            for opening in tuple(self._starting):
                opening.cancel()
            await asyncio.gather(*self._starting, return_exceptions=True)
            self._disk.shutdown(wait=True)

    async def recover(self) -> tuple[Run, ...]:
        """Read earlier runs' journals, oldest first; close those whose engine died (UNKNOWN where dispatched)."""
        return await self.records.recover()

    async def plan(
        self, call: PlanRun, actor: str, snapshot: Snapshot, *, who: Person | None = None
    ) -> Plan:
        """Plan an action; nothing changes. `Plan.refusal` says why it could not be started now.

        Raises:
            RefusedError: unknown-action, unknown-target, empty, match, param, policy.
        """
        registry = self._registry
        rerun_of, _, kind = call.rerun.partition(":")
        if kind == "undo":
            action, names = await self.records.aftermath.way_back(rerun_of)
            call = msgspec.structs.replace(call, targets=call.targets or names)
        else:
            known = call.action or (find_run(rerun_of, snapshot.runs).action if rerun_of else "")
            action = registry.resolve(known)
        if rerun_of and kind != "undo":
            call = with_rerun(call, snapshot.runs, action.spec.works_on)
        plan_id = f"p{secrets.token_hex(6)}"
        seen = msgspec.structs.replace(snapshot, now=self._clock.now())
        prepared = await prepare(
            call, action, who or Person(actor), seen, self._ports, plan_id, registry.resolve
        )
        prepared = await self._with_holder(msgspec.structs.replace(prepared, rerun_of=rerun_of))
        if self._registry is not registry:
            raise RefusedError("plan", "the configuration changed meanwhile; make the plan again")
        self._plans[plan_id] = prepared
        while len(self._plans) > PLANS_KEPT:
            del self._plans[next(iter(self._plans))]
        return prepared.plan

    async def _with_holder(self, prepared: Prepared) -> Prepared:
        """Say in the plan who is at work on its targets now, and which hosts cannot keep how it ended."""
        plan = prepared.plan
        shared = plan.effect is Effect.READ
        held_by = await self._launcher.locksmith.find_holder(plan.locks, shared=shared)
        machines = () if shared else tuple(prepared.machines.values())
        spool = await self._spools.why_not(machines)
        shown = msgspec.structs.replace(plan, held_by=held_by, spool=spool)
        return msgspec.structs.replace(prepared, plan=shown)

    async def start(
        self,
        call: StartRun,
        actor: str,
        snapshot: Snapshot,
        *,
        remote: Remote | None = None,
        who: Person | None = None,
    ) -> Started:
        """Start a plan of this actor, once; where a second person has to agree, it waits for them.

        Args:
            call: The plan's id and hash, and what was typed back.
            actor: Who asks.
            snapshot: For freezes, and whether the targets still exist.
            remote: How to reach hosts with the starter's keys; None: as planned.
            who: The actor, as the kernel knows them; None: by name only, and nobody can agree.

        Raises:
            RefusedError: plan, confirm, locked, read-only, frozen, policy, approval, held, journal.
        """
        now, access = self._clock.now(), self._ports.access()
        kept = self._plans.get(call.plan)
        prepared = admit(kept, call, actor, snapshot, access=access, now=now)
        del self._plans[call.plan]  # before anything is waited for: whoever asks again finds none
        work = self._start(prepared, call, who or Person(actor), remote)
        return await self._unhurried(work, f"start {prepared.plan.action}")

    async def _start(
        self, prepared: Prepared, call: StartRun, who: Person, remote: Remote | None
    ) -> Started:
        registry = self._registry
        try:
            await check_ruling(prepared, self._ports, self._clock.now())
            return Started(await self._open(prepared, call, who, remote))
        except JournalError as error:
            self._ports.trouble(str(error))
            raise RefusedError("journal", f"nothing was started: {error}") from error
        except RefusedError as error:
            if self._registry is registry and error.code in _TRY_AGAIN:
                self._plans[call.plan] = prepared  # nothing was begun: it may be tried again
            raise

    async def _open(
        self, prepared: Prepared, call: StartRun, who: Person, remote: Remote | None
    ) -> str:
        run_id, glass = new_id(self._clock.now()), call.glass.strip()
        if prepared.plan.peer and not glass:
            opened = await self._launcher.open(run_id, prepared, call, who, remote)
            waiting = await self.approvals.ask(opened)
            self._waiting.put_nowait((run_id, partial(self.approvals.watch, waiting)))
            return run_id
        if prepared.plan.peer:
            check_glass(prepared.ruling, glass)
        held = await self._launcher.take_locks(prepared, run_id, who.name, wait=call.wait_lock)
        with ExitStack() as undo:
            undo.callback(held.release)
            await self.records.aftermath.check_free(prepared)
            opened = await self._launcher.open(run_id, prepared, call, who, remote)
            await self._mark(opened)
            if prepared.plan.peer:
                opened = await self.approvals.without(opened, glass)
            undo.pop_all()
        self._begin(self._launcher.make(opened, held), held)
        return run_id

    async def _mark(self, opened: Opened) -> None:
        """A run that takes another back says so there; where it may not, it ends before it began."""
        try:
            await self.records.aftermath.mark(opened)
        except RefusedError as error:
            await self._launcher.drop(opened, str(error))
            raise

    def _begin(self, live: LiveRun, held: Held) -> None:
        """Take a run that may go."""
        self._keep(live)
        if self._present is not None:
            live.follow(self._present)
        self._ports.publish(live.run)
        self._waiting.put_nowait((live.run.id, partial(self._carry_out, live, held)))

    async def approve(self, call: ApproveRun, who: Person) -> Done:
        """Take the word of a second person on a run that waits for it.

        Raises:
            RefusedError: as `ApprovalDesk.decide`.
        """
        word = self.approvals.decide(call, who)
        return await self._unhurried(word, f"approve {clean(call.run, 60)}")

    async def read_plan(self, call: ReadPlan, who: Person) -> Plan:
        """Give a run's plan; of one that waits, whoever read it may agree to it.

        Raises:
            RefusedError: not-running: there is no such run; journal: it cannot be read.
        """
        if call.run in self.approvals:
            return self.approvals.read(call.run, who)
        return await self.records.plan(call.run)

    async def _unhurried(self, work: Coroutine[None, None, T], name: str) -> T:
        """A client that goes now ends its wait, not the start: else locks and files stay half taken."""
        opening = asyncio.create_task(work, name=name)
        self._starting.add(opening)
        opening.add_done_callback(self._starting.discard)
        return await asyncio.shield(opening)

    async def control(self, call: ControlRun, actor: str, *, who: Person | None = None) -> Done:
        """Steer a live run, or one that waits for a second person.

        Raises:
            RefusedError: not-running: there is no such run, or the verb is not among its choices.
        """
        if call.run in self.approvals:
            word = self.approvals.control(call, who or Person(actor))
            return await self._unhurried(word, f"{clean(call.verb, 20)} {call.run}")
        live = self._runs.get(call.run)
        if live is not None and not live.state.is_over:
            return await live.helm.control(call, actor)
        return await self.records.control(call, actor)

    async def answer(self, call: AnswerRun, actor: str, snapshot: Snapshot) -> Done:
        """Answer a run's question.

        Raises:
            RefusedError: not-running: it does not ask that; param: the answer is none.
        """
        world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now)
        return await self._find(call.run).helm.answer(call, actor, world)

    def present(self, actors: Collection[str]) -> None:
        """Follow who has a console: a run whose operator is gone does what its rollout says."""
        self._present = frozenset(actors)
        for live in self._runs.values():
            live.follow(self._present)

    async def output(self, call: ReadOutput) -> Output:
        """Give lines behind the cursor, waiting up to `wait` seconds for the first new one.

        Raises:
            RefusedError: not-running: there is no such run.
        """
        live = self._runs.get(call.run)
        ring = self.approvals.ring(call.run) if live is None else live.ring
        if ring is None:
            return await self._earlier_output(call)
        await ring.wait(call.after, call.wait)
        lines, dropped = ring.read(call.after, max(1, min(call.limit, 5_000)), call.target)
        return Output(lines, ring.over, dropped)

    async def _earlier_output(self, call: ReadOutput) -> Output:
        """Read a run of before this engine, or one that memory has let go, from its files."""
        lines = await asyncio.to_thread(read_kept_output, self._state / "runs", call.run)
        if lines is None:
            raise RefusedError("not-running", f"there is no run {clean(call.run, 60)}")
        found = [
            line for line in lines if line.cursor > call.after and call.target in ("", line.target)
        ]
        return Output(tuple(found[: max(1, min(call.limit, 5_000))]), over=True)

    async def choices(self, call: ReadChoices, snapshot: Snapshot) -> Choices:
        """Ask the first target for a parameter's choices, 2 s at most; best first, cached 30 s.

        Raises:
            RefusedError: unknown-action, unknown-target, param.
        """
        return await self._choices.choose(call, self._registry, self._ports.host, snapshot)

    def _find(self, run_id: str) -> LiveRun:
        live = self._runs.get(run_id)
        if live is None:
            raise RefusedError("not-running", f"no run {clean(run_id, 60)} in this engine's memory")
        return live

    def _keep(self, live: LiveRun) -> None:
        self._runs[live.id] = live
        over = [name for name, each in self._runs.items() if each.state.is_over]
        held = sum(each.ring.characters for each in self._runs.values())
        for name in over:
            if len(self._runs) <= RUNS_KEPT and held <= OUTPUT_KEPT:
                return
            held -= self._runs.pop(name).ring.characters

    async def _carry_out(self, live: LiveRun, held: Held) -> None:
        try:
            await run_contained(live.carry_out, live.id)
        finally:
            live.abandon("internal error; see the engine's log")
            held.release()
            self._ports.publish(live.run)
        look = self._ports.glance if live.effect is Effect.READ else self._ports.poll
        look(live.refs)
