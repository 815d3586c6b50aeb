"""Names of many objects as one text, and names in the order a person expects."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_NUMBER: Final = re.compile(r"(\d+)")
_LAST_NUMBER: Final = re.compile(r"^(.*?)(\d+)(\D*)$")


@lru_cache(maxsize=16384)
def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Order names with numbers by value: web-2 before web-10."""
    return tuple(
        (0, int(part[:30]), part) if part.isdigit() and part.isascii() else (1, 0, part)
        for part in _NUMBER.split(name)
        if part
    )


def bare_name(reference: str) -> str:
    """Cut the kind off a reference: `host:db-02` is `db-02`; other text stays."""
    kind, colon, name = reference.partition(":")
    return name if colon and kind in ("host", "service", "check", "feed", "alert") else reference


def folded(names: Iterable[str]) -> str:
    """Write names short: `web-prod-{03,07,09-11}`, groups joined by commas."""
    return _folded(names, "{}")


def node_set(names: Iterable[str]) -> str:
    """Write names as a node set, `web-prod-[03,07,09-11]`: what one reads can be typed as targets."""
    return _folded(names, "[]")


def _folded(names: Iterable[str], brackets: str) -> str:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    alone: list[str] = []
    for name in sorted(set(names), key=natural_key):
        found = _LAST_NUMBER.match(name)
        if found is None:
            alone.append(name)
        else:
            groups[found.group(1), found.group(3)].append(found.group(2))
    parts = [_fold_group(head, numbers, tail, brackets) for (head, tail), numbers in groups.items()]
    return ",".join(parts + alone)


def _fold_group(head: str, numbers: list[str], tail: str, brackets: str) -> str:
    if len(numbers) == 1:
        return f"{head}{numbers[0]}{tail}"
    return f"{head}{brackets[0]}{','.join(_runs(numbers))}{brackets[1]}{tail}"


def _runs(numbers: list[str]) -> list[str]:
    runs: list[list[str]] = []
    for number in numbers:
        follows = runs and int(number) == int(runs[-1][-1]) + 1 and len(number) == len(runs[-1][-1])
        if follows:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs]
