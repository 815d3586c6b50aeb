"""A rolling restart with drain, canary and gate over the simulated fleet: one bad canary, and it stops there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_fakes import make_snapshot
from test_runs_fleet import FleetBench

from opsconsole.actions.api import Outcome, Rollout
from opsconsole.actions.params import Values
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Target, Undo
from opsconsole.model.action import ActionSpec
from opsconsole.model.calls import ControlRun, PlanRun
from opsconsole.model.run import Run
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.testing.fleet import Fleet
from opsconsole.testing.units import UnitState

HOSTS = ("web-prod-01", "web-prod-02", "web-prod-03")
UNIT = "checkout.service"
MEMBER = "lb-member.service"
"""Stands for the host's place behind a load balancer: active is in, inactive is drained."""


class RollingRestart:
    """Drain, restart, verify, undrain; the drain is taken back by starting the member again."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        await door.push_undo(Undo("drain", "undrain", _undrain))
        await door.ssh.write(["systemctl", "stop", "--", MEMBER], step="drain")
        await door.ssh.write(["systemctl", "restart", "--", UNIT], step="restart", ok=(0, 1))
        state = await door.ssh.read(
            ["systemctl", "is-active", "--", UNIT], step="verify", ok=(0, 3)
        )
        if state.text != "active":
            return Outcome.failed(f"{UNIT} is {state.text}")
        await _undrain(door)
        return Outcome.changed(after="active")


async def _undrain(door: Door) -> None:
    await door.ssh.write(["systemctl", "start", "--", MEMBER], step="undrain")


SPEC = ActionSpec(
    "acme.rolling",
    "Rolling restart",
    Effect.WRITE,
    "host",
    needs=("ssh",),
    timeout=30.0,
    rollout=Rollout(
        canary={"count": 1, "bake": "1s"},
        batches=["50%", "100%"],
        max_failures=0,
        gate=[{"check": "core.peer-errors", "every": "1s", "for": "5s"}],
    ),
)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[FleetBench]:
    async with Fleet(tmp_path / "fleet", hosts=40, story=False) as fleet:
        made = FleetBench(tmp_path / "state", fleet)
        made.service.use(Registry([Action(SPEC, RollingRestart(), "acme")]))
        made.engine.snapshot = replace(
            make_snapshot(*HOSTS), now=made.service._clock.now(), services={}
        )
        for name in HOSTS:
            fleet.host(name).root.set_unit(UNIT, UnitState())
            fleet.host(name).root.set_unit(MEMBER, UnitState())
        serving = asyncio.create_task(made.service.serve(), name="serve")
        yield made
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await made.ssh.close()


async def _start(bench: FleetBench, on_halt: str) -> str:
    call = PlanRun("acme.rolling", HOSTS, rollout={"on_halt": on_halt})
    plan = await bench.service.plan(call, "op1", bench.snapshot)
    return await bench.start(plan)


def _drained(bench: FleetBench) -> list[str]:
    roots = {name: bench.fleet.host(name).root for name in HOSTS}
    return [name for name, root in roots.items() if not root.unit(MEMBER).is_up]


async def test_one_bad_canary_stops_the_rollout_stays_drained_and_says_how_to_undo_it(
    bench: FleetBench,
) -> None:
    bench.fleet.host(HOSTS[0]).root.mark_broken(UNIT, broken=True)

    run = await bench.end(await _start(bench, "stop"))

    assert run.state is RunState.FAILED
    assert [str(target.state) for target in run.targets] == ["failed", "not-started", "not-started"]
    assert run.targets[0].left == "drain stands; undo: undrain"
    assert run.note == "halted: the canary web-prod-01 is failed"
    assert _drained(bench) == [HOSTS[0]]


async def test_a_halted_run_waits_keeps_its_locks_and_leaves_a_sick_host_drained_when_rolled_back(
    bench: FleetBench,
) -> None:
    bench.fleet.host(HOSTS[0]).root.mark_broken(UNIT, broken=True)
    run_id = await _start(bench, "wait")
    halted = await _until(bench, run_id, RunState.HALTED)

    await bench.service.control(ControlRun(run_id, "rollback", "op1 saw it"), "op2")
    run = await bench.end(run_id)

    assert halted.choices[:3] == ("continue", "retry", "rollback")
    assert run.state is RunState.FAILED
    assert "not taken back: it did not pass its verification" in run.targets[0].left
    assert _drained(bench) == [HOSTS[0]]
    kinds = {entry.kind for entry in read_chain(bench.state / "runs" / run_id).entries}
    assert {"undo.push", "target.end", "budget.trip", "signal", "run.end"} <= kinds


async def test_a_canary_that_is_mended_and_tried_again_lets_the_rest_follow(
    bench: FleetBench,
) -> None:
    root = bench.fleet.host(HOSTS[0]).root
    root.mark_broken(UNIT, broken=True)
    run_id = await _start(bench, "wait")
    await _until(bench, run_id, RunState.HALTED)
    root.mark_broken(UNIT, broken=False)
    now = bench.service._clock.now() + 3600
    bench.engine.snapshot = replace(
        bench.snapshot,
        now=now,
        hosts={n: replace(r, at=now, tried=now) for n, r in bench.snapshot.hosts.items()},
    )

    await bench.service.control(ControlRun(run_id, "retry"), "op1")
    run = await bench.end(run_id)

    assert run.state is RunState.SUCCEEDED, run
    assert {target.state for target in run.targets} == {TargetState.CHANGED}
    assert run.targets[0].attempt == 2
    assert _drained(bench) == []


async def _until(bench: FleetBench, run_id: str, state: RunState) -> Run:
    live = bench.service._runs[run_id]
    while live.run.state is not state:
        assert not live.run.state.is_over, live.run
        await live.valve.changed()
    return live.run
