"""/proc/net/snmp and /proc/net/netstat (kernel documentation, networking/snmp_counter): TCP's troubles."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from opsconsole.parsers.delta import increase, rate
from opsconsole.parsers.reading import reads, whole_numbers

_GROUPS: Final = (b"Tcp:", b"Udp:", b"TcpExt:")


@reads("/proc/net/snmp")
def parse_snmp(text: bytes) -> Mapping[str, int]:
    """Read pairs of lines, one of names and one of values, each behind `Group:`.

    Returns:
        `Group.Name` to value, for Tcp, Udp and TcpExt; values below zero (no limit) are left out.

    Raises:
        ParseError: A line of values does not fit its line of names.
    """
    found: dict[str, int] = {}
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        group, keys = _names(names)
        if group not in _GROUPS:
            continue
        again, *numbers = values.split()
        if again != group or len(keys) != len(numbers):
            raise ValueError("values do not fit names")
        known = [(k, n) for k, n in zip(keys, numbers, strict=True) if not n.startswith(b"-")]
        found.update(zip((k for k, _ in known), whole_numbers(n for _, n in known), strict=True))
    return found


@lru_cache(maxsize=16)
def _names(line: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Read a line of names once: it is the same at every look, and on most hosts."""
    group, *keys = line.split()
    if group not in _GROUPS:
        return group, ()
    prefix = group[:-1].decode()
    return group, tuple(f"{prefix}.{key.decode('ascii')}" for key in keys)


def tcp_metrics(
    before: Mapping[str, int], after: Mapping[str, int], seconds: float
) -> Mapping[str, float]:
    """Tell established connections, segments sent again, and connections dropped at full queues."""
    metrics: dict[str, float] = {}
    if "Tcp.CurrEstab" in after:
        metrics["tcp.established"] = float(after["Tcp.CurrEstab"])
    both = before.keys() & after.keys()
    if {"Tcp.OutSegs", "Tcp.RetransSegs"} <= both:
        again = increase(before["Tcp.RetransSegs"], after["Tcp.RetransSegs"])
        sent = increase(before["Tcp.OutSegs"], after["Tcp.OutSegs"])
        metrics["tcp.retransmits"] = again / seconds if seconds > 0 else 0.0
        metrics["tcp.retransmit_ratio"] = min(1.0, again / sent) if sent else 0.0
    name = "TcpExt.ListenOverflows"
    if name in both:
        metrics["tcp.listen_overflows"] = rate(before[name], after[name], seconds)
    return metrics
