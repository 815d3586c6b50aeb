"""Thousands of schedules: whatever hosts, people and engines do, a rollout says no more than was seen.

Drops, hangs, bad exits, late answers, pauses, stops, interrupts, retries, ways back and engines that are killed,
over a scripted fleet in virtual time. Seeded: a schedule that fails is named by its number.
"""

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace
from runs_fakes import make_snapshot

from opsconsole.actions.api import Outcome
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Target, Undo
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import OpsConsoleError, OutcomeUnknownError, RefusedError, TransportError
from opsconsole.model.action import Plan
from opsconsole.model.calls import AnswerRun, ControlRun, PlanRun, StartRun
from opsconsole.model.inventory import Host
from opsconsole.model.rollout import Budget, Canary, Gate, MinHealthy, Rollout, Size
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import RunState, TargetState
from opsconsole.runs.budget import Meter
from opsconsole.runs.chain import Chain, read_chain
from opsconsole.runs.ports import Ports
from opsconsole.runs.service import RunService
from opsconsole.testing.scripted import Drop, Exit, Hang, ScriptedRemote, Slow
from opsconsole.testing.virtual import LoopClock, run_virtually

SCHEDULES = 2_000
CHUNK = 100
SEEN = ("exited", "signalled", "unreachable")
RESTART = """
api: 1
id: acme.restart
title: Restart
scope: host
effect: write
idempotent: {idempotent}
needs: [ssh]
timeout: 30s
undo_policy: {policy}
steps:
  - {{id: drain, run: [drain]}}
  - {{id: restart, run: [restart]}}
  - {{id: verify, effect: read, run: [verify]}}
"""


class WithUndo:
    """The runbook, with a way back for its first step."""

    def __init__(self, inner: Action, *, is_careless: bool) -> None:
        self._inner = inner.impl
        self._is_careless = is_careless

    async def run(self, door: Door, target: Target, values: object) -> object:
        if not door.planning:
            await door.push_undo(Undo("drain", "undrain", _undrain))
        try:
            return await self._inner.run(door, target, values)  # type: ignore[arg-type]
        except (OutcomeUnknownError, TransportError):
            if not self._is_careless:
                raise
            return Outcome.changed(after="surely")


async def _undrain(door: Door) -> None:
    await door.ssh.write(["undrain"])


class World:
    """One schedule: a fleet, an engine and people, drawn from one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = Random(seed)
        self.folder = folder
        self.clock = LoopClock()
        self.names = tuple(f"web{n}" for n in range(1, self.random.randint(2, 9)))
        self.remote = ScriptedRemote(self.clock)  # type: ignore[arg-type]  # any clock will do
        self.remote.before = self._before
        self.published: dict[str, Run] = {}
        self.kill_at = self.random.randint(1, 16) if self.random.random() < 0.2 else 0
        self.calm = self.random.choice((0.7, 0.9, 0.97))
        self.commands = 0
        self.killed: Path | None = None
        self.run_id = ""
        self.bad_when_begun: list[tuple[str, int]] = []
        self.service = self._service(folder)

    def _service(self, folder: Path) -> RunService:
        text = RESTART.format(
            idempotent=str(self.random.random() < 0.5).lower(),
            policy=self.random.choice(("if_healthy", "always", "never")),
        )
        action = read_runbook(text, "restart.yaml")
        spec = replace(action.spec, rollout=self._rollout())
        registry = Registry(
            [Action(spec, WithUndo(action, is_careless=self.random.random() < 0.3), "acme")]
        )  # type: ignore[arg-type]
        return RunService(registry, self._ports(), folder, self.clock)

    def _rollout(self) -> Rollout:
        draw = self.random
        return Rollout(
            canary=Canary(Size(count=1), bake=draw.choice((0.0, 20.0))) if draw.random() < 0.6 else None,
            batches=tuple(Size(percent=p) for p in (25, 60, 100)) if draw.random() < 0.5 else (),
            mode=draw.choice(("barrier", "rolling")),
            max_parallel=draw.randint(1, 4),
            budget=draw.choice(
                (Budget(), Budget(count=1), Budget(percent=40), Budget(consecutive=1), Budget(percent=100))
            ),
            min_healthy=MinHealthy(Size(count=1), "targets") if draw.random() < 0.3 else None,
            gates=(Gate("peers", "core.peer-errors", every=5, hold=30),) * (draw.random() < 0.3),
            between=draw.choice(("auto", "auto", "ask_after_canary")),
            rollback=draw.choice(("offer", "auto")),
            on_halt=draw.choice(("wait", "stop")),
        )  # fmt: skip

    def _ports(self) -> Ports:
        return Ports(
            remote=self.remote,
            host=lambda name: Host(name, name) if name in self.names else None,
            records=lambda: self.snapshot().hosts,
            snapshot=self.snapshot,
            publish=self._publish,
        )

    def snapshot(self) -> Snapshot:
        """What polling sees: everybody fresh and well, but for hosts that dropped us."""
        now = self.clock.now()
        base = make_snapshot(*self.names)
        hosts = {
            name: record if name in self.remote.down else replace(record, at=now - 1, tried=now)
            for name, record in base.hosts.items()
        }
        return replace(base, now=now, hosts=hosts)

    def _publish(self, run: Run) -> None:
        self.published[run.id] = run

    def _before(self, host: str, line: str) -> None:
        self.commands += 1
        if self.commands == self.kill_at and self.run_id:
            self.killed = self.folder.with_name(self.folder.name + "-killed")
            shutil.copytree(self.folder, self.killed)
        if self.random.random() < 0.3:
            self.remote.down.discard(host)
        self.remote.on(line, self._draw(line), host=host)

    def _draw(self, line: str) -> Exit | Drop | Hang | Slow:
        if self.random.random() < self.calm:
            return Exit(took=self.random.uniform(0, 3))
        return self.random.choice(
            (Exit(1), Drop("connect"), Drop("dispatch"), Hang(), Slow(self.random.uniform(1, 40)))
        )

    async def carry_out(self) -> Run:
        """Plan, start, and be restless until it is over or the engine was killed."""
        serving = asyncio.create_task(self.service.serve(), name="serve")
        try:
            plan = await self._start()
            await self._steer()
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        self.plan = plan
        if self.killed is None:
            return self.published[self.run_id]
        again = self._service(self.killed)
        (run,) = await again.recover()
        return run

    async def _start(self) -> Plan:
        call = PlanRun("acme.restart", self.names)
        plan = await self.service.plan(call, "op1", self.snapshot())
        start = StartRun(plan.id, plan.hash, confirm=plan.expect)
        self.run_id = (await self.service.start(start, "op1", self.snapshot())).run
        return plan

    async def _steer(self) -> None:
        live = self.service._runs[self.run_id]
        while not live.run.state.is_over and self.killed is None:
            await self.clock.sleep(self.random.uniform(0.5, 20))
            await self._press(live.run)

    async def _press(self, run: Run) -> None:
        draw = self.random
        try:
            if run.question is not None and draw.random() < 0.5:
                refuse = draw.random() < 0.4
                await self.service.answer(
                    AnswerRun(run.id, run.question.id, refuse=refuse), "op1", self.snapshot()
                )
            elif run.choices and draw.random() < 0.3:
                verb = draw.choice(run.choices)
                target = draw.choice(self.names) if verb in ("interrupt", "retry") else ""
                await self.service.control(ControlRun(run.id, verb, target=target), "op2")
            elif draw.random() < 0.02:
                verb = draw.choice(("stop", "interrupt"))
                await self.service.control(ControlRun(run.id, verb), "op2")
            elif draw.random() < 0.1:
                self.service.present(draw.choice(((), ("op1",))))
        except RefusedError:
            return


def _check(world: World, run: Run) -> None:
    chain = read_chain((world.killed or world.folder) / "runs" / run.id)
    assert run.state.is_over
    assert all(target.state.is_settled for target in run.targets)
    _check_seen(chain, run)
    _check_once(world, chain)
    _check_budget(world, chain, run)
    unknown = {TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN}
    assert (run.state is RunState.INDETERMINATE) == any(t.state in unknown for t in run.targets)


def _check_seen(chain: Chain, run: Run) -> None:
    """No target reads good whose last try has a write without an end that was seen."""
    for target in run.targets:
        mine = [entry for entry in chain.entries if entry.text("target") == target.name]
        starts = [n for n, entry in enumerate(mine) if entry.kind == "target.again"]
        mine = mine[starts[-1] :] if starts else mine
        for ledger, good in (
            ("step", (TargetState.CHANGED, TargetState.UNCHANGED)),
            ("undo", (TargetState.UNDONE,)),
        ):
            sent = [
                e for e in mine if e.kind == f"{ledger}.dispatch" and e.text("effect") != "read"
            ]
            steps = {entry.text("step") for entry in sent}
            ends = Counter(
                entry.text("step")
                for entry in mine
                if entry.kind == f"{ledger}.settle"
                and entry.text("ending") in SEEN
                and entry.text("step") in steps
            )
            if target.state in good:
                assert sum(ends.values()) >= len(sent), (target, ledger)
        if target.state in (TargetState.UNREACHABLE, TargetState.NOT_STARTED):
            ended = [
                e for e in mine if e.kind == "step.settle" and e.text("ending") != "unreachable"
            ]
            assert ended == [], target


def _check_once(world: World, chain: Chain) -> None:
    """Each write of each try left once at most, and only after it was written down."""
    tries: Counter[tuple[str, str]] = Counter()
    allowed: Counter[str] = Counter(world.names)
    back: Counter[str] = Counter()
    for entry in chain.entries:
        if entry.kind == "target.again":
            allowed[entry.text("target")] += 1
        if entry.kind == "step.dispatch" and entry.text("effect") != "read":
            tries[entry.text("target"), entry.text("step")] += 1
        if entry.kind == "undo.dispatch":
            back[entry.text("target")] += 1
    assert all(count <= allowed[target] for (target, _), count in tries.items())
    assert all(count <= 1 for count in back.values())
    if world.killed is None:
        left = Counter(
            (sent.host, sent.line)
            for sent in world.remote.dispatched
            if sent.line in ("drain", "restart")
        )
        assert all(count <= tries[key] for key, count in left.items())


def _check_budget(world: World, chain: Chain, run: Run) -> None:
    """From the trip on nothing is begun until a person says so: what was in flight may go bad, no more."""
    plan = world.plan
    rollout = plan.rollout
    assert rollout is not None
    going = [name for batch in plan.batches for name in batch]
    steered = any(
        e.kind == "signal" and e.text("verb") in ("continue", "retry") for e in chain.entries
    )
    if steered or run.state is RunState.ROLLED_BACK:
        return
    limit = Meter(rollout.budget, len(going)).limit
    bad = [
        entry.text("target")
        for entry in chain.entries
        if entry.kind == "target.end"
        and entry.text("state") in ("failed", "unknown", "unreachable", "wrong-host")
    ]
    assert len(set(bad)) <= limit + plan.overshoot


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
@pytest.mark.timeout(60)
def test_every_schedule_ends_and_nothing_unseen_reads_good(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + CHUNK):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            world, run = run_virtually(_one(seed, folder))
            _check(world, run)
        except (AssertionError, OpsConsoleError, TimeoutError) as error:
            raise AssertionError(f"schedule {seed}: {error!r}") from error


async def _one(seed: int, folder: Path) -> tuple[World, Run]:
    world = World(seed, folder)
    async with asyncio.timeout(400_000):
        return world, await world.carry_out()
