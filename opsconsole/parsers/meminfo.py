"""/proc/meminfo (proc_meminfo(5)): memory and swap."""

from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.reading import reads, whole_number

_KIB: Final = 1024
_WANTED: Final = frozenset(
    (
        b"MemTotal", b"MemFree", b"MemAvailable", b"Buffers", b"Cached", b"SReclaimable", b"Shmem",
        b"SwapTotal", b"SwapFree",
    )
)  # fmt: skip


@reads("/proc/meminfo")
def parse_meminfo(text: bytes) -> Mapping[str, float]:
    """Read memory and swap, bytes and shares.

    Kernels before 3.14 have no MemAvailable; then it is what free and reclaimable pages add up to.

    Raises:
        ParseError: There is no MemTotal, or a value is no number.
    """
    kib = dict(_pairs(text))
    total = kib[b"MemTotal"]
    available = min(_available(kib), total)
    metrics = {"mem.total": float(total * _KIB), "mem.available": float(available * _KIB)}
    metrics["mem.available_ratio"] = available / total
    metrics["mem.used_ratio"] = 1.0 - available / total
    swap = kib.get(b"SwapTotal", 0)
    metrics["swap.total"] = float(swap * _KIB)
    if swap:
        metrics["swap.used_ratio"] = max(0.0, 1.0 - kib[b"SwapFree"] / swap)
    return metrics


def _pairs(text: bytes) -> list[tuple[bytes, int]]:
    pairs = []
    for line in text.splitlines():
        name, _, value = line.partition(b":")
        if name in _WANTED:
            pairs.append((name, whole_number(value.split(None, 1)[0])))
    return pairs


def _available(kib: Mapping[bytes, int]) -> int:
    known = kib.get(b"MemAvailable")
    if known is not None:
        return known
    parts = (b"MemFree", b"Buffers", b"Cached", b"SReclaimable")
    return max(0, sum(kib.get(part, 0) for part in parts) - kib.get(b"Shmem", 0))
