"""The shipped actions that change something, over real SSH and HTTP to the simulated fleet."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import give_ports
from test_runs_fleet import HOST, FleetBench

from opsconsole.clock import SystemClock
from opsconsole.engine.caches import FileCaches
from opsconsole.engine.clients import NamedClients
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.snapshot import ServiceRecord
from opsconsole.model.states import RunState
from opsconsole.testing.fleet import Fleet
from opsconsole.transport.http import HttpClient

HOSTS = tuple(f"web-prod-0{number}" for number in range(1, 6))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[FleetBench]:
    async with Fleet(tmp_path / "fleet", hosts=30, story=False) as fleet:
        bench = FleetBench(tmp_path / "state", fleet)
        settings = load(SourceSpec(config=fleet.config)).settings
        web = HttpClient(SystemClock())
        now = bench.snapshot.now
        host = replace(bench.snapshot.hosts[HOST], at=now, every=1e6)
        hosts = {name: replace(host, name=name, facts={"hostname": name}) for name in HOSTS}
        service = ServiceRecord("checkout", hosts=HOSTS, labels={"lb_pool": "checkout"})
        bench.engine.snapshot = replace(bench.snapshot, hosts=hosts, services={"checkout": service})
        give_ports(
            bench.service,
            clients=NamedClients(lambda: settings, web, bench.ssh, SystemClock()),
            cache=FileCaches(tmp_path / "state" / "plugins").of,
        )
        serving = asyncio.create_task(bench.service.serve(), name="serve")
        yield bench
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await bench.ssh.close()
        await web.close()


async def test_a_host_is_drained_and_taken_back_by_the_load_balancers_own_api(
    bench: FleetBench,
) -> None:
    drained = await bench.run("lb-drain", HOST, pool="checkout", wait="12s")
    state = bench.fleet.balancer.state("checkout", HOST)
    back = await bench.run("lb-undrain", HOST, pool="checkout")

    assert (drained.state, state) == (RunState.SUCCEEDED, "drain"), drained.targets
    assert back.state is RunState.SUCCEEDED, back.targets
    assert bench.fleet.balancer.state("checkout", HOST) == "ready"


async def test_a_reboot_is_proved_by_another_boot(bench: FleetBench) -> None:
    before = bench.fleet.host(HOST).machine.boot_id

    run = await bench.run("reboot-wait", HOST, pool="", confirm=HOST)

    assert run.state is RunState.SUCCEEDED, run.targets
    assert bench.fleet.host(HOST).machine.boot_id != before
    assert "boot id changed" in run.targets[0].evidence


async def test_old_files_are_deleted_and_one_that_changed_is_left_alone(bench: FleetBench) -> None:
    logs = bench.fleet.host(HOST).root.path / "srv" / "logs"
    logs.mkdir(parents=True)
    old = time.time() - 40 * 86_400
    for there in logs.iterdir():
        there.unlink()
    for name in ("a.gz", "with space.gz", "-rf.gz", "new.gz", "keep.log"):
        (logs / name).write_text(name)
        if name != "new.gz":
            os.utime(logs / name, (old, old))

    plan = await bench.plan("file-capacity-relief", HOST, path="/srv/logs")
    frozen = plan.targets[0].steps[-1].note.rpartition("frozen=")[2]
    run = await bench.run(
        "file-capacity-relief", HOST, path="/srv/logs", frozen=frozen, confirm=HOST
    )

    assert run.state is RunState.SUCCEEDED, run.targets
    assert sorted(path.name for path in logs.iterdir()) == ["keep.log", "new.gz"]


async def test_keys_of_a_cache_go_in_pages_and_others_stay(bench: FleetBench) -> None:
    host = replace(bench.snapshot.hosts[HOST], labels={"role": "cache"})
    bench.engine.snapshot = replace(bench.snapshot, hosts={**bench.snapshot.hosts, HOST: host})

    run = await bench.run("cache-flush", HOST, pattern="session:*", confirm=HOST)

    kept = (bench.fleet.host(HOST).root.path / "opsc" / "redis").read_text()
    assert run.state is RunState.SUCCEEDED, run.targets
    assert run.targets[0].why == "40 keys, 90.0% hits → 40 unlinked"
    assert kept == "config:site\n"


async def test_logs_are_rotated_and_peers_are_alike(bench: FleetBench) -> None:
    run = await bench.run("logrotate-now", HOST, conf="/etc/logrotate.d/nginx")
    peers = await bench.run("peer-compare", "web-prod-0[1-3]")

    assert run.state is RunState.SUCCEEDED, run.targets
    assert {target.state for target in peers.targets} == {"unchanged"}
    assert all(target.why == "as most of 3" for target in peers.targets), peers.targets
