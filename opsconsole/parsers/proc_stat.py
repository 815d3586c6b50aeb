"""Processes: state counts for the slow tier, and two looks at /proc/*/stat (proc_pid_stat(5)) for a table."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.delta import increase
from opsconsole.parsers.reading import finite, reads, whole_number, whole_numbers

_SKIPPED: Final = b"skipped"


@reads("process states")
def parse_states(text: bytes) -> Mapping[str, float]:
    """Read lines `<letter> <count>` and tell the zombies; the blocked ones are in /proc/stat.

    `skipped <count>`: there are so many processes that a look at each would be dear; nothing is told.

    Raises:
        ParseError: A line is not of that form.
    """
    counts: dict[bytes, int] = {}
    for line in text.splitlines():
        letter, count = line.split()
        counts[letter] = whole_number(count)
    if not counts or _SKIPPED in counts:
        return {}
    return {"proc.zombie": float(counts.get(b"Z", 0))}


class Process(NamedTuple):
    """One process at one look."""

    pid: int
    state: str
    ticks: int
    pages: int
    threads: int
    name: str


class Processes(NamedTuple):
    """One look at all of them."""

    uptime: float
    by_pid: Mapping[int, Process]


@reads("/proc/*/stat")
def parse_processes(text: bytes) -> Processes:
    """Read the uptime line and then `pid state ticks pages threads name`, the name to the line's end.

    Raises:
        ParseError: There is no uptime, or a line is not of that form.
    """
    first, *lines = text.splitlines()
    found: dict[int, Process] = {}
    for line in lines:
        pid, state, ticks, pages, threads, name = line.split(b" ", 5)
        numbers = whole_numbers((pid, ticks, pages, threads))
        found[numbers[0]] = Process(
            numbers[0], clean(state, 4), numbers[1], numbers[2], numbers[3], clean(name, NAME_LIMIT)
        )
    return Processes(finite(first.split()[0]), found)


class Usage(NamedTuple):
    """One process between two looks."""

    process: Process
    cpu: float
    """Processors used: 1.0 is one whole core."""
    memory: int
    """Resident, bytes."""


def usages(before: Processes, after: Processes, ticks: int, page: int) -> tuple[Usage, ...]:
    """Tell what each process used between two looks, the busiest first, then the biggest.

    Args:
        before: The first look.
        after: The second; processes that it does not have are gone.
        ticks: Clock ticks a second (CLK_TCK).
        page: Bytes a page.
    """
    span = max(after.uptime - before.uptime, 0.01) * max(ticks, 1)
    rows = []
    for pid, process in after.by_pid.items():
        old = before.by_pid.get(pid)
        spent = increase(old.ticks, process.ticks) if old is not None else 0
        rows.append(Usage(process, spent / span, process.pages * page))
    return tuple(sorted(rows, key=lambda row: (-row.cpu, -row.memory, row.process.pid)))
