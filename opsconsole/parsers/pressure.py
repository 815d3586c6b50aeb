"""/proc/pressure/* (kernel documentation, accounting/psi): how long tasks were stalled."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.metrics import metric_key
from opsconsole.parsers.reading import finite, reads

_KEYS: Final = {
    (kind, resource): metric_key(f"psi.{kind.decode()}", resource=resource)
    for kind in (b"some", b"full")
    for resource in ("cpu", "memory", "io")
}


@reads("/proc/pressure")
def parse_pressure(text: bytes, resource: str) -> Mapping[str, float]:
    """Read the means over 60 seconds, as shares 0..1.

    Args:
        text: Lines `some avg10=0.00 avg60=0.00 ...` and perhaps `full ...`.
        resource: cpu, memory or io. `full` of cpu is always zero for a whole machine and left out.

    Raises:
        ParseError: There is no `some` line with an avg60.
    """
    metrics: dict[str, float] = {}
    for line in text.splitlines():
        kind, _, values = line.partition(b" ")
        if kind == b"some" or (kind == b"full" and resource != "cpu"):
            value = values.partition(b"avg60=")[2].partition(b" ")[0]
            metrics[_KEYS[kind, resource]] = finite(value) / 100
    if not metrics:
        raise ValueError("no pressure")
    return metrics
