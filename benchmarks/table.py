"""One line of the table: what was measured, and its ratios to peers of the same run against their targets."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Line:
    """One measured thing; the key of a ratio says its target: `CPU / clush <= 0.25`."""

    what: str
    ours: str
    ratios: Mapping[str, float | None] = field(default_factory=dict)


def _verdict(name: str, value: float | None) -> str:
    if value is None:
        return f"    {name}: peer not installed"
    bound = re.search(r"<= ([0-9.]+)$", name)
    good = "ok  " if bound is None or value <= float(bound.group(1)) else "MISS"
    return f"    {good} {value:7.3f}   {name}"


def show(lines: Iterable[Line]) -> None:
    """Print lines as they come."""
    for line in lines:
        print(f"{line.what}\n    {line.ours}", flush=True)
        for name, value in line.ratios.items():
            print(_verdict(name, value), flush=True)
