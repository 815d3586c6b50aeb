"""The table of metrics: every name the fleet can carry, its unit, kind, labels and how to show it.

Names are dotted, in base units (seconds, bytes, ratio 0..1), with no unit in the name. A sample's
key is the name, or `name{label=value}` for a labelled one (`fs.available{mount=/}`).
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Unit(StrEnum):
    """How a value is to be read."""

    NONE = ""
    RATIO = "ratio"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes/s"
    PER_SECOND = "per second"
    SECONDS = "seconds"


class Metric(NamedTuple):
    """One row of the table."""

    name: str
    unit: Unit
    labels: tuple[str, ...]
    title: str


_ROWS: Final = (
    Metric("load.1m", Unit.NONE, (), "load, 1 minute"),
    Metric("load.5m", Unit.NONE, (), "load, 5 minutes"),
    Metric("load.15m", Unit.NONE, (), "load, 15 minutes"),
    Metric("load.per_core", Unit.NONE, (), "load (5 minutes) per core"),
    Metric("cpu.cores", Unit.NONE, (), "processors online"),
    Metric("cpu.busy", Unit.RATIO, (), "processor time not idle and not waiting"),
    Metric("cpu.iowait", Unit.RATIO, (), "processor time waiting for disks"),
    Metric("cpu.steal", Unit.RATIO, (), "processor time taken by the hypervisor"),
    Metric("cpu.user", Unit.RATIO, (), "processor time in programs"),
    Metric("cpu.system", Unit.RATIO, (), "processor time in the kernel"),
    Metric("uptime", Unit.SECONDS, (), "since boot"),
    Metric("boot.at", Unit.SECONDS, (), "boot time, epoch seconds on the host's clock"),
    Metric("proc.running", Unit.NONE, (), "runnable tasks"),
    Metric("proc.total", Unit.NONE, (), "tasks"),
    Metric("proc.blocked", Unit.NONE, (), "processes in uninterruptible sleep"),
    Metric("proc.zombie", Unit.NONE, (), "zombie processes"),
    Metric("mem.total", Unit.BYTES, (), "memory"),
    Metric("mem.available", Unit.BYTES, (), "memory available"),
    Metric("mem.available_ratio", Unit.RATIO, (), "memory available, share"),
    Metric("mem.used_ratio", Unit.RATIO, (), "memory used, share"),
    Metric("swap.total", Unit.BYTES, (), "swap"),
    Metric("swap.used_ratio", Unit.RATIO, (), "swap used, share"),
    Metric("swap.in", Unit.PER_SECOND, (), "pages swapped in"),
    Metric("swap.out", Unit.PER_SECOND, (), "pages swapped out"),
    Metric("mem.major_faults", Unit.PER_SECOND, (), "major page faults"),
    Metric("mem.oom_kills", Unit.NONE, (), "processes killed for memory since the last sample"),
    Metric("psi.some", Unit.RATIO, ("resource",), "pressure, some stalled, 60 s mean"),
    Metric("psi.full", Unit.RATIO, ("resource",), "pressure, all stalled, 60 s mean"),
    Metric("fs.size", Unit.BYTES, ("mount",), "file system size"),
    Metric("fs.available", Unit.BYTES, ("mount",), "file system available"),
    Metric("fs.available_ratio", Unit.RATIO, ("mount",), "file system available, share"),
    Metric("fs.used_ratio", Unit.RATIO, ("mount",), "file system used, share"),
    Metric("fs.inodes_available_ratio", Unit.RATIO, ("mount",), "inodes available, share"),
    Metric("fs.readonly", Unit.NONE, ("mount",), "1 when mounted read-only"),
    Metric("fs.worst_used_ratio", Unit.RATIO, (), "fullest local file system, share used"),
    Metric("disk.util", Unit.RATIO, ("dev",), "share of time busy"),
    Metric("disk.await", Unit.SECONDS, ("dev",), "mean time of an operation"),
    Metric("disk.queue", Unit.NONE, ("dev",), "mean queue length"),
    Metric("disk.read", Unit.BYTES_PER_SECOND, ("dev",), "read"),
    Metric("disk.written", Unit.BYTES_PER_SECOND, ("dev",), "written"),
    Metric("net.rx", Unit.BYTES_PER_SECOND, ("dev",), "received"),
    Metric("net.tx", Unit.BYTES_PER_SECOND, ("dev",), "sent"),
    Metric("net.errors", Unit.PER_SECOND, ("dev",), "errors, both ways"),
    Metric("net.drops", Unit.PER_SECOND, ("dev",), "drops, both ways"),
    Metric("net.rx_total", Unit.BYTES_PER_SECOND, (), "received, all devices but loopback"),
    Metric("net.tx_total", Unit.BYTES_PER_SECOND, (), "sent, all devices but loopback"),
    Metric("net.error_ratio", Unit.RATIO, ("dev",), "errors, share of packets"),
    Metric("net.speed", Unit.BYTES_PER_SECOND, ("dev",), "what the link can carry"),
    Metric("net.carrier_changes", Unit.NONE, ("dev",), "times the link came or went since boot"),
    Metric("net.bond_missing", Unit.NONE, ("dev",), "links of a bond that are not up"),
    Metric("net.link_up", Unit.NONE, ("dev",), "1 when the link is up"),
    Metric("tcp.retransmit_ratio", Unit.RATIO, (), "segments sent again, share"),
    Metric("tcp.retransmits", Unit.PER_SECOND, (), "segments sent again"),
    Metric(
        "tcp.listen_overflows", Unit.PER_SECOND, (), "connections dropped at a full listen queue"
    ),
    Metric("tcp.established", Unit.NONE, (), "connections established"),
    Metric("fd.used_ratio", Unit.RATIO, (), "file descriptors used, share"),
    Metric("conntrack.used_ratio", Unit.RATIO, (), "connection tracking table used, share"),
    Metric("units.failed", Unit.NONE, (), "failed units"),
    Metric("unit.failed", Unit.NONE, ("unit",), "1 for each failed unit"),
    Metric("unit.restarts", Unit.NONE, ("unit",), "times the unit was restarted since boot"),
    Metric("proc.used_ratio", Unit.RATIO, (), "process ids used, share"),
    Metric("ecc.corrected", Unit.NONE, (), "memory errors corrected since boot"),
    Metric("ecc.uncorrected", Unit.NONE, (), "memory errors not corrected since boot"),
    Metric("raid.missing", Unit.NONE, ("dev",), "members the array should have and does not"),
    Metric("raid.failed", Unit.NONE, ("dev",), "failed members"),
    Metric("temp.max", Unit.NONE, (), "hottest sensor, degrees Celsius"),
    Metric("clock.offset", Unit.SECONDS, (), "the host's clock minus ours, when certain"),
    Metric("clock.synced", Unit.NONE, (), "1 when the host says its clock is synchronised"),
    Metric("users", Unit.NONE, (), "login sessions"),
    Metric("reboot.pending", Unit.NONE, (), "1 when a reboot is wanted"),
    Metric("ssh.rtt", Unit.SECONDS, (), "time of the fast tier's answer"),
    Metric("check.latency", Unit.SECONDS, (), "time of a check's answer"),
    Metric("cert.expires_in", Unit.SECONDS, (), "until the certificate ends"),
)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({row.name: row for row in _ROWS})


def metric_key(name: str, **labels: str) -> str:
    """Join a metric's name with its label: `metric_key("fs.size", mount="/")` is `fs.size{mount=/}`."""
    if not labels:
        return name
    inside = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}"


def split_key(key: str) -> tuple[str, Mapping[str, str]]:
    """Take a sample's key apart; the inverse of `metric_key` for one label, whatever its value."""
    name, brace, inside = key.partition("{")
    if not brace:
        return name, {}
    label, _, value = inside.removesuffix("}").partition("=")
    return name, {label: value}


def instances(metrics: Mapping[str, float], name: str) -> Iterator[tuple[Mapping[str, str], float]]:
    """Walk the label sets of one metric in a sample, the unlabelled one included."""
    prefix = name + "{"
    for key, value in metrics.items():
        if key == name or key.startswith(prefix):
            yield split_key(key)[1], value
