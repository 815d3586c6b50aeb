"""One run while it lives: its targets in parallel, their states, its stop, its end. Nobody's screen is needed."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.actions.steps import Target, Undo
from opsconsole.clock import Clock
from opsconsole.errors import ActionError, OpsConsoleError
from opsconsole.model.action import Plan, PlannedTarget
from opsconsole.model.inventory import Host
from opsconsole.model.run import Question, Run, RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.model.text import clean
from opsconsole.runs.attempt import Attempt
from opsconsole.runs.boundary import run_guarded
from opsconsole.runs.chain import JournalError
from opsconsole.runs.context import RunContext
from opsconsole.runs.journal import Journal
from opsconsole.runs.output import OutputRing
from opsconsole.runs.planned import Prepared, stage_for, target_ref
from opsconsole.runs.ports import Ports
from opsconsole.runs.verdict import BAD, Kind, Trouble, Verdict, judge_run, judge_target
from opsconsole.transport.base import Remote

GRACE: Final = 5.0
"""Seconds beyond the action's timeout before we stop listening: the remote limit should end it first."""
PUBLISH_EVERY: Final = 0.1


class LiveRun:
    """Carries one prepared plan out."""

    def __init__(
        self,
        run_id: str,
        prepared: Prepared,
        *,
        actor: str,
        reason: str,
        remote: Remote,
        ports: Ports,
        journal: Journal,
        clock: Clock,
        channels: asyncio.Semaphore,
        why_frozen: Callable[[str], str],
    ) -> None:
        """Set up.

        Args:
            run_id: Also the journal's folder.
            prepared: The plan that was confirmed.
            actor: Who started it.
            reason: Why, in their words.
            remote: How hosts are asked; the starter's keys.
            ports: The engine's side.
            journal: Created, with the plan in it.
            clock: Time.
            channels: Shared by all runs: so many targets at once.
            why_frozen: Says whether a freeze came over a target since the plan.
        """
        self._prepared = prepared
        self._ports = ports
        self._remote = remote
        self._journal = journal
        self._clock = clock
        self._channels = channels
        self._why_frozen = why_frozen
        self.ring = OutputRing(clock)
        self._dirty = asyncio.Event()
        self._closed = ""
        self._stopped = self._halted = self._interrupted = False
        self._scopes: dict[str, asyncio.Timeout] = {}
        self._attempts: dict[str, Attempt] = {}
        self._targets = {each.name: _first_state(each) for each in prepared.plan.targets}
        self._queue = deque(t for t in prepared.targets if not self._targets[t.name].why)
        self._run = _new_run(run_id, prepared.plan, actor, reason, clock.now())

    @property
    def run(self) -> Run:
        """The run as it stands."""
        return replace(self._run, targets=tuple(self._targets.values()))

    @property
    def refs(self) -> tuple[str, ...]:
        """What is to be polled at once when it is over: the hosts it touched and its own targets."""
        spec = self._prepared.action.spec
        own = (target_ref(spec, target.name) for target in self._prepared.targets)
        return tuple(dict.fromkeys([*(f"host:{name}" for name in self._prepared.hosts), *own]))

    def stop(self, actor: str, *, interrupt: bool) -> None:
        """Start nothing new; with `interrupt`, also end what runs (its outcome may be UNKNOWN then)."""
        self._stopped = True
        self._close(f"stopped by {actor}")
        if interrupt:
            self._interrupted = True
            now = asyncio.get_running_loop().time()
            for scope in self._scopes.values():
                if not scope.expired():
                    scope.reschedule(now)

    def _close(self, why: str) -> None:
        """Dispatch nothing to targets that have not begun."""
        if self._closed:
            return
        self._closed = why
        self._run = replace(self._run, state=RunState.STOPPING, note=why)
        self.ring.say("", "run", "run", why)
        self._dirty.set()

    async def carry_out(self) -> Run:
        """Run every target to its end; returns the run, over. Cancelled, it records what is known."""
        pump = asyncio.create_task(self._pump(), name=f"publish {self._run.id}")
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(self._run.max_parallel, len(self._queue))):
                    group.create_task(self._work(), name=f"{self._run.id} worker {number}")
            await self._end()
        except asyncio.CancelledError:
            self.abandon("the engine stopped")
            raise
        finally:
            pump.cancel()
            self.ring.close()
            self._journal.close()
        return self.run

    async def _pump(self) -> None:
        """Publish at most ten times a second, however much happens."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self._ports.publish(self.run)
            await self._clock.sleep(PUBLISH_EVERY)

    async def _work(self) -> None:
        while self._queue and not self._closed:
            async with self._channels:
                if target := self._next():
                    await self._try_target(target)

    def _next(self) -> Target | None:
        return None if self._closed or not self._queue else self._queue.popleft()

    async def _try_target(self, target: Target) -> None:
        name = target.name
        self._set(name, state=TargetState.CONNECTING, started=self._clock.now())
        attempt = self._attempts[name] = self._attempt(name)
        context = RunContext(
            attempt,
            self._ports,
            self._clock,
            self._speaker(name),
            self,
            stage_for(self._prepared, name, self._run.id),
        )
        outcome, trouble = None, None
        try:
            async with asyncio.timeout(self._run_timeout()) as scope:
                self._scopes[name] = scope
                outcome, trouble = await run_guarded(
                    self._prepared.action.impl, context, target, self._prepared.values
                )
        except TimeoutError:
            trouble = self._cut_short()
        finally:
            self._scopes.pop(name, None)
        if self._interrupted:
            await attempt.end_in_flight()
        await self._settle(name, judge_target(attempt.traces, outcome, trouble))

    @property
    def is_stopping(self) -> bool:
        """Tell whether nothing new is started any more."""
        return bool(self._closed)

    async def lock(self, key: str) -> None:
        """No further lock can be taken here yet."""
        raise ActionError("lock", f"{key} cannot be locked by this engine")

    async def push_undo(self, undo: Undo) -> None:
        """Nothing is rolled back here yet."""

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Nobody can be asked yet."""
        raise ActionError("ask", f"nobody can be asked: {question.text}")

    def _run_timeout(self) -> float:
        return 0.0 if self._interrupted else self._prepared.plan.timeout + GRACE

    def _cut_short(self) -> Trouble:
        if self._interrupted:
            return Trouble(Kind.INTERRUPTED, "interrupted")
        return Trouble(Kind.TIMEOUT, f"timeout {self._prepared.plan.timeout:g} s")

    def _attempt(self, name: str) -> Attempt:
        attempt = Attempt(
            name,
            self._machine(name),
            self._prepared.action.spec,
            remote=self._remote,
            journal=self._journal,
            clock=self._clock,
            say=self._speaker(name),
            why_closed=lambda: self._why_closed(name),
            time_left=self._time_left(),
            hostname=self._prepared.hostnames.get(name, ""),
        )
        attempt.clients = self._ports.clients
        attempt.redactor = self._prepared.shared.redactor
        attempt.on_dispatch = lambda step: self._set(name, state=TargetState.RUNNING, step=step)
        attempt.on_wait = lambda step: self._set(name, state=TargetState.WAITING, step=step)
        return attempt

    def _time_left(self) -> Callable[[], float]:
        until = self._clock.monotonic() + self._prepared.plan.timeout
        return lambda: until - self._clock.monotonic()

    def _why_closed(self, name: str) -> str:
        """A target that did something goes on after a stop; a broken journal, an interrupt, a freeze end it."""
        if not any(trace.dispatched for trace in self._attempts[name].traces) and (
            why := self._closed or self._why_moved(name)
        ):
            return why
        if self._journal.broken:
            return f"journal {self._journal.broken}"
        if self._interrupted:
            return "interrupted"
        return self._why_frozen(name)

    def _machine(self, name: str) -> Host | None:
        """Give the host that the plan was made for, whatever a reload made of its name since."""
        on_service = self._prepared.action.spec.works_on == "service"
        return None if on_service else self._prepared.machines.get(name)

    def _why_moved(self, name: str) -> str:
        """A name that means another machine now, or none, is not begun on."""
        planned = self._machine(name)
        if planned is None:
            return ""
        now = self._ports.host(name)
        if now is None:
            return f"{name} is not in the inventory any more"
        same = now.way == planned.way
        return "" if same else f"{name} is reached in another way than when the plan was made"

    def _speaker(self, name: str) -> Callable[[str, str, str | bytes], None]:
        def say(step: str, stream: str, text: str | bytes) -> None:
            masked = self._prepared.shared.redactor.line(text)
            line = self.ring.say(name, step, stream, masked)
            if line.text.strip():
                self._set(name, last_line=line.text[:200])

        return say

    def _set(self, name: str, **changes: object) -> None:
        change: Mapping[str, object] = changes
        self._targets[name] = replace(self._targets[name], **change)
        self._dirty.set()

    async def _settle(self, name: str, verdict: Verdict) -> None:
        self._set(
            name,
            state=verdict.state,
            why=verdict.why,
            code=verdict.code,
            ended=self._clock.now(),
            evidence=self._attempts[name].evidence,
        )
        self._say_end(name, verdict)
        wrote = any(trace.writes for trace in self._attempts[name].traces)
        await self._record(
            "target.end", sync=wrote, target=name, state=str(verdict.state), why=verdict.why,
            evidence=self._attempts[name].evidence,
        )  # fmt: skip
        if verdict.state in BAD and self._prepared.plan.stop_on_failure and not self._closed:
            self._halted = True
            self._close(f"halted: {name} is {verdict.state}")

    def _say_end(self, name: str, verdict: Verdict) -> None:
        if not verdict.state.is_good:
            why = f": {verdict.why}" if verdict.why else ""
            self.ring.say(name, "end", "run", f"{verdict.state}{why}")
        elif verdict.why:
            self.ring.say(name, "end", "run", verdict.why)

    async def _record(self, kind: str, *, sync: bool, **fields: str) -> None:
        """Journal; when that fails the run dispatches nothing more, but what is known stays known."""
        try:
            await self._journal.append(kind, sync=sync, **fields)
        except JournalError as error:
            self._ports.trouble(str(error))
            self._close(str(error))

    async def _end(self) -> None:
        for name in self._pending():
            self._set(name, state=TargetState.NOT_STARTED, why=self._closed)
        state = judge_run(self._targets.values(), stopped=self._stopped, halted=self._halted)
        self._run = replace(self._run, state=state, ended=self._clock.now())
        await self._record("run.end", sync=True, state=str(state), note=self._run.note)
        await self._journal.seal(self._ports.syslog, f"{state}")
        try:
            await self._journal.keep("run.json", msgspec.json.encode(self.run))
        except OpsConsoleError as error:
            self._ports.trouble(str(error))

    def _pending(self) -> list[str]:
        return [n for n, target in self._targets.items() if target.state is TargetState.PENDING]

    def abandon(self, why: str) -> None:
        """End here and now: say of each target what can be said, on disk, without waiting; once."""
        if self._run.state.is_over:
            return
        trouble = Trouble(Kind.INTERRUPTED, why)
        for name, target in list(self._targets.items()):
            if target.state in (
                TargetState.CONNECTING,
                TargetState.RUNNING,
                TargetState.WAITING,
            ):
                verdict = judge_target(self._attempts[name].traces, None, trouble)
                self._set(name, state=verdict.state, why=verdict.why, ended=self._clock.now())
            elif target.state is TargetState.PENDING:
                self._set(name, state=TargetState.NOT_STARTED, why=why)
        state = judge_run(self._targets.values(), stopped=True, halted=False)
        self._run = replace(self._run, state=state, ended=self._clock.now(), note=why)
        states = {name: str(target.state) for name, target in self._targets.items()}
        try:
            self._journal.write(
                "run.end", {"state": str(state), "targets": states, "note": why}, sync=True
            )
        except JournalError:
            return


def _first_state(planned: PlannedTarget) -> RunTarget:
    state = TargetState.SKIPPED if planned.skip else TargetState.PENDING
    return RunTarget(planned.name, state, why=planned.skip)


def _new_run(run_id: str, plan: Plan, actor: str, reason: str, at: float) -> Run:
    return Run(
        id=run_id,
        action=plan.action,
        title=plan.title,
        effect=plan.effect,
        actor=actor,
        state=RunState.RUNNING,
        at=at,
        params=plan.params,
        targets=(),
        plan_hash=plan.hash,
        reason=clean(reason, 400),
        max_parallel=plan.max_parallel,
    )
