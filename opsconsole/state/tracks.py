"""The past that rules look back on: for each metric that one of them names with a window, what it was.

What the history keeps is chosen for people and fixed in its file; this follows the rules, and lives in memory.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Final

FINE: Final = 3600.0
"""Windows up to this, in seconds, keep every sample."""
POINTS: Final = 120
"""Points of a longer window: a least-squares line is no better with more."""
TURNS: Final = 8
"""Turns that are kept within one of its steps; what flutters faster is seen less sharply."""
_SLACK: Final = 64
"""Old points that may pile up before they are cut off."""
_KEYS: Final = 50_000
_MOST: Final = 4_000
"""Points of one series, whatever its window and interval."""


class Tracks:
    """Series by subject and key; obeys `alerting.past.Past`."""

    def __init__(self) -> None:
        self._windows: dict[str, float] = {}
        self._wanted: dict[str, float] = {}
        """Whole keys, learnt as they come, to their window; 0 for one that nobody looks back on."""
        self._tracks: dict[str, dict[str, _Track]] = {}

    def watch(self, windows: Mapping[str, float]) -> None:
        """Follow other rules: metric to the longest time that is looked back on it, seconds."""
        self._windows = dict(windows)
        self._wanted.clear()
        for subject, tracks in self._tracks.items():
            kept = {key: t for key, t in tracks.items() if key.partition("{")[0] in windows}
            self._tracks[subject] = kept

    def put(self, subject: str, at: float, metrics: Mapping[str, float]) -> None:
        """Take one sample of a subject; what no rule looks back on is not kept."""
        wanted = self._wanted
        for key, value in metrics.items():
            window = wanted.get(key)
            if window is None:
                window = self._learn(key)
            if window and value == value:
                own = self._tracks.setdefault(subject, {})
                track = own.get(key)
                if track is None:
                    track = own[key] = _Track()
                track.append(at, value, window)

    def points(self, subject: str, key: str, since: float) -> Sequence[tuple[float, float]]:
        """Give what is known of a metric of a subject since a time, oldest first."""
        track = self._tracks.get(subject, {}).get(key)
        return track.since(since) if track is not None else ()

    def keep(self, is_watched: Callable[[str], bool]) -> None:
        """Drop what is kept of subjects that are no longer watched."""
        self._tracks = {s: tracks for s, tracks in self._tracks.items() if is_watched(s)}

    @property
    def size(self) -> int:
        """Bytes of the points held."""
        return sum(track.size for tracks in self._tracks.values() for track in tracks.values())

    def _learn(self, key: str) -> float:
        if len(self._wanted) >= _KEYS:
            self._wanted.clear()
        self._wanted[key] = window = self._windows.get(key.partition("{")[0], 0.0)
        return window


class _Track:
    """One series: of what goes on in one direction a point a step is kept, and where it turns."""

    __slots__ = ("_at", "_values")

    def __init__(self) -> None:
        self._at = array("d")
        self._values = array("d")

    def append(self, at: float, value: float, window: float) -> None:
        if self._at and at <= self._at[-1]:
            return  # a late answer: time goes forward in a series
        if window > FINE and len(self._at) > 1:
            self._thin(at, value, window / POINTS)
        self._at.append(at)
        self._values.append(value)
        cut = bisect_left(self._at, at - window)
        if cut > _SLACK or len(self._at) > _MOST:
            cut = max(cut, len(self._at) - _MOST)
            del self._at[:cut]
            del self._values[:cut]

    def _thin(self, at: float, value: float, step: float) -> None:
        """Take the newest point back when within a step it is no turn, or one of many turns."""
        last, before, apart = self._values[-1], self._values[-2], at - self._at[-2]
        goes_on = (before <= last <= value) or (before >= last >= value)
        if apart < step / TURNS or (apart < step and goes_on):
            self._at.pop()
            self._values.pop()

    def since(self, at: float) -> Sequence[tuple[float, float]]:
        begin = bisect_left(self._at, at)
        return list(zip(self._at[begin:], self._values[begin:], strict=True))

    @property
    def size(self) -> int:
        return 16 * len(self._at)
