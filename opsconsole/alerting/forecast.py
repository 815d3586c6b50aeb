"""Where a series goes: the least-squares line, a robust second opinion, and what may not be believed.

The line is Prometheus's `linearRegression`: x counts from the time of evaluation, a constant series has slope 0.
A second slope, the median of all pair slopes (Theil-Sen), must agree: a log rotation bends only the first.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

Point = tuple[float, float]

LEAST_POINTS: Final = 30
LEAST_SPAN: Final = 0.5
"""Share of the window that the points must span."""
PAIRS_OF: Final = 60
"""Points that pair slopes are taken of in evaluation: 1,770 pairs cost a third of a millisecond."""
PAIRS_LIMIT: Final = 200
AGREEMENT: Final = 2.0
_FLAT: Final = 0.01
"""A line that moves less than this share of its level within the window needs no second opinion."""
TO_SIGMA: Final = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
ANOMALOUS: Final = 6.0
ANOMALIES: Final = (5, 7)
"""So many of so many newest values must be far off: one spike is none."""


class Line(NamedTuple):
    """A straight line; `at` is where `value` holds."""

    slope: float
    """Units a second."""
    value: float
    at: float

    def value_at(self, at: float) -> float:
        """Give the line's value at a time."""
        return self.value + self.slope * (at - self.at)


class Fit(NamedTuple):
    """A line that may be believed, and the quartiles of the pair slopes around it."""

    line: Line
    low: float
    high: float
    """25th and 75th percentile of the pair slopes; equal to the line's where none were taken."""

    def value_at(self, at: float) -> float:
        """Give the line's value at a time."""
        return self.line.value_at(at)


def least_squares(points: Sequence[Point], now: float) -> Line | None:
    """Fit a line by least squares, with x relative to the evaluation time.

    Source: Prometheus, promql/functions.go, `linearRegression`, with its compensated sums.

    Returns:
        The line with its value at `now`; None for fewer than two points, or points of one time.
    """
    if len(points) < 2:
        return None
    first = points[0][1]
    if all(value == first for _, value in points):
        return Line(0.0, first, now)
    count = float(len(points))
    xs = [at - now for at, _ in points]
    sum_x, sum_y = math.fsum(xs), math.fsum(value for _, value in points)
    sum_xy = math.fsum(x * value for x, (_, value) in zip(xs, points, strict=True))
    sum_xx = math.fsum(x * x for x in xs)
    variance = sum_xx - sum_x * sum_x / count
    if variance <= 0:
        return None
    slope = (sum_xy - sum_x * sum_y / count) / variance
    return Line(slope, sum_y / count - slope * sum_x / count, now)


def pair_slopes(points: Sequence[Point], limit: int = PAIRS_LIMIT) -> list[float]:
    """Give the slopes of all pairs of points, sorted; of more points than `limit` an even choice is taken."""
    few = thinned(points, limit)
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(few)
        for later in few[index + 1 :]
        if later[0] > earlier[0]
    ]
    slopes.sort()
    return slopes


def theil_sen(points: Sequence[Point], limit: int = PAIRS_LIMIT) -> float | None:
    """Give the median of the pair slopes; None without two times."""
    slopes = pair_slopes(points, limit)
    return median(slopes) if slopes else None


def thinned(points: Sequence[Point], limit: int) -> Sequence[Point]:
    """Choose evenly among points, both ends included."""
    if len(points) <= limit or limit < 2:
        return points
    step = (len(points) - 1) / (limit - 1)
    return [points[round(index * step)] for index in range(limit)]


def believable_fit(points: Sequence[Point], window: float) -> Fit | None:
    """Fit a line and tell whether it may be believed.

    Wanted are 30 points over half the window, and pair slopes whose median has the same sign and is within a
    factor of two. A line that hardly moves is believed as it is.
    """
    span = points[-1][0] - points[0][0] if points else 0.0
    if len(points) < LEAST_POINTS or span < LEAST_SPAN * window:
        return None
    line = least_squares(points, points[-1][0])
    if line is None:
        return None
    if abs(line.slope) * window <= _FLAT * abs(line.value):
        return Fit(line, line.slope, line.slope)
    slopes = pair_slopes(points, PAIRS_OF)
    if not agree(line.slope, median(slopes)):
        return None
    return Fit(line, quantile(slopes, 0.25), quantile(slopes, 0.75))


def agree(one: float, other: float) -> bool:
    """Tell whether two slopes have one sign and differ by a factor of two at most."""
    if one * other <= 0:
        return one == other
    ratio = abs(one) / abs(other)
    return 1 / AGREEMENT <= ratio <= AGREEMENT


def time_to(fit: Fit, limit: float, now: float) -> float | None:
    """Give the seconds until the line is at a limit; None when it goes away from it, or is past it."""
    return _reach(fit.value_at(now), fit.line.slope, limit)


def time_range(fit: Fit, limit: float, now: float) -> tuple[float, float] | None:
    """Give the earliest and latest likely seconds until a limit, by the quartiles of the pair slopes.

    The later end is infinite where the flatter quartile does not go there at all.
    """
    value = fit.value_at(now)
    middle = _reach(value, fit.line.slope, limit)
    if middle is None:
        return None
    ends = [_reach(value, slope, limit) for slope in (fit.low, fit.high)]
    known = [end for end in (*ends, middle) if end is not None]
    return min(known), math.inf if None in ends else max(known)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give a quantile of sorted values, interpolated between neighbours (as Prometheus and numpy do)."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def robust_z(value: float, others: Sequence[float]) -> float | None:
    """Tell how far a value is from the others, in robust standard deviations.

    Returns:
        |x - median| / (1.4826 * MAD); infinite where all others are equal and it is not; None without others.
    """
    if not others:
        return None
    middle = median(others)
    spread = TO_SIGMA * median(abs(other - middle) for other in others)
    apart = abs(value - middle)
    if spread == 0:
        return 0.0 if apart == 0 else math.inf
    return apart / spread


def robust_score(values: Sequence[float]) -> float | None:
    """Tell how unusual the newest values of a series are: the fifth highest z of the last seven.

    It passes a limit exactly when five of the last seven samples do. Wanted are 30 values before them.
    """
    needed, looked_at = ANOMALIES
    before, newest = values[:-looked_at], values[-looked_at:]
    if len(before) < LEAST_POINTS:
        return None
    scores = sorted((robust_z(value, before) or 0.0 for value in newest), reverse=True)
    return scores[needed - 1]


def _reach(value: float, slope: float, limit: float) -> float | None:
    away = limit - value
    if away == 0 or slope == 0:
        return 0.0 if away == 0 else None
    seconds = away / slope
    return seconds if seconds > 0 else None
