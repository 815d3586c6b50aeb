"""One run while it lives: carried out to its end, told to everybody. Nobody's screen is needed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from opsconsole.clock import Clock
from opsconsole.errors import ActionError, OpsConsoleError, RefusedError
from opsconsole.model.action import ParamSpec, Plan, PlannedTarget
from opsconsole.model.rollout import Rollout, RolloutStatus
from opsconsole.model.run import Question, Run, RunTarget
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.model.text import clean
from opsconsole.runs.batches import batch_numbers, has_canary
from opsconsole.runs.board import Board
from opsconsole.runs.budget import Meter
from opsconsole.runs.chain import JournalError
from opsconsole.runs.course import Course
from opsconsole.runs.ending import judge_run
from opsconsole.runs.helm import Helm
from opsconsole.runs.journal import Journal
from opsconsole.runs.output import OutputRing
from opsconsole.runs.planned import Prepared
from opsconsole.runs.ports import Ports
from opsconsole.runs.questions import Questions
from opsconsole.runs.rollback import Rollback
from opsconsole.runs.standpoint import target_ref
from opsconsole.runs.steering import choices_after
from opsconsole.runs.valve import Valve
from opsconsole.runs.work import Crew
from opsconsole.transport.base import Remote

HELD_AT_MOST: Final = 1_800.0
"""Seconds a run is paused or halted before it asks who takes it."""
_ASKS_WHO: Final = "nobody has gone on for 30 min: will you take this run over? No stops it"


class LiveRun:
    """Carries one prepared plan out."""

    take_lock: Callable[[str], Awaitable[None]] | None = None
    """Takes one more lock for the rest of the run; raises RefusedError."""

    def __init__(
        self,
        run: Run,
        prepared: Prepared,
        *,
        remote: Remote,
        ports: Ports,
        journal: Journal,
        clock: Clock,
        channels: asyncio.Semaphore,
        why_frozen: Callable[[str], str],
        ring: OutputRing | None = None,
    ) -> None:
        """Set up.

        Args:
            run: As it begins; its id is also the journal's folder, which exists with the plan in it.
            prepared: The plan that was confirmed.
            remote: How hosts are asked; the starter's keys.
            ports: The engine's side.
            journal: Open.
            clock: Time.
            channels: Shared by all runs: so many targets at once.
            why_frozen: Says whether a freeze came over a target since the plan.
            ring: What was said before it began.
        """
        self._prepared = prepared
        self._ports = ports
        self._clock = clock
        self.board = Board(run, journal, ports, clock, ring)
        self.valve = Valve()
        self.questions = Questions(self.board, clock)
        crew = Crew(
            prepared, self.board, self.valve, self.questions, remote, ports, clock, why_frozen,
            self._lock,
        )  # fmt: skip
        self.course = Course(crew, channels)
        self.back = Rollback(crew, self.course, channels)
        self.helm = Helm(crew, self.course, self.back)
        self._departed: asyncio.Queue[str] = asyncio.Queue()
        self._connect()

    async def _lock(self, key: str) -> None:
        if self.take_lock is None:
            raise RefusedError("held", f"{key} cannot be locked by this engine")
        await self.take_lock(key)

    def _connect(self) -> None:
        self.board.mask = self._prepared.shared.redactor.line
        self.board.on_broken = self.valve.close
        self.valve.on_change = self._on_change
        self.helm.stand()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.board.id

    @property
    def effect(self) -> Effect:
        """What it may do to its targets."""
        return self._prepared.plan.effect

    @property
    def state(self) -> RunState:
        """Where it stands."""
        return self.board.state

    @property
    def run(self) -> Run:
        """The run as it stands."""
        return self.board.run

    @property
    def ring(self) -> OutputRing:
        """What its targets said."""
        return self.board.ring

    @property
    def refs(self) -> tuple[str, ...]:
        """What is to be polled at once when it is over: the hosts it touched and its own targets."""
        spec = self._prepared.action.spec
        own = (target_ref(spec, target.name) for target in self._prepared.targets)
        return tuple(dict.fromkeys([*(f"host:{name}" for name in self._prepared.hosts), *own]))

    def follow(self, actors: frozenset[str]) -> None:
        """Follow who has a console; what changes by it is on disk before anything new is dispatched."""
        if gone := self.helm.follow(actors):
            self._departed.put_nowait(gone)

    async def carry_out(self) -> Run:
        """Run every target to its end; returns the run, over. Cancelled, it records what is known."""
        pump = asyncio.create_task(self.board.pump(), name=f"publish {self.board.id}")
        watch = asyncio.create_task(self._watch_held(), name=f"watch {self.board.id}")
        notes = asyncio.create_task(self._note_departures(), name=f"people {self.board.id}")
        try:
            await self.course.run()
            if self.course.wants_rollback:
                await self._go_back()
            await self._end()
        except asyncio.CancelledError:
            self.abandon("the engine stopped")
            raise
        finally:
            for task in (pump, watch, notes):
                task.cancel()
            self.board.ring.close()
            self.board.journal.close()
        return self.run

    async def _go_back(self) -> None:
        self.helm.is_going_back = True
        self.helm.stand()
        self.board.say(self.course.wants_rollback)
        why = self.course.wants_rollback
        await self.board.record("signal", sync=True, verb="rollback", actor="engine", reason=why)
        await self.back.run()

    async def _note_departures(self) -> None:
        while True:
            await self.board.record("detach", sync=True, actor=await self._departed.get())

    async def _watch_held(self) -> None:
        """Ask who takes a run that is held for half an hour; where nobody does, it stops."""
        while True:
            while not self.valve.held:
                await self.valve.changed()
            held = self.valve.held
            await self._clock.sleep(HELD_AT_MOST)
            if self.valve.held != held:
                continue
            yes = ParamSpec("take", "enum", required=True, choices=("over",), default="over")
            try:
                await self.questions.ask(Question("", "", _ASKS_WHO, (yes,)))
            except ActionError:
                if self.valve.held == held:
                    self.helm.is_stopped = not self.course.is_halted
                    self.valve.close(f"stopped: nobody went on: {held}")

    def _on_change(self) -> None:
        self.helm.stand()
        self.course.ring()

    async def _end(self) -> None:
        for target in list(self.board.targets.values()):
            if target.state is TargetState.PENDING:
                why = self.valve.closed
                self.board.set_target(target.name, state=TargetState.NOT_STARTED, why=why)
        state = self._judge()
        self.board.finish(state, self._clock.now(), self._left_to_choose())
        note = self.board.note
        await self.board.record("run.end", sync=True, state=str(state), note=note)
        await self.board.journal.seal(self._ports.syslog, f"{state}")
        try:
            await self.board.journal.keep("run.json", msgspec.json.encode(self.run))
        except OpsConsoleError as error:
            self._ports.trouble(str(error))

    def _judge(self) -> RunState:
        return judge_run(
            self.board.targets.values(),
            stopped=self.helm.is_stopped or self.course.is_refused,
            halted=self.course.is_halted,
            rolled_back=self.helm.is_going_back,
        )

    def _left_to_choose(self) -> tuple[str, ...]:
        back = self.course.has_undo and not self.helm.is_going_back
        return choices_after(self.board.targets.values(), has_way_back=back)

    def abandon(self, why: str) -> None:
        """End here and now: say of each target what can be said, on disk, without waiting; once."""
        if self.board.state.is_over:
            return
        for name in self.board.targets:
            self._abandon_target(name, why)
        self.helm.is_stopped = True
        state = self._judge()
        self.board.set_run(note=why)
        self.board.finish(state, self._clock.now(), self._left_to_choose())
        states = {name: str(target.state) for name, target in self.board.targets.items()}
        try:
            self.board.journal.write(
                "run.end", {"state": str(state), "targets": states, "note": why}, sync=True
            )
        except JournalError:
            return

    def _abandon_target(self, name: str, why: str) -> None:
        target = self.board.targets[name]
        if one := self.back.tries.get(name):
            state = (
                TargetState.UNDO_UNKNOWN
                if one.judge(why).state is TargetState.UNKNOWN
                else TargetState.UNDO_FAILED
            )
            self.board.set_target(name, state=state, why=why, ended=self._clock.now())
        elif target.state is TargetState.PENDING:
            self.board.set_target(name, state=TargetState.NOT_STARTED, why=why)
        elif not target.state.is_settled:
            one = self.course.tries.get(name)
            if one is None:
                self.board.set_target(name, state=TargetState.NOT_STARTED, why=why)
                return
            verdict = one.judge(why)
            self.board.set_target(
                name, state=verdict.state, why=verdict.why, ended=self._clock.now()
            )


def _first_state(planned: PlannedTarget, batch: int) -> RunTarget:
    state = TargetState.SKIPPED if planned.skip else TargetState.PENDING
    return RunTarget(planned.name, state, why=planned.skip, batch=batch)


def _first_states(plan: Plan) -> tuple[RunTarget, ...]:
    numbers = batch_numbers(plan.batches)
    return tuple(_first_state(each, numbers.get(each.name, 0)) for each in plan.targets)


def new_run(run_id: str, prepared: Prepared, actor: str, reason: str, at: float) -> Run:
    """Make the record of a run that is about to begin."""
    plan = prepared.plan
    rollout = plan.rollout
    return Run(
        id=run_id,
        action=plan.action,
        title=plan.title,
        effect=plan.effect,
        actor=actor,
        state=RunState.RUNNING,
        at=at,
        params=plan.params,
        targets=_first_states(plan),
        plan_hash=plan.hash,
        reason=clean(reason, 400),
        max_parallel=plan.max_parallel,
        rollout=RolloutStatus(
            batches=plan.batches,
            has_canary=rollout is not None and has_canary(rollout, plan.batches),
            limit=Meter((rollout or Rollout()).budget, len(prepared.going)).limit,
        ),
        operator=actor,
        rerun_of=prepared.rerun_of,
    )
