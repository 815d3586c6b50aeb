"""What rules know of the time before now: a port to the series of a metric, and the measures taken on them."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, Protocol

from opsconsole.alerting import forecast
from opsconsole.query.values import UNKNOWN, Value

Point = tuple[float, float]
"""Epoch seconds, value."""


class Past(Protocol):
    """Where series come from."""

    def points(self, subject: str, key: str, since: float) -> Sequence[Point]:
        """Give what is known of a metric of a subject since a time, oldest first, without NaN.

        Args:
            subject: `host:db-02`, `check:checkout/api`.
            key: As in a sample: `fs.available{mount=/}`.
            since: Epoch seconds.
        """
        ...


class NoPast:
    """Knows nothing: every measure is unknown."""

    def points(self, subject: str, key: str, since: float) -> Sequence[Point]:  # noqa: ARG002
        """Give nothing."""
        return ()


class Measures:
    """Computes the functions of time; what costs is computed once for each new point."""

    def __init__(self, past: Past) -> None:
        self._past: Final = past
        self._fits: dict[tuple[str, str, float], tuple[float, forecast.Fit | None]] = {}

    def values(self, subject: str, key: str, window: float, now: float) -> tuple[float, ...]:
        """Give the values of a window, oldest first."""
        return tuple(value for _, value in self._past.points(subject, key, now - window))

    def measure(
        self, function: str, subject: str, key: str, arguments: Sequence[float], now: float
    ) -> Value:
        """Compute one function of `query.functions.MEASURED`; unknown where too little is known."""
        if function == "forecast":
            fit = self.fit(subject, key, arguments[0], now)
            return UNKNOWN if fit is None else fit.value_at(now + arguments[1])
        if function == "time_to":
            fit = self.fit(subject, key, arguments[1], now)
            ahead = None if fit is None else forecast.time_to(fit, arguments[0], now)
            return UNKNOWN if fit is None else math.inf if ahead is None else ahead
        points = self._past.points(subject, key, now - arguments[0])
        if function == "anomaly":
            score = forecast.robust_score([value for _, value in points])
            return UNKNOWN if score is None else score
        found = _OVER[function](points)
        return UNKNOWN if found is None else found

    def eta(
        self, subject: str, key: str, limit: float, window: float, now: float
    ) -> tuple[float, float] | None:
        """Give the range of seconds until a metric is at a limit; None when it does not go there."""
        fit = self.fit(subject, key, window, now)
        return None if fit is None else forecast.time_range(fit, limit, now)

    def fit(self, subject: str, key: str, window: float, now: float) -> forecast.Fit | None:
        """Give the line through a window, when it may be believed."""
        points = self._past.points(subject, key, now - window)
        if not points:
            return None
        name, newest = (subject, key, window), points[-1][0]
        known = self._fits.get(name)
        if known is None or known[0] != newest:
            known = (newest, forecast.believable_fit(points, window))
            self._fits[name] = known
        return known[1]


def _sum(points: Sequence[Point]) -> float | None:
    return math.fsum(value for _, value in points) if points else None


def _increase(points: Sequence[Point]) -> float:
    """Add up what a counter rose by; a decrease is a reset, and the new value its rise since."""
    total = 0.0
    for (_, before), (_, after) in pairwise(points):
        total += after - before if after >= before else after
    return total


def _rate(points: Sequence[Point]) -> float | None:
    span = points[-1][0] - points[0][0] if len(points) > 1 else 0.0
    return _increase(points) / span if span > 0 else None


def _delta(points: Sequence[Point]) -> float | None:
    return points[-1][1] - points[0][1] if len(points) > 1 else None


def _changes(points: Sequence[Point]) -> float | None:
    if not points:
        return None
    return float(sum(a != b for (_, a), (_, b) in pairwise(points)))


def _resets(points: Sequence[Point]) -> float | None:
    if not points:
        return None
    return float(sum(b < a for (_, a), (_, b) in pairwise(points)))


_OVER: Final[Mapping[str, Callable[[Sequence[Point]], float | None]]] = {
    "sum": _sum,
    "rate": _rate,
    "delta": _delta,
    "changes": _changes,
    "resets": _resets,
}
