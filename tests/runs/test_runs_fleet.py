"""The shipped actions over real SSH to the simulated fleet: every one finds what it calls, and a restart mends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench
from runs_fakes import make_snapshot

from opsconsole.actions.loader import load as load_actions
from opsconsole.clock import SystemClock
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.states import RunState
from opsconsole.runs.service import RunService
from opsconsole.shipped import shipped_dir
from opsconsole.testing.fleet import Fleet
from opsconsole.testing.units import UnitState
from opsconsole.transport.ssh import SshTransport

HOST = "web-prod-01"


class FleetBench(Bench):
    """The bench over a fleet that listens."""

    def __init__(self, state: Path, fleet: Fleet) -> None:
        registry = load_actions([], shipped=shipped_dir("plugins"))
        super().__init__(state, registry, make_snapshot(HOST, hostname=HOST))
        self.fleet = fleet
        inventory = load(SourceSpec(config=fleet.config))
        hosts = {host.name: host for host in inventory.hosts}
        clock = SystemClock()
        self.engine.snapshot = replace(self.snapshot, now=clock.now())
        self.ssh = SshTransport(inventory.settings, clock, hosts=hosts.get, agent=lambda: None)
        ports = self.engine.ports()
        values = {name: getattr(ports, name) for name in ports.__slots__}
        values |= {"remote": self.ssh, "host": hosts.get}
        self.service = RunService(registry, type(ports)(**values), state, clock)


@pytest.fixture
async def fleet_bench(tmp_path: Path) -> AsyncIterator[FleetBench]:
    async with Fleet(tmp_path / "fleet", hosts=12, story=False) as fleet:
        bench = FleetBench(tmp_path / "state", fleet)
        serving = asyncio.create_task(bench.service.serve(), name="serve")
        yield bench
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await bench.ssh.close()


READS: list[tuple[str, dict[str, str], str]] = [
    ("list-units", {}, "nginx.service"),
    ("unit-status", {"unit": "nginx"}, "ActiveState=active"),
    ("logs-tail", {"unit": "nginx", "lines": "5"}, ""),
    ("top-cpu", {"count": "3"}, "%CPU"),
    ("top-mem", {"count": "3"}, "%MEM"),
    ("disk-hogs", {"path": "/"}, "Mounted on"),
    ("dns-check", {"name": "shop.example"}, "NOERROR"),
    ("conn-trace", {"host": "shop.example", "url": "https://shop.example/"}, "state ESTAB"),
    ("recent-deploys", {}, "WHEN"),
]


async def test_every_read_of_the_catalogue_answers_on_the_fleet(fleet_bench: FleetBench) -> None:
    for action, params, words in READS:
        plan = await fleet_bench.plan(action, HOST, **params)
        run_id = await fleet_bench.start(plan)
        run = await fleet_bench.end(run_id)
        lines = await fleet_bench.lines(run_id)

        assert run.state is RunState.SUCCEEDED, (action, run.targets)
        assert any(words in line for line in lines) or not words, (action, lines)
        assert not any("not found" in line for line in lines), (action, lines)


async def test_a_restart_by_the_catalogue_mends_a_failed_unit(fleet_bench: FleetBench) -> None:
    root = fleet_bench.fleet.host(HOST).root
    root.set_unit("checkout.service", UnitState("failed", "failed"))

    run = await fleet_bench.run("unit-restart", HOST, unit="checkout", settle="0s")

    unit = root.unit("checkout.service")
    assert run.state is RunState.SUCCEEDED, run.targets
    assert unit is not None
    assert unit.active == "active"
