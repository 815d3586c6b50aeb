"""/proc/diskstats (kernel documentation, admin-guide/iostats): what each disk did."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.delta import increase
from opsconsole.parsers.reading import device_keys, reads, whole_numbers

_SECTOR: Final = 512
"""Bytes; the file counts in these whatever the disk's own sectors are."""
_PART: Final = re.compile(r"(.*\d)p\d+|([a-z]+)\d+")
_VIRTUAL: Final = (b"loop", b"ram", b"zram", b"sr", b"fd")
_MOST: Final = 64
_RATES: Final = ("disk.util", "disk.queue", "disk.read", "disk.written", "disk.await")


class DiskTimes(NamedTuple):
    """One disk's counters since boot; times in milliseconds."""

    reads: int
    sectors_read: int
    read_time: int
    writes: int
    sectors_written: int
    write_time: int
    busy: int
    weighted: int


@reads("/proc/diskstats")
def parse_diskstats(text: bytes) -> Mapping[str, DiskTimes]:
    """Read whole disks: no partitions, no loop, memory or optical devices.

    Raises:
        ParseError: A line has too few fields or one that is no number.
    """
    disks: dict[str, DiskTimes] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 14:
            raise ValueError("too few fields")
        if fields[2].startswith(_VIRTUAL):
            continue
        n = whole_numbers(fields[3:14])
        name = clean(fields[2], NAME_LIMIT)
        disks[name] = DiskTimes(n[0], n[2], n[3], n[4], n[6], n[7], n[9], n[10])
    return dict([(name, disk) for name, disk in disks.items() if not _is_part(name, disks)][:_MOST])


def _is_part(name: str, disks: Mapping[str, DiskTimes]) -> bool:
    part = _PART.fullmatch(name)
    return part is not None and (part[1] or part[2]) in disks


def disk_rates(
    before: Mapping[str, DiskTimes], after: Mapping[str, DiskTimes], seconds: float
) -> Mapping[str, float]:
    """Tell use, queue, mean time of an operation and bytes a second for each disk seen twice."""
    metrics: dict[str, float] = {}
    for dev, new in after.items():
        old = before.get(dev)
        if old is None or seconds <= 0:
            continue
        d = DiskTimes(*map(increase, old, new))
        util, queue, read, written, wait = device_keys(_RATES, dev)
        metrics[util] = min(1.0, d.busy / 1000 / seconds)
        metrics[queue] = d.weighted / 1000 / seconds
        metrics[read] = d.sectors_read * _SECTOR / seconds
        metrics[written] = d.sectors_written * _SECTOR / seconds
        done = d.reads + d.writes
        metrics[wait] = (d.read_time + d.write_time) / 1000 / done if done else 0.0
    return metrics
