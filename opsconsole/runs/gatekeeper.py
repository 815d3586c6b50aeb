"""Asks a run's gates between batches until each has its verdict; what was seen and what was found is on disk."""

import asyncio
import dataclasses
from typing import Final

from opsconsole.actions.params import Values
from opsconsole.actions.steps import Action
from opsconsole.model.rollout import Gate, GateStatus
from opsconsole.model.states import Effect
from opsconsole.runs.boundary import run_guarded
from opsconsole.runs.gates import FAIL, INCONCLUSIVE, PASS, WAITING, Look, Watch, combine
from opsconsole.runs.looks import look_at
from opsconsole.runs.planning import LookAhead
from opsconsole.runs.stage import Shared, Stage
from opsconsole.runs.surroundings import Surroundings
from opsconsole.runs.targets import host_target
from opsconsole.runs.verdict import Kind
from opsconsole.runs.work import Crew

LOOK_BUDGET: Final = 30.0
"""Seconds one look by a read action may take over all its hosts."""
NAP: Final = 1.0
"""Seconds after which a wait looks whether the run was stopped."""


class Gatekeeper:
    """Asks all gates of a run at once."""

    def __init__(self, crew: Crew, surroundings: Surroundings) -> None:
        self._crew = crew
        self._around = surroundings
        rollout = crew.prepared.plan.rollout
        self._gates = () if rollout is None else rollout.gates
        self._watches: list[Watch] = []

    async def ask(self) -> GateStatus | None:
        """Ask until each gate has a verdict, or the run is closed; gives the one that decides, None for a pass."""
        now = self._crew.clock.now()
        self._watches = [Watch(gate, now) for gate in self._gates]
        self._show()
        async with asyncio.TaskGroup() as group:
            for watch in self._watches:
                group.create_task(self._follow(watch), name=f"gate {watch.gate.id}")
        decisive = combine(tuple(watch.status for watch in self._watches))
        return None if decisive is None or decisive.verdict == WAITING else decisive

    async def nap(self, seconds: float) -> None:
        """Wait, in small steps, so that a stop is heard."""
        clock = self._crew.clock
        until = clock.now() + seconds
        while not self._crew.valve.closed and (rest := until - clock.now()) > 0:
            await clock.sleep(min(NAP, rest))

    async def _follow(self, watch: Watch) -> None:
        board, clock = self._crew.board, self._crew.clock
        said = ""
        while not watch.is_over and not self._crew.valve.closed:
            self._crew.ports.poll(self._around.refs)
            look = await self._look(watch.gate)
            status = watch.take(look, clock.now())
            self._show()
            if (key := f"{look.verdict} {look.said}") != said:
                said = key
                fields = {"gate": watch.gate.id, "verdict": look.verdict, "said": look.said}
                await board.record("gate.sample", sync=False, **fields)
            if not watch.is_over:
                await self.nap(watch.gate.every)
        if watch.is_over:
            status = watch.status
            fields = {"gate": status.id, "verdict": status.verdict, "said": status.said}
            await board.record("gate.verdict", sync=True, **fields)
            board.say(
                f"gate {status.id}: {status.verdict}: {status.said}".rstrip(": "), step="gate"
            )

    def _show(self) -> None:
        self._crew.board.set_status(gates=tuple(watch.status for watch in self._watches))

    async def _look(self, gate: Gate) -> Look:
        seen = look_at(gate, self._around.scene())
        if seen is not None:
            return seen
        action = self._crew.prepared.gate_actions.get(gate.check)
        if action is None:
            return Look(INCONCLUSIVE, f"there is no check {gate.check} now")
        return await self._look_by(action)

    async def _look_by(self, action: Action) -> Look:
        """Run a read action on every host touched so far; the worst of its answers counts."""
        hosts = tuple(self._around.scene().touched)
        if not hosts:
            return Look(INCONCLUSIVE, "no host was touched yet")
        looks: list[Look] = []
        try:
            async with asyncio.timeout(LOOK_BUDGET):
                for name in hosts:
                    looks.append(await self._look_on(action, name))  # noqa: PERF401 - one host at a time
        except TimeoutError:
            return Look(INCONCLUSIVE, f"no answer in {LOOK_BUDGET:g} s")
        ordered = [each for word in (FAIL, INCONCLUSIVE) for each in looks if each.verdict == word]
        return ordered[0] if ordered else Look(PASS, f"{action.spec.id} is content")

    async def _look_on(self, action: Action, name: str) -> Look:
        crew = self._crew
        snapshot = crew.ports.snapshot()
        shared = Shared(snapshot, Effect.READ, crew.prepared.shared.world)
        stage = Stage(action, name, f"host:{name}", shared, crew.board.id, crew.prepared.alert)
        ports = dataclasses.replace(crew.ports, remote=crew.remote)
        host = crew.ports.host(name)
        ahead = LookAhead(stage, host, ports, now=snapshot.now, every_read=True)
        target = host_target(name, snapshot)
        outcome, trouble = await run_guarded(action.impl, ahead, target, Values({}))
        if trouble is not None:
            verdict = FAIL if trouble.kind is Kind.FAILED else INCONCLUSIVE
            return Look(verdict, f"{name}: {trouble.why}")
        if outcome is not None and outcome.state == "failed":
            return Look(FAIL, f"{name}: {outcome.summary}")
        return Look(PASS, name)
