"""One fast answer made into metrics: pure, and given what the host said before, rates too."""

from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple

from opsconsole.collect.section_reader import SectionReader
from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.clock import ClockReading, parse_clock
from opsconsole.parsers.diskstats import DiskTimes, disk_rates, parse_diskstats
from opsconsole.parsers.filenr import parse_filenr
from opsconsole.parsers.loadavg import parse_loadavg, parse_uptime
from opsconsole.parsers.meminfo import parse_meminfo
from opsconsole.parsers.netdev import NetCounters, net_rates, parse_netdev
from opsconsole.parsers.os_release import parse_uname
from opsconsole.parsers.pressure import parse_pressure
from opsconsole.parsers.sections import split_sections
from opsconsole.parsers.snmp import parse_snmp, tcp_metrics
from opsconsole.parsers.stat import CpuTimes, Stat, cpu_shares, parse_stat
from opsconsole.parsers.vmstat import parse_vmstat, vm_rates

EXPECTED: Final = (
    "uptime", "loadavg", "stat", "meminfo", "vmstat", "diskstats", "netdev", "snmp", "filenr",
    "pressure.cpu", "pressure.memory", "pressure.io",
)  # fmt: skip
_RESOURCES: Final = ("cpu", "memory", "io")


class Counters(NamedTuple):
    """What has to be remembered of one answer so that the next one can tell rates."""

    boot_id: str
    at: float
    """Our own clock, seconds; used where the host does not tell its uptime."""
    uptime: float
    cpu: CpuTimes | None
    vm: Mapping[bytes, int]
    disks: Mapping[str, DiskTimes]
    nets: Mapping[str, NetCounters]
    tcp: Mapping[str, int]


class FastReading(NamedTuple):
    """One answer, read."""

    metrics: Mapping[str, float]
    facts: Mapping[str, str]
    counters: Counters
    clock: ClockReading | None


def read_fast(answer: bytes, before: Counters | None, at: float) -> FastReading:
    """Read one answer of the fast tier.

    Args:
        answer: What the script wrote, with its end mark.
        before: The counters of the answer before; of another boot they are dropped.
        at: Our clock when the answer was complete, for hosts that do not tell their uptime.

    Raises:
        ParseError: The answer is cut.
    """
    reader = SectionReader(split_sections(answer))
    metrics, now = _look(reader, at)
    known = before if before is not None and before.boot_id == now.boot_id else None
    if known is not None:
        metrics.update(_rates(known, now))
    facts = dict(reader.read("uname", parse_uname, {}))
    facts["boot_id"] = now.boot_id
    facts["unsupported"] = ", ".join(name for name in EXPECTED if not reader.sections.get(name))
    facts["unreadable"] = ", ".join(reader.unreadable)
    return FastReading(metrics, facts, now, reader.read("clock", parse_clock, None))


def _look(reader: SectionReader, at: float) -> tuple[dict[str, float], Counters]:
    uptime = reader.read("uptime", parse_uptime, 0.0)
    metrics: dict[str, float] = {"uptime": uptime} if uptime else {}
    metrics.update(reader.read("loadavg", parse_loadavg, {}))
    metrics.update(reader.read("meminfo", parse_meminfo, {}))
    metrics.update(reader.read("filenr", parse_filenr, {}))
    for resource in _RESOURCES:
        found = reader.read(f"pressure.{resource}", partial(parse_pressure, resource=resource), {})
        metrics.update(found)
    stat = reader.read("stat", parse_stat, None)
    if stat is not None:
        metrics.update(_of_stat(stat, metrics.get("load.5m")))
    counters = Counters(
        clean(reader.sections.get("boot_id", b"").strip(), NAME_LIMIT),
        at,
        uptime,
        stat.cpu if stat is not None else None,
        reader.read("vmstat", parse_vmstat, {}),
        reader.read("diskstats", parse_diskstats, {}),
        reader.read("netdev", parse_netdev, {}),
        {**reader.read("snmp", parse_snmp, {}), **reader.read("netstat", parse_snmp, {})},
    )
    return metrics, counters


def _of_stat(stat: Stat, load: float | None) -> dict[str, float]:
    metrics = {"cpu.cores": float(stat.cores), "proc.blocked": float(stat.blocked)}
    if stat.boot_at:
        metrics["boot.at"] = float(stat.boot_at)
    if load is not None:
        metrics["load.per_core"] = load / stat.cores
    return metrics


def _rates(before: Counters, now: Counters) -> dict[str, float]:
    seconds = now.uptime - before.uptime if now.uptime and before.uptime else now.at - before.at
    metrics: dict[str, float] = {}
    if seconds <= 0:
        return metrics
    if before.cpu is not None and now.cpu is not None:
        metrics.update(cpu_shares(before.cpu, now.cpu))
    metrics.update(vm_rates(before.vm, now.vm, seconds))
    metrics.update(disk_rates(before.disks, now.disks, seconds))
    metrics.update(net_rates(before.nets, now.nets, seconds))
    metrics.update(tcp_metrics(before.tcp, now.tcp, seconds))
    return metrics
