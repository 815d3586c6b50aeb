"""One reading line on many hosts over kept connections: what the client pays a target, beside its peers."""

import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.fleet import PEERS, Ground, cpu_of, engine
from benchmarks.table import Line
from benchmarks.watch import client_of, first_samples
from opsconsole.model.action import Plan
from opsconsole.model.calls import PlanRun, Started, StartRun
from opsconsole.model.states import RunState

LINE = ("cat", "/proc/loadavg")
_FORKS = 32
_SETTLE = 12.0


def read_action(ground: Ground, count: int, rounds: int) -> Line:
    """Run one reading line on every host, plan and journal included; the median of some rounds."""
    with engine(ground.folder, ground.config(count, every=3600.0)) as (process, socket):
        asyncio.run(first_samples(socket, count, 180))
        time.sleep(_SETTLE + count / 50)
        ours = asyncio.run(_rounds(process.pid, socket, count, rounds))
    peers = {
        "clush": _clush(ground, count, rounds, kept=False),
        "clush over kept masters": _clush(ground, count, rounds, kept=True),
        "ansible": _ansible(ground, count, rounds),
        "parallel-ssh": _pssh(ground, count, rounds),
    }
    told = ", ".join(f"{name} {_ms(cost)}" for name, cost in peers.items())
    return Line(
        f"fan-out of `{' '.join(LINE)}` to {count} hosts, {rounds} rounds",
        f"engine and client {_ms(ours)} CPU a target; {told}",
        {
            "CPU / clush <= 0.1": _share(ours, peers["clush"]),
            "CPU / clush over kept masters": _share(ours, peers["clush over kept masters"]),
            "CPU / ansible <= 0.1": _share(ours, peers["ansible"]),
            "CPU / parallel-ssh, kept <= 2": _share(ours, peers["parallel-ssh"]),
        },
    )


def _share(ours: float, theirs: float | None) -> float | None:
    return ours / theirs if theirs else None


def _ms(seconds: float | None) -> str:
    return "not installed" if seconds is None else f"{1000 * seconds:.2f} ms"


async def _rounds(pid: int, socket: Path, count: int, rounds: int) -> float:
    """The first round learns what each host has, and is not counted; nor are the polls after a run."""
    seen = []
    hosts = tuple(f"host:h{number:04d}" for number in range(count))
    async with client_of(socket) as client:
        while not client.snapshot.actions:
            await client.wait_change()
        for _ in range(rounds + 1):
            before = cpu_of(pid) + time.process_time()
            plan = await client.call(
                PlanRun("core.adhoc-read", hosts, {"command": " ".join(LINE)}), Plan
            )
            started = await client.call(StartRun(plan.id, plan.hash), Started)
            while True:
                run = client.snapshot.runs.get(started.run)
                if run is not None and run.state.is_over:
                    break
                await client.wait_change()
            cpu = cpu_of(pid) + time.process_time() - before
            if run.state is not RunState.SUCCEEDED or len(run.targets) != count:
                bad = next(
                    (f"{t.name} {t.state}: {t.why}" for t in run.targets if not t.state.is_good), ""
                )
                raise SystemExit(f"the run ended {run.state} on {len(run.targets)} hosts: {bad}")
            seen.append(cpu / count)
            await asyncio.sleep(3 + count / 50)
    return statistics.median(seen[1:])


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _measured(argv: Sequence[str], count: int, rounds: int, env: Mapping[str, str]) -> float | None:
    """Run a peer: once to open what it keeps, then counted; its children are in the count."""
    if shutil.which(argv[0]) is None:
        return None
    seen = []
    for _ in range(rounds + 1):
        before = _children()
        subprocess.run(argv, capture_output=True, check=False, env={**os.environ, **env})
        seen.append((_children() - before) / count)
    return statistics.median(seen[1:])


def _beside_us(program: str) -> str:
    here = Path(sys.executable).parent / program
    return str(here) if here.exists() else program


def _ssh_options(ground: Ground, *, kept: bool) -> str:
    options = (
        f"-F none -p {ground.sshd.port} -i {ground.sshd.client_key} "
        f"-o UserKnownHostsFile={ground.sshd.known_hosts} -o KexAlgorithms=curve25519-sha256 "
        "-o Ciphers=aes128-gcm@openssh.com"
    )
    masters = f" -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={ground.folder}/m-%h"
    return options + masters if kept else options


def _clush(ground: Ground, count: int, rounds: int, *, kept: bool) -> float | None:
    argv = [
        _beside_us("clush"), "-q", "-f", str(_FORKS), "-l", ground.sshd.user,
        "-o", _ssh_options(ground, kept=kept),
        "--hostfile", str(ground.hosts_file(count)), " ".join(LINE),
    ]  # fmt: skip
    return _measured(argv, count, rounds, {"HOME": str(ground.folder)})


def _ansible(ground: Ground, count: int, rounds: int) -> float | None:
    """Ad hoc and raw, which is its cheapest way, over the masters that it keeps itself."""
    argv = [
        _beside_us("ansible"), "all", "-i", str(ground.hosts_file(count)), "-f", str(_FORKS),
        "-m", "raw", "-a", " ".join(LINE), "-u", ground.sshd.user,
    ]  # fmt: skip
    env = {
        "HOME": str(ground.folder),
        "ANSIBLE_SSH_ARGS": _ssh_options(ground, kept=True),
        "ANSIBLE_LOCAL_TEMP": str(ground.folder / "ansible"),
        "LC_ALL": "C.UTF-8",
    }
    return _measured(argv, count, rounds, env)


def _pssh(ground: Ground, count: int, rounds: int) -> float | None:
    argv = [
        sys.executable, str(PEERS / "pssh_kept.py"), str(ground.hosts_file(count)), str(ground.sshd.port),
        str(ground.sshd.client_key), str(rounds), " ".join(LINE),
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, check=False)
    return float(json.loads(done.stdout)["cpu_per_poll"]) if done.returncode == 0 else None
