"""The past that rules look back on: for each metric that one of them names with a window, what it was.

What the history keeps is chosen for people and fixed in its file; this follows the rules, and lives in memory.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

FINE: Final = 3600.0
"""Windows up to this, in seconds, keep every sample that matters."""
POINTS: Final = 120
"""Points of a longer window: a least-squares line is no better with more."""
TURNS: Final = 8
"""Turns that are kept within one of its steps; what flutters faster is seen less sharply."""
RESTS: Final = 8
"""Points of a window in which nothing happens, where nothing is lost by so few."""
_ONLY_TURNS: Final = frozenset({"changes", "resets", "max", "min"})
_NO_RESTS: Final = _ONLY_TURNS | {"delta", "rate", "sum"}
_SLACK: Final = 64
"""Old points that may pile up before they are cut off."""
_KEYS: Final = 50_000
_MOST: Final = 4_000
"""Points of one series, whatever its window and interval."""


class Keeping(NamedTuple):
    """How one metric is kept."""

    window: float
    """Seconds."""
    rests: float = 0.0
    """Seconds within which a point between two equal ones is dropped; 0: never."""
    turns: bool = False
    """True: one that lies between its neighbours is dropped too."""
    nonzero: bool = False
    """True: equal ones count, unless they are zero."""


def keeping(window: float, functions: frozenset[str]) -> Keeping:
    """Say how a metric is kept by what looks back on it."""
    if not functions or not functions <= _NO_RESTS:
        return Keeping(window)
    return Keeping(window, window / RESTS, functions <= _ONLY_TURNS, "sum" in functions)


_NOTHING: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})


class Tracks:
    """Series by subject and key; obeys `alerting.past.Past`."""

    def __init__(self) -> None:
        self._kept: dict[str, Keeping] = {}
        self._known: set[str] = set()
        self._wanted: dict[str, Keeping] = {}
        """Whole keys, learnt as they come: all, and those that are kept."""
        self._tracks: dict[str, dict[str, _Track]] = {}

    def watch(
        self, windows: Mapping[str, float], functions: Mapping[str, frozenset[str]] = _NOTHING
    ) -> None:
        """Follow other rules.

        Args:
            windows: Metric to the longest time that is looked back on it, seconds.
            functions: Metric to what looks back on it; without, every sample matters.
        """
        self._kept = {
            metric: keeping(window, functions.get(metric, frozenset()))
            for metric, window in windows.items()
        }
        self._wanted.clear()
        self._known.clear()
        for subject, tracks in self._tracks.items():
            kept = {key: t for key, t in tracks.items() if key.partition("{")[0] in windows}
            self._tracks[subject] = kept

    def put(self, subject: str, at: float, metrics: Mapping[str, float]) -> None:
        """Take one sample of a subject; what no rule looks back on is not kept."""
        for key in metrics.keys() - self._known:
            self._learn(key)
        own = self._tracks.get(subject)
        for key in self._wanted.keys() & metrics.keys():
            value = metrics[key]
            if math.isnan(value):
                continue
            if own is None:
                own = self._tracks[subject] = {}
            track = own.get(key)
            if track is None:
                track = own[key] = _Track()
            track.append(at, value, self._wanted[key])

    def points(self, subject: str, key: str, since: float) -> Sequence[tuple[float, float]]:
        """Give what is known of a metric of a subject since a time, oldest first."""
        track = self._tracks.get(subject, {}).get(key)
        return track.since(since) if track is not None else ()

    def keep(self, is_watched: Callable[[str], bool]) -> None:
        """Drop what is kept of subjects that are no longer watched."""
        self._tracks = {s: tracks for s, tracks in self._tracks.items() if is_watched(s)}

    def pack(self) -> Mapping[str, Mapping[str, tuple[bytes, bytes]]]:
        """Give all points as bytes, for the next engine: times and values, by subject and key."""
        return {
            subject: {key: track.pack() for key, track in tracks.items()}
            for subject, tracks in self._tracks.items()
        }

    def unpack(self, packed: Mapping[str, Mapping[str, tuple[bytes, bytes]]]) -> None:
        """Take the points that an earlier engine left; what is not whole is left out."""
        for subject, tracks in packed.items():
            own = self._tracks.setdefault(subject, {})
            for key, (times, values) in tracks.items():
                if len(times) == len(values) and len(times) % 8 == 0:
                    own.setdefault(key, _Track(times, values))

    @property
    def size(self) -> int:
        """Bytes of the points held."""
        return sum(track.size for tracks in self._tracks.values() for track in tracks.values())

    def _learn(self, key: str) -> None:
        if len(self._known) >= _KEYS:
            self._known.clear()
            self._wanted.clear()
        self._known.add(key)
        if (how := self._kept.get(key.partition("{")[0])) is not None:
            self._wanted[key] = how


class _Track:
    """One series: of what goes on in one direction a point a step is kept, and where it turns."""

    __slots__ = ("_at", "_values")

    def __init__(self, times: bytes = b"", values: bytes = b"") -> None:
        self._at = array("d", times)
        self._values = array("d", values)

    def pack(self) -> tuple[bytes, bytes]:
        return self._at.tobytes(), self._values.tobytes()

    def append(self, at: float, value: float, how: Keeping) -> None:
        if self._at and at <= self._at[-1]:
            return  # a late answer: time goes forward in a series
        if len(self._at) > 1 and self._is_idle(at, value, how):
            self._at.pop()
            self._values.pop()
        self._at.append(at)
        self._values.append(value)
        cut = bisect_left(self._at, at - how.window)
        if cut > _SLACK or len(self._at) > _MOST:
            cut = max(cut, len(self._at) - _MOST)
            del self._at[:cut]
            del self._values[:cut]

    def _is_idle(self, at: float, value: float, how: Keeping) -> bool:
        """Tell whether the newest point says nothing once another stands behind it."""
        last, before, apart = self._values[-1], self._values[-2], at - self._at[-2]
        goes_on = (before <= last <= value) or (before >= last >= value)
        if apart < how.rests:
            rests = before == last == value and not (how.nonzero and value)
            return rests or (how.turns and goes_on)
        if how.window <= FINE:
            return False
        step = how.window / POINTS
        return apart < step / TURNS or (apart < step and goes_on)

    def since(self, at: float) -> Sequence[tuple[float, float]]:
        begin = bisect_left(self._at, at)
        return list(zip(self._at[begin:], self._values[begin:], strict=True))

    @property
    def size(self) -> int:
        return 16 * len(self._at)
