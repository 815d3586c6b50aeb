"""A real sshd with many addresses, and an engine that watches them: what a poll, a start and a host cost."""

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.table import Line
from benchmarks.watch import first_samples
from opsconsole.clock import SystemClock
from opsconsole.collect.host_tiers import FAST_LIMIT
from opsconsole.collect.scripts import script
from opsconsole.model.inventory import Host, Settings
from tests.realfleet import RealFleet

PEERS = Path(__file__).parent / "peers"
COMMAND = "cat /proc/stat /proc/meminfo /proc/loadavg /proc/net/dev /proc/uptime; df -P"
_TICK = os.sysconf("SC_CLK_TCK")


def level_the_ground() -> None:
    """Run servers and peers as nice as the engine makes itself: else who shares the cores decides."""
    os.nice(max(0, 10 - os.nice(0)))


class Ground:
    """One sshd, its hosts file and a configuration of opsconsole for the first `count` addresses.

    Args:
        folder: Where all of it is written.
        most: Addresses that the sshd listens on.
        level: Run what is measured as nice as the servers, too. A screen is not: the servers stand for
            other machines, and the person's terminal waits for nobody.
    """

    def __init__(self, folder: Path, most: int, *, level: bool = True) -> None:
        if level:
            level_the_ground()
        self.folder = folder
        self.sshd = RealFleet(folder / "sshd", most, {"MaxSessions": "20"})
        self.sshd.start()
        for server in self.sshd.servers:
            os.setpriority(os.PRIO_PROCESS, server.pid, max(10, os.nice(0)))
        self.every = self.sshd.addresses

    def hosts_file(self, count: int) -> Path:
        """Write the first addresses, a line each."""
        path = self.folder / f"hosts-{count}"
        path.write_text("\n".join(self.every[:count]) + "\n")
        return path

    def config(self, count: int, every: float = 10.0) -> Path:
        """Write a configuration for the first addresses."""
        path = self.folder / f"fleet-{count}.yaml"
        hosts = "\n".join(
            f"  - {{name: h{i:04d}, address: {a}}}" for i, a in enumerate(self.every[:count])
        )
        path.write_text(
            f"version: 1\ndefaults: {{user: {self.sshd.user}, port: {self.sshd.port}, every: {every:g}s, "
            f"timeout: 8s, identity: {self.sshd.client_key}, known_hosts: {self.sshd.known_hosts}}}\n"
            f"hosts:\n{hosts}\n"
        )
        return path

    def close(self) -> None:
        """End the sshd."""
        self.sshd.stop()


def cpu_of(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def rss_of(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


@contextmanager
def engine(folder: Path, config: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run an engine in the foreground; give its process and its socket."""
    env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    name = f"b{time.monotonic_ns()}"
    program = [sys.executable, "-m", "opsconsole", "-c", str(config), "-E", name, "engine", "run"]
    process = subprocess.Popen(program, env=env, stdin=subprocess.DEVNULL)
    try:
        yield process, folder / "state" / "opsconsole" / name / "engine.sock"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class _Start(NamedTuple):
    """One cold start: seconds to the first sample, to the last, processor seconds, hosts."""

    first: float
    wall: float
    cpu: float
    good: int


def cold_start(ground: Ground, count: int, rounds: int) -> Line:
    """Measure process start to every host's first sample, beside parallel-ssh and clush, in turn.

    What other tenants of a machine do moves one start by a quarter: the medians of some are told.
    """
    ours, pssh, clush = [], [], []
    for _ in range(rounds):
        ours.append(_start(ground, count))
        pssh.append(pssh_oneshot(ground, count))
        clush.append(clush_oneshot(ground, count))
    first, wall, cpu = (median(getattr(each, name) for each in ours) for name in _Start._fields[:3])
    return Line(
        f"cold start, {count} hosts ({min(each.good for each in ours)} up)",
        f"first green {first:.2f} s, last {wall:.1f} s, {cpu:.2f} CPU s, imports and all",
        {
            "wall / parallel-ssh <= 0.65": _share(wall, _median(pssh, "wall")),
            "wall / clush <= 0.85": _share(wall, _median(clush, "wall")),
            "CPU / parallel-ssh <= 1.3": _share(cpu, _median(pssh, "cpu")),
            "CPU / clush <= 0.25": _share(cpu, _median(clush, "cpu")),
        },
    )


def _start(ground: Ground, count: int) -> _Start:
    with engine(ground.folder, ground.config(count)) as (process, socket):
        first, wall, good = asyncio.run(first_samples(socket, count, 180))
        return _Start(first, wall, cpu_of(process.pid), good)


def _median(peer: list[dict[str, float] | None], what: str) -> float | None:
    found = [each[what] for each in peer if each]
    return median(found) if found else None


def _share(ours: float, theirs: float | None) -> float | None:
    return ours / theirs if theirs else None


def pssh_oneshot(ground: Ground, count: int) -> dict[str, float] | None:
    """Run the command once on every host by parallel-ssh, 32 in flight; None where it is not installed."""
    argv = [
        sys.executable, str(PEERS / "pssh_oneshot.py"), str(ground.hosts_file(count)), str(ground.sshd.port),
        str(ground.sshd.client_key), "32", COMMAND,
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, check=False, cwd=Path(__file__).parents[1])
    return json.loads(done.stdout) if done.returncode == 0 else None


def clush_oneshot(ground: Ground, count: int) -> dict[str, float] | None:
    """Run the command once on every host by clush with curve25519, 32 in flight."""
    clush = shutil.which("clush") or shutil.which("clush", path=str(Path(sys.executable).parent))
    if clush is None:
        return None
    options = (
        f"-p {ground.sshd.port} -i {ground.sshd.client_key} -o UserKnownHostsFile={ground.sshd.known_hosts} "
        "-o KexAlgorithms=curve25519-sha256 -o Ciphers=aes128-gcm@openssh.com -F none"
    )
    argv = [
        clush, "-q", "-f", "32", "-l", ground.sshd.user, "-o", options,
        "--hostfile", str(ground.hosts_file(count)), COMMAND,
    ]  # fmt: skip
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        argv, capture_output=True, check=False, env={**os.environ, "HOME": str(ground.folder)}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - began, "cpu": cpu}


def back_to_back(ground: Ground, count: int, rounds: int) -> Line:
    """Poll over kept connections as fast as they answer; our client alone, beside parallel-ssh's."""
    ours = asyncio.run(_polls(ground, count, rounds))
    kept = pssh_kept(ground, count, rounds)
    return Line(
        f"polls back to back, {count} hosts, {rounds} rounds",
        f"{1000 * ours:.2f} ms CPU a poll",
        {"CPU a poll / parallel-ssh, kept <= 0.4": _share(ours, kept)},
    )


async def _polls(ground: Ground, count: int, rounds: int) -> float:
    from opsconsole.transport.ssh import SshTransport

    hosts = [
        Host(
            f"h{n}", address, port=ground.sshd.port, user=ground.sshd.user,
            identity=(str(ground.sshd.client_key),), known_hosts=(str(ground.sshd.known_hosts),),
        )
        for n, address in enumerate(ground.every[:count])
    ]  # fmt: skip
    known = {host.name: host for host in hosts}
    ssh = SshTransport(Settings(), SystemClock(), hosts=known.get, agent=lambda: None)

    async def one(host: Host, times: int) -> None:
        for _ in range(times):
            await ssh.ask(host, script("fast"), {}, timeout=30.0, max_output=FAST_LIMIT)

    try:
        await asyncio.gather(*(one(host, 1) for host in hosts))
        before = time.process_time()
        await asyncio.gather(*(one(host, rounds) for host in hosts))
        return (time.process_time() - before) / (count * rounds)
    finally:
        await ssh.close()


def pssh_kept(ground: Ground, count: int, rounds: int) -> float | None:
    """Poll by parallel-ssh over kept connections, back to back; CPU seconds a poll."""
    argv = [
        sys.executable, str(PEERS / "pssh_kept.py"), str(ground.hosts_file(count)), str(ground.sshd.port),
        str(ground.sshd.client_key), str(rounds), COMMAND,
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, check=False)
    return float(json.loads(done.stdout)["cpu_per_poll"]) if done.returncode == 0 else None
