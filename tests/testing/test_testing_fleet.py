"""The fleet as the engine meets it: real SSH, real HTTP, the real collector."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import httpx
import pytest

from opsconsole.clock import SystemClock
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Host, Inventory
from opsconsole.testing.fleet import Fleet
from opsconsole.testing.units import UnitState
from opsconsole.transport.base import Command, Ending, Spool
from opsconsole.transport.router import Router
from opsconsole.transport.ssh import SshTransport


@pytest.fixture
def inventory(quiet_fleet: Fleet) -> Inventory:
    return load(SourceSpec(config=quiet_fleet.config))


@pytest.fixture
async def ssh(inventory: Inventory) -> AsyncIterator[SshTransport]:
    hosts = {host.name: host for host in inventory.hosts}
    transport = SshTransport(inventory.settings, SystemClock(), hosts=hosts.get, agent=lambda: None)
    try:
        yield transport
    finally:
        await transport.close()


def host_of(inventory: Inventory, role: str) -> Host:
    return next(host for host in inventory.hosts if host.labels["role"] == role)


async def test_its_configuration_is_one_we_read_without_a_warning(inventory: Inventory) -> None:
    assert len(inventory.hosts) == 12
    assert inventory.warnings == ()
    assert inventory.settings.locked
    assert inventory.sources[0].urls[0].startswith("http://127.0.0.1:")


async def test_a_command_runs_through_the_bootstrap_in_the_simulated_root(
    ssh: SshTransport, inventory: Inventory
) -> None:
    host = host_of(inventory, "db")

    answer = await ssh.run(
        host,
        Command(script='cat "$OPSC_ROOT/proc/sys/kernel/hostname"; command -v ps; echo "$PATH"'),
    )

    assert answer.code == 0
    lines = answer.stdout.decode().splitlines()
    assert lines[0] == host.name
    assert all("/fleet/" in word for line in lines[1:] for word in line.split(":"))


async def test_a_restart_over_ssh_brings_the_http_service_back(
    ssh: SshTransport, inventory: Inventory, quiet_fleet: Fleet
) -> None:
    host = host_of(inventory, "web")
    checkout = next(service for service in inventory.services if service.name == "checkout")
    url = next(check.target for check in checkout.checks if check.name.endswith(host.name))
    quiet_fleet.host(host.name).root.set_unit("checkout.service", UnitState("failed", "failed"))

    async with httpx.AsyncClient(trust_env=False) as http:
        before = await http.get(url)
        answer = await ssh.run(
            host,
            Command(argv=("sudo", "-n", "--", "systemctl", "restart", "--", "checkout.service")),
        )
        after = await http.get(url)

    assert before.status_code == 502
    assert answer.code == 0
    assert after.status_code == 200
    assert after.json()["db"] == "up"


async def test_a_flood_is_cut_and_seen_as_one(ssh: SshTransport, inventory: Inventory) -> None:
    host = host_of(inventory, "db")

    flood = await ssh.run(
        host,
        Command(script="while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", max_output=10_000),
    )

    assert flood.ending is Ending.FLOODED


async def _connect(fleet: Fleet, name: str) -> asyncssh.SSHClientConnection:
    host = fleet.host(name)
    return await asyncssh.connect(
        host.actor.address, host.server.port, username="op1", client_keys=[str(fleet.directory / "id_ed25519")],
        known_hosts=str(fleet.directory / "known_hosts"), config=None, agent_path=None,
    )  # fmt: skip


async def test_every_other_command_is_refused(quiet_fleet: Fleet) -> None:
    async with await _connect(quiet_fleet, "web-prod-01") as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("id")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", 22)


async def test_a_shell_offers_the_stubs_and_nothing_of_this_machine(quiet_fleet: Fleet) -> None:
    async with await _connect(quiet_fleet, "web-prod-01") as connection:
        process = await connection.create_process(term_type="xterm")
        process.stdin.write(
            "uptime\rcat /etc/passwd\r/bin/sh\r$(id)\rsystemctl is-active nginx\rexit\r"
        )
        async with asyncio.timeout(10):
            shown = await process.stdout.read()

    assert "load average" in shown
    assert "root:" not in shown
    assert shown.count("not found on this simulated host") == 3
    assert "active" in shown


async def test_a_wrong_key_is_refused(quiet_fleet: Fleet) -> None:
    host = quiet_fleet.host("web-prod-01")
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            host.actor.address, host.server.port, username="op1", client_keys=[stranger],
            known_hosts=str(quiet_fleet.directory / "known_hosts"), config=None, agent_path=None,
        )  # fmt: skip


async def test_a_silent_host_accepts_and_says_nothing_and_comes_back(quiet_fleet: Fleet) -> None:
    name = "web-prod-01"
    host = quiet_fleet.host(name)

    await host.server.go_silent()
    reader, writer = await asyncio.open_connection(host.actor.address, host.server.port)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    writer.close()
    await host.server.come_back()

    async with await _connect(quiet_fleet, name) as connection:
        assert connection.get_extra_info("username") == "op1"


async def test_everything_is_below_its_folder(quiet_fleet: Fleet, tmp_path: Path) -> None:
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]
    assert (quiet_fleet.directory / "id_ed25519").stat().st_mode & 0o077 == 0


async def test_demo_serve_says_one_line_and_stops_on_sigterm(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "opsconsole", "demo", "--serve", str(tmp_path / "d"), "--hosts", "5",
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = await process.stdout.readline()
        assert line.decode() == f'{{"config":"{tmp_path}/d/opsconsole.yaml"}}\n'
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await process.wait() == 0
            assert await process.stdout.read() == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_what_runs_under_a_spool_ends_with_the_fleet(tmp_path: Path) -> None:
    clock = SystemClock()
    async with Fleet(tmp_path / "fleet", hosts=12, story=False) as fleet:
        inventory = load(SourceSpec(config=fleet.config))
        host = inventory.hosts[0]
        ssh = SshTransport(inventory.settings, clock, hosts=lambda _: None, agent=lambda: None)
        router = Router(ssh, ssh, clock)
        step = Command(argv=("sleep", "60"), timeout=50, spool=Spool("run-1", "step"))
        running = asyncio.create_task(router.run(host, step))
        home = fleet.host(host.name).root.path / "home"
        async with asyncio.timeout(10):
            job = home / ".opsc/run-1/step/job"
            while not (said := job.read_text() if job.exists() else ""):
                await asyncio.sleep(0.01)
        pid = int(said)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await router.close()
        assert Path(f"/proc/{pid}").exists()

    async with asyncio.timeout(5):
        while Path(f"/proc/{pid}/cmdline").exists():
            await asyncio.sleep(0.01)
