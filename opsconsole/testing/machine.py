"""One simulated machine: numbers that move as a real one's do, pushed about by the story."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from opsconsole.testing.roster import Actor

_TICKS: Final = 100
"""CLK_TCK: counter steps a second."""
_USUAL_LOAD: Final = {"web": 0.35, "db": 0.4, "batch": 0.5, "search": 0.3, "queue": 0.25}
"""Share of its cores that a machine of a role usually has busy."""
_RATES: Final[Mapping[str, float]] = {
    "reads": 20, "sectors_read": 900, "writes": 60, "sectors_written": 2600, "read_ms": 12, "write_ms": 60,
    "disk_ms": 70, "rx": 410_000, "tx": 630_000, "packets": 900, "segments": 1200, "retransmits": 0.6,
    "faults": 3, "stall_us": 8_000,
}  # fmt: skip
"""What a busy core does in a second."""
_STUCK_RATES: Final = {
    **_RATES,
    "writes": 900,
    "sectors_written": 40_000,
    "write_ms": 9_000,
    "disk_ms": 240,
}


@dataclass
class Disk:
    """One file system; sizes in kilobytes."""

    mount: str
    device: str
    kind: str
    size: int
    used: float
    inodes: int
    inodes_used: int
    growth: float = 0.0
    """Kilobytes a second."""

    @property
    def available(self) -> int:
        """Kilobytes left."""
        return max(0, self.size - int(self.used))


@dataclass
class Process:
    """One process."""

    pid: int
    user: str
    command: str
    memory: int
    """Kilobytes."""
    share: float
    """Of the machine's busy time."""
    ticks: float = 0.0


@dataclass
class Machine:
    """Counters since boot, and the knobs that the story turns."""

    actor: Actor
    rng: random.Random
    started: float
    """Epoch seconds of its boot."""
    boot_id: str
    load_factor: float = 1.0
    """How much busier than usual it wants to be."""
    memory_factor: float = 1.0
    is_stuck_on_disk: bool = False
    loads: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    cpu: dict[str, float] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    disks: list[Disk] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    busy: float = 0.0
    """Share of all cores in use during the last step."""
    memory_used: float = 0.45
    established: int = 40
    temperature: float = 42.0

    def advance(self, seconds: float, now: float) -> None:
        """Let time pass."""
        actor, rng = self.actor, self.rng
        wave = 1 + 0.15 * math.sin(now / 47 + actor.index) + rng.uniform(-0.12, 0.12)
        usual = _USUAL_LOAD.get(actor.role, 0.15)
        wanted = usual * self.load_factor * wave
        self.busy = min(0.98, max(0.01, wanted))
        self._settle_loads(wanted * actor.cores + (6 if self.is_stuck_on_disk else 0), seconds)
        self._spend(seconds)
        self._count(seconds)
        for disk in self.disks:
            floor = disk.size * 0.08
            disk.used = min(float(disk.size), max(floor, disk.used + disk.growth * seconds))
        self.memory_used = min(0.97, max(0.1, self._memory_target() + rng.uniform(-0.01, 0.01)))
        self.established = max(3, int(60 * self.busy * actor.cores + rng.uniform(-5, 5)))
        self.temperature = 38 + 30 * self.busy + rng.uniform(-1, 1)

    def reboot(self, now: float) -> None:
        """Begin anew, with another boot id."""
        self.started = now
        sizes = (32, 16, 16, 16, 48)
        self.boot_id = "-".join(f"{self.rng.getrandbits(bits):0{bits // 4}x}" for bits in sizes)
        self.cpu = dict.fromkeys(self.cpu, 0.0)
        self.counters = dict.fromkeys(self.counters, 0.0)
        self.loads = [0.0, 0.0, 0.0]

    def _memory_target(self) -> float:
        return {"db": 0.62, "cache": 0.71, "search": 0.66}.get(
            self.actor.role, 0.42
        ) * self.memory_factor

    def _settle_loads(self, target: float, seconds: float) -> None:
        for place, minutes in enumerate((1, 5, 15)):
            pull = 1 - math.exp(-seconds / (minutes * 60))
            self.loads[place] += (target - self.loads[place]) * pull

    def _spend(self, seconds: float) -> None:
        whole = seconds * _TICKS * self.actor.cores
        waiting = 0.22 if self.is_stuck_on_disk else 0.004
        shares = {
            "user": self.busy * 0.72, "nice": 0.0, "system": self.busy * 0.22, "iowait": waiting,
            "irq": 0.0, "softirq": self.busy * 0.05, "steal": self.busy * 0.01,
        }  # fmt: skip
        shares["idle"] = max(0.0, 1 - sum(shares.values()))
        for mode, share in shares.items():
            self.cpu[mode] = self.cpu.get(mode, 0.0) + share * whole
        for process in self.processes:
            process.ticks += process.share * self.busy * whole

    def _count(self, seconds: float) -> None:
        work = self.busy * self.actor.cores * seconds
        for name, rate in (_STUCK_RATES if self.is_stuck_on_disk else _RATES).items():
            self.counters[name] = self.counters.get(name, 0.0) + rate * work * self.rng.uniform(
                0.7, 1.3
            )


def make_machine(actor: Actor, seed: int, now: float) -> Machine:
    """Make a machine that has been up for some days."""
    rng = random.Random(f"{seed} {actor.name}")  # noqa: S311  (a fleet, no secret)
    up = rng.uniform(3, 90) * 86400
    boot_id = "-".join(f"{rng.getrandbits(bits):0{bits // 4}x}" for bits in (32, 16, 16, 16, 48))
    machine = Machine(actor, rng, now - up, boot_id)
    machine.disks = _disks(actor, rng)
    machine.processes = _processes(actor, rng)
    usual = _USUAL_LOAD.get(actor.role, 0.15) * actor.cores
    machine.loads = [usual * rng.uniform(0.9, 1.1) for _ in range(3)]
    machine.cpu = {"idle": up * _TICKS * actor.cores * 0.7, "user": up * _TICKS * actor.cores * 0.3}
    machine.advance(1.0, now)
    return machine


def _disks(actor: Actor, rng: random.Random) -> list[Disk]:
    gigabyte = 1 << 20
    disks = [_disk("/", "/dev/vda1", 40 * gigabyte, rng.uniform(0.3, 0.55))]
    if actor.role in ("db", "log", "search"):
        disks.append(_disk("/data", "/dev/vdb1", 500 * gigabyte, rng.uniform(0.55, 0.7)))
    else:
        disks.append(_disk("/var", "/dev/vda2", 80 * gigabyte, rng.uniform(0.2, 0.6)))
    return disks


def _disk(mount: str, device: str, size: int, share: float) -> Disk:
    inodes = size // 16
    return Disk(mount, device, "ext4", size, size * share, inodes, int(inodes * share * 0.3))


def _processes(actor: Actor, rng: random.Random) -> list[Process]:
    names = [unit.removesuffix(".service") for unit in actor.units]
    commands = ["systemd", *names, *names[:1] * 3, "journald", "kworker/0:1", "bash"]
    pid, found = 1, []
    for place, command in enumerate(commands):
        is_main = command == names[0]
        memory = actor.memory // 1024 * (0.12 if is_main else 0.004)
        share = 0.2 if is_main else 0.01
        user = (
            "root"
            if place == 0 or command.startswith(("k", "j", "ssh", "cron"))
            else command.split("-")[0]
        )
        found.append(
            Process(
                pid,
                user,
                command,
                int(memory * rng.uniform(0.6, 1.3)),
                share * rng.uniform(0.5, 1.2),
            )
        )
        pid += rng.randrange(3, 400)
    return found
