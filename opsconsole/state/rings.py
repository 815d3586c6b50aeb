"""The last hour of each host in memory: four bytes a value, overwritten in a circle."""

from array import array
from collections.abc import Iterator
from typing import Final

from opsconsole.state.blocks import WIDTH, Point

ROWS: Final = 360
"""One hour at a sample each ten seconds; 20 KiB a host."""


class Ring:
    """One host's newest samples."""

    __slots__ = ("_at", "_next", "_values")

    def __init__(self) -> None:
        self._at = array("d")
        self._values = array("f")
        self._next = 0

    def append(self, at: float, data: bytes) -> None:
        """Add a packed sample; the oldest makes room."""
        if len(self._at) < ROWS:
            self._at.append(at)
            self._values.frombytes(data)
            return
        row = self._next
        self._at[row] = at
        self._values[row * WIDTH : (row + 1) * WIDTH] = array("f", data)
        self._next = (row + 1) % ROWS

    def since(self, at: float) -> Iterator[Point]:
        """Walk samples not older than a time, oldest first."""
        count = len(self._at)
        for index in range(count):
            row = (self._next + index) % count
            if self._at[row] >= at:
                yield Point(self._at[row], self._values[row * WIDTH : (row + 1) * WIDTH])

    @property
    def oldest(self) -> float:
        """Time of the oldest sample; infinity when there is none."""
        if not self._at:
            return float("inf")
        return self._at[self._next if len(self._at) == ROWS else 0]

    @property
    def size(self) -> int:
        """Bytes of the values held."""
        return len(self._at) * self._at.itemsize + len(self._values) * self._values.itemsize
