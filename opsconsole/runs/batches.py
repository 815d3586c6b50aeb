"""Cuts the frozen targets into batches: who is the canary, how many next, which failure domains together; pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import floor
from typing import Final

from msgspec import Struct

from opsconsole.model.rollout import Canary, Rollout, Size


class Standing(Struct, frozen=True):
    """What is known of one target when the plan is made."""

    is_healthy: bool = False
    """Fresh, and nothing fires on it."""
    load: float = 0.0
    domain: str = ""
    """Its value of the label that batches are spread by."""


_UNKNOWN: Final = Standing()


def cut_batches(
    rollout: Rollout, names: Sequence[str], standings: Mapping[str, Standing]
) -> tuple[tuple[str, ...], ...]:
    """Cut names into batches.

    Args:
        rollout: Sizes are cumulative over all names: after a canary of 1, `10%` of 20 means one more.
        names: Targets that are worked on, in natural order.
        standings: By name; one that is missing is not healthy.

    Returns:
        Every name once; with a canary, and more targets than it takes, the canary is the first.
    """
    canary = () if rollout.canary is None else _canary(rollout.canary, rollout, names, standings)
    chosen = set(canary)
    rest = [name for name in names if name not in chosen]
    if rollout.spread_by and rollout.spread == "share":
        rest = _interleave(rest, standings)
    batches: list[Sequence[str]] = [canary] if canary else []
    if rollout.spread_by and rollout.spread == "one_domain":
        batches += _by_domain(rollout, rest, standings, done=len(canary), total=len(names))
    else:
        batches += _by_size(rollout, rest, done=len(canary), total=len(names))
    return tuple(tuple(batch) for batch in batches if batch)


def size_of(size: Size, total: int) -> int:
    """Count a size: a share is rounded down, and nothing is below one or above all."""
    wished = size.count if size.count is not None else floor(total * (size.percent or 0.0) / 100)
    return max(1, min(wished, total))


def batch_numbers(batches: Sequence[Sequence[str]]) -> Mapping[str, int]:
    """Number each target's batch, the first is 0."""
    return {name: number for number, batch in enumerate(batches) for name in batch}


def has_canary(rollout: Rollout, batches: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first batch is a canary: one that holds every target is no trial."""
    return rollout.canary is not None and len(batches) > 1


def _canary(
    canary: Canary, rollout: Rollout, names: Sequence[str], standings: Mapping[str, Standing]
) -> tuple[str, ...]:
    wanted = size_of(canary.size, len(names))
    if wanted >= len(names):
        return ()

    def rank(name: str) -> tuple[bool, float]:
        standing = standings.get(name, _UNKNOWN)
        return not standing.is_healthy, standing.load if "least_loaded" in canary.pick else 0.0

    ranked = sorted(names, key=rank)
    if "spread_by" in canary.pick:
        return tuple(_round_robin(ranked, standings)[:wanted])
    if rollout.spread_by and rollout.spread == "one_domain":
        domain = _domain(ranked[0], standings)
        ranked = [name for name in ranked if _domain(name, standings) == domain]
    return tuple(ranked[:wanted])


def _domain(name: str, standings: Mapping[str, Standing]) -> str:
    return standings.get(name, _UNKNOWN).domain


def _groups(names: Sequence[str], standings: Mapping[str, Standing]) -> list[list[str]]:
    """Group names by domain; the order within one stays."""
    ordered = sorted(names, key=lambda name: _domain(name, standings))
    return [list(group) for _, group in groupby(ordered, lambda name: _domain(name, standings))]


def _round_robin(names: Sequence[str], standings: Mapping[str, Standing]) -> list[str]:
    """Take the first of each domain, then the second of each; domains in the order they appear."""
    taken: dict[str, int] = {}
    turns: dict[str, int] = {}
    for name in names:
        domain = _domain(name, standings)
        turns[name] = taken.get(domain, 0)
        taken[domain] = turns[name] + 1
    return sorted(names, key=lambda name: turns[name])


def _interleave(names: Sequence[str], standings: Mapping[str, Standing]) -> list[str]:
    """Order names so that every stretch holds its share of each domain."""
    place = {
        name: (index + 0.5) / len(group)
        for group in _groups(names, standings)
        for index, name in enumerate(group)
    }
    return sorted(names, key=lambda name: place[name])


def _capacities(rollout: Rollout, done: int, total: int) -> Iterator[int]:
    """Give how many each batch takes; the last one again and again until nothing is left."""
    for size in rollout.batches:
        until = size_of(size, total)
        if until > done:
            yield until - done
            done = until
    while done < total:
        yield total - done


def _by_size(rollout: Rollout, rest: Sequence[str], *, done: int, total: int) -> list[list[str]]:
    batches: list[list[str]] = []
    at = 0
    for capacity in _capacities(rollout, done, total):
        if at >= len(rest):
            break
        batches.append(list(rest[at : at + capacity]))
        at += capacity
    return batches


def _by_domain(
    rollout: Rollout,
    rest: Sequence[str],
    standings: Mapping[str, Standing],
    *,
    done: int,
    total: int,
) -> list[list[str]]:
    """One domain a batch; where a domain is smaller than the batch might be, the batch is smaller."""
    batches: list[list[str]] = []
    waiting = _groups(rest, standings)
    capacities = _capacities(rollout, done, total)
    while waiting:
        capacity = next(capacities, len(waiting[0]))
        batches.append(waiting[0][:capacity])
        waiting[0] = waiting[0][capacity:]
        waiting = [group for group in waiting if group]
    return batches
