"""Against the real thing: Debian's Alertmanager with a thousand alerts, and this machine by its own shell."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.collect.collector import Collector
from opsconsole.model.alert import fingerprint
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Settings
from opsconsole.transport.http import Endpoint, HttpClient
from opsconsole.transport.local import LocalTransport
from opsconsole.transport.ssh import SshTransport
from tests.collect_fakes import FakeSink, probe_of
from tests.realsshd import RealSshd, free_port, need

CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"
THIS = Host("here", "127.0.0.1", transport="local", every=30.0, timeout=20.0)


@pytest.fixture
async def web() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.close()


@pytest.fixture
async def alertmanager(tmp_path: Path, web: HttpClient) -> AsyncIterator[str]:
    """Run a real Alertmanager on a loopback port; gives its URL."""
    program = need("prometheus-alertmanager", "prometheus-alertmanager")
    (tmp_path / "am.yml").write_text(CONFIG)
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={tmp_path / 'am.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while (await web.fetch(Endpoint(f"http://{address}/-/ready"))).status != 200:
                await asyncio.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def post(web: HttpClient, url: str, path: str, document: object) -> bytes:
    answer = await web.fetch(
        Endpoint(
            f"{url}/api/v2/{path}",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps(document).encode(),
        )
    )
    assert answer.status == 200, answer
    return answer.body


def alerts(count: int) -> list[dict[str, object]]:
    starts = datetime.now(UTC).isoformat()
    return [
        {
            "labels": {"alertname": "Load", "instance": f"web{n:04}:9100", "severity": "warning", "replica": "a"},
            "annotations": {"summary": f"load on web{n:04}"},
            "startsAt": starts,
        }
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.real
async def test_a_thousand_alerts_of_a_real_alertmanager_are_read(
    alertmanager: str, web: HttpClient
):
    await post(web, alertmanager, "alerts", alerts(1_000))
    sink = FakeSink()
    source = AlertSource("main", "alertmanager", (alertmanager,), drop_labels=())
    probe = probe_of(source, web, sink, SystemClock(), 10.0)

    await probe.poll()
    await probe.poll()

    first, second = sink.readings
    assert (first.state, first.reason, len(first.alerts)) == ("up", "", 1_000)
    assert second.unchanged
    assert all(alert.fingerprint == fingerprint(alert.labels) for alert in first.alerts)
    assert first.started_at <= first.at
    assert first.remote_now == pytest.approx(first.at, abs=5.0)


@pytest.mark.real
async def test_a_real_silence_is_a_reason_to_be_quiet(alertmanager: str, web: HttpClient):
    await post(web, alertmanager, "alerts", alerts(2))
    silence = await post(
        web,
        alertmanager,
        "silences",
        {
            "matchers": [
                {"name": "instance", "value": "web0001:9100", "isRegex": False, "isEqual": True}
            ],
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "op1",
            "comment": "test",
        },
    )
    sink = FakeSink()
    source = AlertSource("main", "alertmanager", (alertmanager,))
    probe = probe_of(source, web, sink, SystemClock(), 10.0)

    await probe.poll()

    by_host = {alert.labels["instance"]: alert for alert in sink.readings[0].alerts}
    assert by_host["web0001:9100"].silenced_by == (json.loads(silence)["silenceID"],)
    assert by_host["web0000:9100"].silenced_by == ()
    assert "replica" not in by_host["web0000:9100"].labels


@pytest.mark.real
async def test_a_stopped_alertmanager_is_down_and_says_so(web: HttpClient):
    sink = FakeSink()
    source = AlertSource("main", "alertmanager", (f"http://127.0.0.1:{free_port()}",))
    probe = probe_of(source, web, sink, SystemClock(), 5.0)

    await probe.poll()

    assert sink.readings[0].state == "down"
    assert sink.readings[0].reason


@pytest.mark.real
async def test_hosts_behind_a_real_sshd_have_all_tiers(tmp_path: Path, web: HttpClient):
    addresses = [f"127.0.1.{n}" for n in range(1, 9)]
    sshd = RealSshd(tmp_path / "sshd", addresses).start()
    hosts = {f"h{n}": over_ssh(f"h{n}", address, sshd) for n, address in enumerate(addresses)}
    clock = SystemClock()
    ssh = SshTransport(Settings(), clock, hosts=hosts.get, agent=lambda: None)
    sink = FakeSink()
    collector = Collector(ssh, web, Inventory(tuple(hosts.values())), sink, clock)

    def is_whole(name: str) -> bool:
        told = {
            key
            for sample in sink.samples
            if sample.target == f"host:{name}"
            for key in sample.metrics
        }
        return {
            "cpu.busy",
            "load.1m",
            "mem.used_ratio",
            "fs.worst_used_ratio",
            "reboot.pending",
        } <= told

    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(collector.run(), name="collector")
            async with asyncio.timeout(50):
                while not all(is_whole(name) for name in hosts):
                    await asyncio.sleep(0.1)
            procs = await collector.ask_host("h0", "procs")
            task.cancel()
    finally:
        await ssh.close()
        sshd.stop()

    assert {sample.reach for sample in sink.samples} == {"up"}, sink.samples
    assert len(procs.lines) > 2, procs.note


def over_ssh(name: str, address: str, sshd: RealSshd) -> Host:
    return Host(
        name,
        address,
        port=sshd.port,
        user=sshd.user,
        identity=(str(sshd.client_key),),
        known_hosts=(str(sshd.known_hosts),),
        every=30.0,
        timeout=20.0,
    )


@pytest.mark.real
async def test_this_machine_is_watched_by_its_own_shell(web: HttpClient):
    clock = SystemClock()
    local = LocalTransport(clock)
    sink = FakeSink()
    check = Check("true", "exec", "", argv=("sh", "-c", "echo 'OK|n=1'"), every=30.0, timeout=20.0)
    collector = Collector(local, web, Inventory((THIS,), checks=(check,)), sink, clock)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(collector.run(), name="collector")
        async with asyncio.timeout(30):
            while not (
                sink.of("here", "lazy") and len(sink.of("here", "fast")) > 1 and sink.results
            ):
                await asyncio.sleep(0.05)
        procs = await collector.ask_host("here", "procs")
        task.cancel()
    await local.close()

    fast = sink.of("here", "fast")[1]
    assert (fast.outcome, fast.reach, fast.reason) == ("up", "up", "")
    assert 0.0 <= fast.metrics["cpu.busy"] <= 1.0
    assert abs(fast.metrics.get("clock.offset", 0.0)) < 1.0
    assert sink.of("here", "slow")[0].outcome == "up"
    assert sink.results[0].state == "up", sink.results[0].reason
    assert len(procs.lines) > 2, procs.note
