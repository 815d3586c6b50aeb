"""/proc/stat (proc_stat(5)): processor time by mode, cores, boot time, blocked processes."""

from collections.abc import Mapping
from typing import NamedTuple

from opsconsole.parsers.delta import increase
from opsconsole.parsers.reading import reads, whole_number, whole_numbers


class CpuTimes(NamedTuple):
    """One look at the first line: ticks since boot by mode, all processors together."""

    user: int
    system: int
    idle: int
    iowait: int
    steal: int


class Stat(NamedTuple):
    """What the fleet's table needs of /proc/stat."""

    cpu: CpuTimes
    cores: int
    boot_at: int
    """Epoch seconds on the host's clock; 0 when the kernel does not tell."""
    blocked: int


@reads("/proc/stat")
def parse_stat(text: bytes) -> Stat:
    """Read /proc/stat, whole or filtered (then `cpus N` stands for the lines of each processor).

    Raises:
        ParseError: It does not begin with the line of all processors.
    """
    first, _, rest = text.partition(b"\n")
    fields = first.split()
    if fields[0] != b"cpu":
        raise ValueError("no cpu line")
    cpu = _times(fields)
    cores = _number(rest, b"cpus ") or text.count(b"\ncpu") or 1
    return Stat(cpu, cores, _number(rest, b"btime "), _number(rest, b"procs_blocked "))


@reads("/proc/stat")
def parse_cores(text: bytes) -> tuple[CpuTimes, ...]:
    """Read the lines `cpu0 ...`, `cpu1 ...`: each processor's ticks, in their order.

    Raises:
        ParseError: A line is another one.
    """
    lines = [line.split() for line in text.splitlines()]
    if any(not fields[0].startswith(b"cpu") for fields in lines):
        raise ValueError("not a processor")
    return tuple(_times(fields) for fields in lines)


def _times(fields: list[bytes]) -> CpuTimes:
    if len(fields) < 5:
        raise ValueError("too few modes")
    ticks = [*whole_numbers(fields[1:9]), 0, 0, 0, 0]
    user, nice, system, idle, iowait, irq, softirq, steal = ticks[:8]
    return CpuTimes(user + nice, system + irq + softirq, idle, iowait, steal)


def _number(text: bytes, key: bytes) -> int:
    _, found, rest = (b"\n" + text).partition(b"\n" + key)
    return whole_number(rest.partition(b"\n")[0]) if found else 0


def cpu_shares(before: CpuTimes, after: CpuTimes) -> Mapping[str, float]:
    """Tell where the time between two looks went, as shares 0..1; empty when no time passed."""
    spent = [increase(old, new) for old, new in zip(before, after, strict=True)]
    total = sum(spent)
    if not total:
        return {}
    user, system, idle, iowait, steal = (ticks / total for ticks in spent)
    return {
        "cpu.busy": max(0.0, 1.0 - idle - iowait),
        "cpu.user": user,
        "cpu.system": system,
        "cpu.iowait": iowait,
        "cpu.steal": steal,
    }
