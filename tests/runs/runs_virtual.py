"""A run service in virtual time: an hour's rollout, with people in it, in a few lines."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace
from runs_fakes import make_snapshot

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Impl, Target, Undo
from opsconsole.model.action import ActionSpec
from opsconsole.model.calls import ControlRun, PlanRun, ReadOutput, StartRun
from opsconsole.model.inventory import Host
from opsconsole.model.rollout import Rollout
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect, RunState
from opsconsole.runs.chain import Entry, read_chain
from opsconsole.runs.ports import Ports
from opsconsole.runs.service import RunService
from opsconsole.testing.scripted import Behaviour, ScriptedRemote
from opsconsole.testing.virtual import LoopClock


class Rolling:
    """Drain, restart, verify, undrain."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        await door.push_undo(Undo("drain", "undrain", undrain))
        await door.ssh.write(["drain"])
        await door.ssh.write(["restart"])
        await door.ssh.read(["verify"])
        return None


async def undrain(door: Door) -> None:
    await door.ssh.write(["undrain"])


class Virtual:
    """Hosts by rule, polling that always sees them well unless told otherwise."""

    def __init__(
        self,
        folder: Path,
        names: tuple[str, ...],
        rollout: Rollout | None,
        impl: Impl,
        **spec: object,
    ) -> None:
        self.folder = folder
        self.names = names
        self.clock = LoopClock()
        self.remote = ScriptedRemote(self.clock)  # type: ignore[arg-type]  # any clock will do
        self.alter: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
        self.published: dict[str, Run] = {}
        made = ActionSpec(
            "acme.rolling",
            "Rolling",
            Effect.WRITE,
            "host",
            needs=("ssh",),
            timeout=60.0,
            rollout=rollout,
        )
        made = replace(made, **spec)
        ports = Ports(
            remote=self.remote,
            host=lambda name: Host(name, name) if name in names else None,
            records=lambda: self.snapshot.hosts,
            snapshot=lambda: self.snapshot,
            publish=self._publish,
        )
        registry = Registry([Action(made, impl, "acme")])
        self.service = RunService(registry, ports, folder, self.clock)

    @property
    def snapshot(self) -> Snapshot:
        now = self.clock.now()
        base = make_snapshot(*self.names)
        hosts = {name: replace(r, at=now - 0.5, tried=now) for name, r in base.hosts.items()}
        return self.alter(replace(base, now=now, hosts=hosts))

    def _publish(self, run: Run) -> None:
        self.published[run.id] = run

    async def start(self, **wishes: str) -> str:
        call = PlanRun("acme.rolling", self.names, rollout=wishes)
        plan = await self.service.plan(call, "op1", self.snapshot)
        start = StartRun(plan.id, plan.hash, confirm=plan.expect)
        return (await self.service.start(start, "op1", self.snapshot)).run

    async def halt_at(self, line: str, then: Behaviour, *, host: str) -> str:
        """Start a run that is halted by what a line does on a host."""
        self.remote.on(line, then, host=host)
        run_id = await self.start()
        await self.until(run_id, RunState.HALTED)
        return run_id

    def run_of(self, run_id: str) -> Run:
        return self.service._runs[run_id].run

    async def until(self, run_id: str, *states: RunState) -> Run:
        while (run := self.run_of(run_id)).state not in states:
            assert not run.state.is_over, run
            await asyncio.sleep(0.1)
        return run

    async def press(self, run_id: str, verb: str, target: str = "", actor: str = "op2") -> None:
        await self.service.control(ControlRun(run_id, verb, target=target), actor)

    async def end(self, run_id: str) -> Run:
        while not self.published.get(run_id) or not self.published[run_id].state.is_over:
            await asyncio.sleep(1)
        return self.published[run_id]

    async def lines(self, run_id: str) -> list[str]:
        output = await self.service.output(ReadOutput(run_id, limit=5_000))
        return [line.text for line in output.lines]

    def sent(self, line: str) -> list[str]:
        return [each.host for each in self.remote.dispatched if each.line == line]

    def journal(self, run_id: str) -> tuple[Entry, ...]:
        return read_chain(self.folder / "runs" / run_id).entries


@asynccontextmanager
async def virtual(
    folder: Path,
    *names: str,
    rollout: Rollout | None = None,
    impl: Impl | None = None,
    **spec: object,
) -> AsyncIterator[Virtual]:
    """Serve one until the block ends."""
    bench = Virtual(folder, names, rollout, impl or Rolling(), **spec)
    serving = asyncio.create_task(bench.service.serve(), name="serve")
    try:
        yield bench
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def states(run: Run) -> Mapping[str, str]:
    return {target.name: str(target.state) for target in run.targets}
