"""A run service over a scripted fleet: what the tests of this room stand on."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from runs_fakes import Engine, Exit, FakeClock, FakeRemote

from opsconsole.actions.registry import Registry
from opsconsole.model.action import Plan
from opsconsole.model.calls import PlanRun, ReadOutput, StartRun
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.runs.service import RunService

RESTART = """
api: 1
id: acme.restart
title: Restart
scope: host
effect: write
idempotent: true
needs: [ssh]
max_parallel: {parallel}
stop_on_failure: {stop}
timeout: 30s
params: {{unit: {{type: unit, default: nginx.service}}}}
steps:
  - {{id: restart, run: [systemctl, restart, --, "${{params.unit}}"]}}
  - {{id: verify, effect: read, run: [systemctl, is-active, --, "${{params.unit}}"], expect: {{equals: active}}}}
"""
LOOK = """
api: 1
id: acme.look
title: Look
scope: host
effect: read
idempotent: true
needs: [ssh]
timeout: 30s
steps:
  - {id: up, run: [uptime]}
"""


class Bench:
    """One service with its fakes; runs are started and awaited in a line."""

    def __init__(
        self, state: Path, registry: Registry, snapshot: Snapshot, locks: Path | None = None
    ) -> None:
        self.state = state
        self.wishes: Mapping[str, str] = {"on_halt": "stop"}
        self.clock = FakeClock()
        self.remote = FakeRemote()
        self.remote.on("systemctl is-active *", Exit(0, "active\n"))
        self.engine = Engine(self.remote, snapshot)
        self.service = RunService(registry, self.engine.ports(), state, self.clock, locks=locks)

    @property
    def snapshot(self) -> Snapshot:
        return self.engine.snapshot

    async def plan(self, action: str, *targets: str, actor: str = "op1", **params: str) -> Plan:
        call = PlanRun(action, targets, params, rollout=self.wishes)
        return await self.service.plan(call, actor, self.snapshot)

    async def start(
        self, plan: Plan, *, actor: str = "op1", confirm: str = "", unlock: str = ""
    ) -> str:
        call = StartRun(plan.id, plan.hash, confirm=confirm, unlock=unlock)
        return (await self.service.start(call, actor, self.snapshot)).run

    async def run(self, action: str, *targets: str, confirm: str = "", **params: str) -> Run:
        plan = await self.plan(action, *targets, **params)
        return await self.end(await self.start(plan, confirm=confirm))

    async def end(self, run_id: str) -> Run:
        """Wait for the end of a run, by its output stream."""
        after = 0
        while True:
            output = await self.service.output(ReadOutput(run_id, after=after, wait=5.0))
            after = output.lines[-1].cursor if output.lines else after
            if output.over and not output.lines:
                break
        while not (self.engine.published and self.engine.published[-1].state.is_over):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self.engine.published[-1]

    async def lines(self, run_id: str) -> list[str]:
        output = await self.service.output(ReadOutput(run_id, limit=5_000))
        return [f"{line.target} {line.stream} {line.text}" for line in output.lines]

    def writes(self) -> list[str]:
        return [host for host, line in self.remote.dispatched if "restart" in line]


def give_ports(service: RunService, **extra: object) -> RunService:
    """Put another engine's side under a service, before anything runs."""
    before = service._ports
    values = {name: getattr(before, name) for name in before.__slots__} | extra
    ports = type(before)(**values)  # type: ignore[arg-type]  # by name, as they are
    aftermath = service.records.aftermath
    for part in (service, service._launcher, service.approvals, aftermath):
        part._ports = ports
    return service


MakeBench = Callable[..., Bench]
