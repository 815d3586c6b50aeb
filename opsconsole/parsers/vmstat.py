"""/proc/vmstat (proc_vmstat(5)): paging, major faults and kills for memory, all counters."""

from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.delta import increase, rate
from opsconsole.parsers.reading import reads, whole_number

_RATES: Final = {
    b"pswpin": "swap.in",
    b"pswpout": "swap.out",
    b"pgmajfault": "mem.major_faults",
}
_OOM: Final = b"oom_kill"


@reads("/proc/vmstat")
def parse_vmstat(text: bytes) -> Mapping[bytes, int]:
    """Read the counters we use; kernels before 4.13 have no `oom_kill`.

    Raises:
        ParseError: A value is no number.
    """
    counters: dict[bytes, int] = {}
    for line in text.splitlines():
        name, _, value = line.partition(b" ")
        if name in _RATES or name == _OOM:
            counters[name] = whole_number(value)
    return counters


def vm_rates(
    before: Mapping[bytes, int], after: Mapping[bytes, int], seconds: float
) -> Mapping[str, float]:
    """Tell pages and faults a second, and kills since the look before."""
    metrics = {
        metric: rate(before[name], after[name], seconds)
        for name, metric in _RATES.items()
        if name in before and name in after
    }
    if _OOM in before and _OOM in after:
        metrics["mem.oom_kills"] = float(increase(before[_OOM], after[_OOM]))
    return metrics
