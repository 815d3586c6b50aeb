"""The way of a run over its batches: who is begun next, what stops it, and what must hold before it goes on."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from opsconsole.actions.steps import Target
from opsconsole.errors import ActionError
from opsconsole.model.rollout import Rollout
from opsconsole.model.run import Question
from opsconsole.model.states import Effect, TargetState
from opsconsole.runs.budget import Meter
from opsconsole.runs.gatekeeper import Gatekeeper
from opsconsole.runs.gates import FAIL, INCONCLUSIVE
from opsconsole.runs.surroundings import Surroundings
from opsconsole.runs.verdict import Verdict
from opsconsole.runs.work import Crew, Try

HEALTHY_WITHIN: Final = 600.0
"""Seconds `min_healthy` is waited for; then the run pauses."""
_NAMED: Final = 6
"""Names of a batch that are said when it begins."""


class Course:
    """Leads one run from its first target to its last, or to where it is stopped."""

    def __init__(self, crew: Crew, channels: asyncio.Semaphore) -> None:
        """Set up; `channels` is shared by all runs: so many targets at once."""
        plan = crew.prepared.plan
        self._crew = crew
        self._channels = channels
        self._rollout = plan.rollout or Rollout()
        self._batches = plan.batches or (crew.prepared.going,)
        self._targets: Mapping[str, Target] = {t.name: t for t in crew.prepared.targets}
        self._has_canary = crew.board.status.has_canary
        canary = self._batches[0] if self._has_canary else ()
        self.meter = Meter(self._rollout.budget, len(crew.prepared.going), canary)
        self.around = Surroundings(crew.prepared, crew.board, crew.ports)
        self._keeper = Gatekeeper(crew, self.around)
        self._queue: deque[str] = deque()
        self._later = [name for batch in self._batches for name in batch]
        self._bell = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self.tries: dict[str, Try] = {}
        """The newest try of each target that was begun, in the order they were begun."""
        self.busy: set[str] = set()
        self.is_gating = False
        self.is_halted = False
        """A budget or a gate stopped it, and nobody has said to go on."""
        self.is_refused = False
        """Somebody said no, or nothing, when it asked whether to go on."""
        self.wants_rollback = ""
        """Why what was done is to be taken back; empty: it is not."""
        self.pause_after = ""
        """Why to pause when this batch is over; empty: not."""
        self.ask_again = False
        """The gates are asked again before the next batch, instead of going on without."""

    @property
    def at_gate(self) -> bool:
        """Tell whether a gate has stopped it, and could be asked again."""
        return any(s.verdict in (FAIL, INCONCLUSIVE) for s in self._crew.board.status.gates)

    @property
    def has_undo(self) -> bool:
        """Tell whether something that was done can be taken back."""
        return any(one.undos for one in self.tries.values())

    @property
    def on_operator_loss(self) -> str:
        """pause-after-batch, continue or stop."""
        reads = self._crew.prepared.plan.effect is Effect.READ
        return self._rollout.on_operator_loss or ("continue" if reads else "pause-after-batch")

    @property
    def has_more(self) -> bool:
        """Tell whether there are targets nobody has begun on."""
        return bool(self._queue or self._later)

    def ring(self) -> None:
        """Look again: something settled, or the valve moved."""
        self._bell.set()

    def again(self, name: str) -> None:
        """Put a settled target back to be tried next."""
        self.meter.forget(name)
        self._crew.board.set_target(
            name, state=TargetState.PENDING, why="", left="", code=None, started=None, ended=None
        )
        self._queue.appendleft(name)
        self.ring()

    async def run(self) -> None:
        """Go over the batches until they are over or the run is closed; what is in flight ends."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for number, names in enumerate(self._batches):
                if self._crew.valve.closed:
                    return
                await self._begin_batch(number, names)
                last = number == len(self._batches) - 1
                is_trial = self._has_canary and number == 0
                drain = last or is_trial or self._rollout.mode == "barrier"
                await self._work_off(drain=drain)
                if is_trial:
                    await self._bake()
                await self._pass_gates(drain=drain)
                if not last:
                    await self._between(number)

    async def _begin_batch(self, number: int, names: tuple[str, ...]) -> None:
        board = self._crew.board
        self._queue.extend(names)
        self._later = self._later[len(names) :]
        board.set_status(batch=number, gates=(), bake_until=None)
        if len(self._batches) > 1:
            what = "canary" if self._has_canary and number == 0 else "batch"
            board.say(f"{what} {number + 1} of {len(self._batches)}{_named(names)}")
            await board.record("batch.start", sync=True, batch=number, targets=names)

    async def _work_off(self, *, drain: bool) -> None:
        """Begin what is queued as valve, window and health allow; with `drain`, until all have ended."""
        unhealthy_until = inf
        while not self._crew.valve.closed:
            if self._must_wait(drain=drain):
                await self._stir()
            elif not self._queue:
                return
            elif why := self._why_unhealthy(self._queue[0]):
                now = self._crew.clock.now()
                unhealthy_until = min(unhealthy_until, now + HEALTHY_WITHIN)
                if now >= unhealthy_until:
                    unhealthy_until = inf
                    self._crew.valve.hold(f"paused: min_healthy: {why}")
                else:
                    await self._wait_healthy(why)
            else:
                unhealthy_until = inf
                await self._begin_next()

    def _must_wait(self, *, drain: bool) -> bool:
        if self._crew.valve.held:
            return True
        if not self._queue:
            return drain and bool(self.busy)
        return len(self.busy) >= self._crew.prepared.plan.max_parallel

    async def _stir(self) -> None:
        await self._bell.wait()
        self._bell.clear()

    def _why_unhealthy(self, name: str) -> str:
        counted = self.around.capacity(name, self.busy)
        if counted is None:
            return ""
        self._crew.board.set_status(healthy=counted.healthy, healthy_limit=counted.limit)
        return "" if counted.allows else counted.sentence

    async def _wait_healthy(self, why: str) -> None:
        """Stale or missing health is no answer: look again."""
        if self._crew.board.note != why:
            self._crew.board.set_run(note=why)
            self._crew.board.say(f"waits: {why}")
        self._crew.ports.poll(self.around.refs)
        await self._keeper.nap(1.0)

    async def _begin_next(self) -> None:
        await self._channels.acquire()
        valve = self._crew.valve
        if self._group is None or valve.why or not self._queue:
            self._channels.release()
            return
        name = self._queue.popleft()
        self.busy.add(name)
        target = self._crew.board.targets[name]
        if self._crew.board.note:
            self._crew.board.set_run(note="")
        self._crew.board.set_target(
            name,
            state=TargetState.CONNECTING,
            started=self._crew.clock.now(),
            batch=self._crew.board.status.batch,
            attempt=target.attempt + 1,
        )
        self._crew.valve.on_change()
        self._group.create_task(self._work(name), name=f"{self._crew.board.id} {name}")

    async def _work(self, name: str) -> None:
        attempt = self._crew.board.targets[name].attempt
        try:
            before = self.tries.pop(name, None)
            one = Try(self._crew, self._targets[name])
            one.carried = before.undos if before is not None else ()
            self.tries[name] = one
            if attempt > 1:
                await self._crew.board.record(
                    "target.again", sync=True, target=name, attempt=attempt
                )
            verdict = await one.run()
            await self._settle(name, one, verdict)
        finally:
            self.busy.discard(name)
            self._channels.release()
            self._crew.valve.on_change()

    async def _settle(self, name: str, one: Try, verdict: Verdict) -> None:
        board = self._crew.board
        if self._is_put_back(one, verdict):
            board.set_target(
                name,
                state=TargetState.PENDING,
                started=None,
                attempt=board.targets[name].attempt - 1,
            )
            self.tries.pop(name, None)
            self._queue.appendleft(name)
            return
        left = "" if verdict.state.is_good else one.left
        board.set_target(
            name, state=verdict.state, why=verdict.why, code=verdict.code, left=left,
            ended=self._crew.clock.now(), evidence=one.attempt.evidence,
            step=verdict.step or board.targets[name].step,
        )  # fmt: skip
        _say_end(self._crew, name, verdict, left)
        self.meter.settle(name, verdict.state)
        if board.status.bad != self.meter.bad:
            board.set_status(bad=self.meter.bad)
        tripped = self._trip()
        wrote = any(trace.writes for trace in one.traces)
        await board.record(
            "target.end",
            sync=wrote,
            target=name,
            state=str(verdict.state),
            why=verdict.why,
            left=left,
            evidence=one.attempt.evidence,
        )
        if tripped:
            bad, limit = self.meter.bad, self.meter.limit
            await board.record("budget.trip", sync=True, why=tripped, bad=bad, limit=limit)

    def _is_put_back(self, one: Try, verdict: Verdict) -> bool:
        """A target whose turn came while the run was held: nothing left for it, so it waits on."""
        is_new = verdict.state is TargetState.NOT_STARTED and not one.has_dispatched
        return is_new and one.was_held and not self._crew.valve.closed

    def _trip(self) -> str:
        """Halt when the budget is exceeded, before anything is waited for; gives the limit that was."""
        if self.is_halted or not (why := self.meter.why_tripped()):
            return ""
        is_trial = self._has_canary and self._crew.board.status.batch == 0
        if is_trial and self._rollout.rollback == "auto":
            self.wants_rollback = f"the canary failed: {why}"
        self._halt(f"halted: {why}")
        return why

    def _halt(self, why: str) -> None:
        """Nothing new: a person chooses, unless there is nothing to choose or nobody is waited for."""
        self.is_halted = True
        decides = self.has_more or self.has_undo
        reads = self._crew.prepared.plan.effect is Effect.READ
        if self.wants_rollback or reads or self._rollout.on_halt == "stop":
            self._crew.valve.close(why)
        elif decides:
            self._crew.valve.hold(why, halt=True)
        else:
            self._crew.board.set_run(note=why)
            self._crew.board.say(why)

    async def _bake(self) -> None:
        canary = self._rollout.canary
        if canary is None or canary.bake <= 0 or self._crew.valve.closed:
            return
        self._set_gating(is_gating=True)
        self._crew.board.set_status(bake_until=self._crew.clock.now() + canary.bake)
        self._crew.board.say(f"the canary bakes for {canary.bake:g} s", step="gate")
        await self._keeper.nap(canary.bake)
        self._crew.board.set_status(bake_until=None)
        self._set_gating(is_gating=False)

    async def _pass_gates(self, *, drain: bool) -> None:
        """Ask the gates until they pass, or a person goes on without them."""
        valve = self._crew.valve
        while self._rollout.gates and not valve.closed:
            self._set_gating(is_gating=True)
            found = await self._keeper.ask()
            self._set_gating(is_gating=False)
            if found is None or valve.closed:
                return
            self.ask_again = False
            said = f"gate {found.id}: {found.said}"
            if found.verdict == FAIL:
                self._halt_at_gate(f"halted: {said}")
            else:
                valve.hold(f"paused: {said} (inconclusive)")
            await self._work_off(drain=drain)
            if not self.ask_again:
                return

    def _halt_at_gate(self, why: str) -> None:
        """A failed gate always waits for a person, unless nobody is waited for."""
        is_trial = self._has_canary and self._crew.board.status.batch == 0
        if is_trial and self._rollout.rollback == "auto":
            self.wants_rollback = f"the canary failed: {why}"
        self._halt(why)
        self._crew.valve.hold(why, halt=True)

    async def _between(self, number: int) -> None:
        """Pause for a lost operator, and ask whether to go on where that is wished."""
        if self.pause_after:
            self._crew.valve.hold(self.pause_after)
            await self._work_off(drain=False)
        asks = self._rollout.between == "ask_always" or (
            self._rollout.between == "ask_after_canary" and number == 0
        )
        if not asks or self._crew.valve.closed:
            return
        left = len(self._later)
        text = f"go on with batch {number + 2} of {len(self._batches)} ({left} targets left)?"
        try:
            await self._crew.questions.ask(Question("", "", text))
        except ActionError as error:
            self.is_refused = True
            self._crew.valve.close(f"stopped: {error.reason}")

    def _set_gating(self, *, is_gating: bool) -> None:
        self.is_gating = is_gating
        self._crew.valve.on_change()


def _named(names: Sequence[str]) -> str:
    """Name a batch in one short line; all of it stands in the plan, and on the screen."""
    if len(names) <= _NAMED:
        return f": {', '.join(names)}"
    return f", {len(names)} targets: {', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"


def _say_end(crew: Crew, name: str, verdict: Verdict, left: str) -> None:
    if not verdict.state.is_good:
        why = f": {verdict.why}" if verdict.why else ""
        crew.board.say(f"{verdict.state}{why}", name, "end")
    elif verdict.why:
        crew.board.say(verdict.why, name, "end")
    if left:
        crew.board.say(left, name, "end")
