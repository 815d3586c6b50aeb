"""What fills up: for each thing of a host that has an end, where it stands, where it goes, and when it is full."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final

from opsconsole.alerting.forecast import (
    Fit,
    Point,
    agree,
    believable_fit,
    quantile,
    theil_sen,
    time_range,
    time_to,
)
from opsconsole.model.capacity import Resource
from opsconsole.model.metrics import split_key

DAY: Final = 86_400.0
WINDOW: Final = 14 * DAY
"""Seconds of past that are looked at."""
FULL: Final = 1.0
COARSE: Final = 3_600.0
COARSE_FROM: Final = 3 * DAY
"""A span from here on is looked at by the hour: a fit of 14 days is no better with more."""
LEAST_DAYS: Final = 4
"""Days that the second estimate wants."""
FARTHEST: Final = 365 * DAY
"""A year ahead is as far as two weeks can be drawn out; what is full later does not fill."""
STEPS: Final = 16

_NAMES: Final[Mapping[str, str]] = {
    "fs.used_ratio": "disk",
    "fs.inodes_available_ratio": "inodes",
    "mem.used_ratio": "memory",
    "conntrack.used_ratio": "conntrack",
    "fd.used_ratio": "files",
    "proc.used_ratio": "pids",
}
_LEFT: Final = frozenset({"fs.inodes_available_ratio"})
"""Metrics that count what is left, not what is used."""


def levels_of(metrics: Mapping[str, float]) -> dict[str, float]:
    """Take from a sample what can fill: the metric's key, and the share used."""
    found = {}
    for key, value in metrics.items():
        name = key.partition("{")[0]
        if name in _NAMES and not math.isnan(value):
            found[key] = 1.0 - value if name in _LEFT else value
    return found


def name_of(key: str) -> str:
    """Say what people call a resource: `disk /`, `memory`."""
    name, labels = split_key(key)
    return " ".join((_NAMES.get(name, name), *labels.values()))


def thinned_by_hour(points: Sequence[Point]) -> Sequence[Point]:
    """Take the first point of each hour of a long span; a short one stays as it is."""
    if not points or points[-1][0] - points[0][0] < COARSE_FROM:
        return points
    hours: dict[int, Point] = {}
    for at, value in points[:-1]:
        hours.setdefault(int(at // COARSE), (at, value))
    return [*hours.values(), points[-1]]


def resource_of(host: str, key: str, points: Sequence[Point]) -> Resource:
    """Judge one resource.

    Args:
        host: Its host's name.
        key: The metric's key.
        points: Time and share used, oldest first, at least one; the newest is taken as now.
    """
    points = thinned_by_hour(points)
    now, level = points[-1]
    span = now - points[0][0]
    fit = believable_fit(points, span) if span > 0 else None
    full = _full_in(fit, level, now)
    daily = daily_full_in(points)
    return Resource(
        host=host,
        metric=key,
        name=name_of(key),
        level=level,
        at=now,
        points=len(points),
        span=span,
        per_day=None if fit is None else fit.line.slope * DAY,
        earliest=full[0] if full else None,
        latest=full[1] if full and full[1] < FARTHEST else None,
        daily=daily,
        agrees=_agrees(fit, daily, now),
        line=None if fit is None else (fit.value_at(points[0][0]), fit.value_at(now)),
        steps=tuple(_steps(points)),
    )


def daily_full_in(points: Sequence[Point]) -> float | None:
    """Give the seconds until full by each day's low; None: it does not fill, or there are too few days.

    A day's low is what neither a nightly backup nor a rotation of logs bends. The line goes through the
    median of the lows, with the median of the slopes between them.
    """
    lows = _lows(points)
    if len(lows) < LEAST_DAYS:
        return None
    slope = theil_sen(lows)
    if slope is None or slope <= 0:
        return None
    now = points[-1][0]
    rests = sorted(value - slope * (at - now) for at, value in lows)
    seconds = (FULL - quantile(rests, 0.5)) / slope
    return max(0.0, seconds) if seconds < FARTHEST else None


def order_key(resource: Resource) -> tuple[bool, float, float, str, str]:
    """Order resources: what fills first on top, then the fullest."""
    return (
        not resource.fills,
        resource.earliest if resource.earliest is not None else 0.0,
        -resource.level,
        resource.host,
        resource.name,
    )


def _full_in(fit: Fit | None, level: float, now: float) -> tuple[float, float] | None:
    """Give the range until full; what is full is full now, what takes over a year does not fill."""
    if fit is None or fit.line.slope <= 0:
        return None
    if level >= FULL or fit.value_at(now) >= FULL:
        return (0.0, 0.0)
    found = time_range(fit, FULL, now)
    return found if found is not None and found[0] < FARTHEST else None


def _agrees(fit: Fit | None, daily: float | None, now: float) -> bool:
    if fit is None or daily is None:
        return False
    first = time_to(fit, FULL, now)
    return first is not None and (first == daily or agree(first, daily))


def _lows(points: Sequence[Point]) -> list[Point]:
    """Give the lowest point of each whole day, counted back from the newest; what is left over is dropped."""
    now = points[-1][0]
    days: dict[int, Point] = {}
    for at, value in points:
        day = int((now - at) // DAY)
        if day not in days or value < days[day][1]:
            days[day] = (at, value)
    whole = int((now - points[0][0]) // DAY)
    return sorted(point for day, point in days.items() if day < whole)


def _steps(points: Sequence[Point]) -> Iterator[float | None]:
    first, last = points[0][0], points[-1][0]
    width = max(last - first, 1.0) / STEPS
    found: list[list[float]] = [[] for _ in range(STEPS)]
    for at, value in points:
        found[min(STEPS - 1, int((at - first) / width))].append(value)
    for step in found:
        yield fmean(step) if step else None
