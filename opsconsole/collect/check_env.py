"""What a check's assertions can ask about: the names of one answer, and the numbers of those before it."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from opsconsole.query.values import Value, is_number

_KEPT: Final = 720
"""Answers whose numbers are remembered: six hours at the default interval."""
_MOST_NUMBERS: Final = 50


class Trail:
    """The numbers of a check's answers, for `p95(latency, 10m)`."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, Mapping[str, float]]] = deque(maxlen=_KEPT)

    def add(self, at: float, values: Mapping[str, Value]) -> None:
        """Remember the numbers of one answer."""
        numbers = {
            name: float(v)
            for name, v in values.items()
            if isinstance(v, int | float) and is_number(v)
        }
        self._points.append((at, dict(list(numbers.items())[:_MOST_NUMBERS])))

    def within(self, name: str, seconds: float, now: float) -> tuple[float, ...]:
        """Give a name's numbers of the last seconds, oldest first."""
        return tuple(p[name] for at, p in self._points if at >= now - seconds and name in p)


class CheckEnv:
    """The environment of one answer."""

    def __init__(self, values: Mapping[str, Value], trail: Trail, now: float) -> None:
        self._values = values
        self._trail = trail
        self._now = now

    def get(self, name: str, /) -> Value:
        """Give a name's value; `latency@600` is the list of latencies of the last 600 seconds."""
        base, at, window = name.partition("@")
        if at:
            return self._trail.within(base, float(window), self._now)
        return self._now if name == "now" else self._values.get(name)
