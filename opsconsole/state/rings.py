"""The last hour of each host in memory: the newest samples as they came, older ones pressed."""

import zlib
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from opsconsole.state.blocks import WIDTH, Point

ROWS: Final = 360
"""One hour at a sample each ten seconds, at least; 17 KiB of a host whose numbers all move, half of it of a calm
one."""
PIECE: Final = 30
"""Samples that are pressed together."""
_PIECES: Final = ROWS // PIECE
_ROW: Final = Struct(f"=d{WIDTH}f")


class _Pressed(NamedTuple):
    """A piece that is full."""

    oldest: float
    newest: float
    data: bytes


class Ring:
    """One host's newest samples."""

    __slots__ = ("_newest", "_pressed")

    def __init__(self) -> None:
        self._newest = bytearray()
        self._pressed: tuple[_Pressed, ...] = ()

    def append(self, at: float, data: bytes) -> None:
        """Add a packed sample; the oldest ones make room."""
        if len(self._newest) >= PIECE * _ROW.size:
            piece = _press(bytes(self._newest))
            self._pressed = (*self._pressed[-_PIECES + 1 :], piece)
            self._newest.clear()
        self._newest += array("d", [at]).tobytes() + data

    def since(self, at: float) -> Iterator[Point]:
        """Walk samples not older than a time, oldest first."""
        for piece in self._pressed:
            if piece.newest >= at:
                yield from _points(_loosen(piece.data), at)
        yield from _points(bytes(self._newest), at)

    @property
    def oldest(self) -> float:
        """Time of the oldest sample; infinity when there is none."""
        if self._pressed:
            return self._pressed[0].oldest
        return _at(self._newest, 0) if self._newest else float("inf")

    @property
    def size(self) -> int:
        """Bytes of the values held."""
        return len(self._newest) + sum(len(piece.data) for piece in self._pressed)


def _press(rows: bytes) -> _Pressed:
    """Press rows: all their first bytes, all their second ones; numbers that are near share most of them."""
    planes = b"".join(rows[byte :: _ROW.size] for byte in range(_ROW.size))
    return _Pressed(_at(rows, 0), _at(rows, len(rows) - _ROW.size), zlib.compress(planes))


def _loosen(data: bytes) -> bytes:
    planes = zlib.decompress(data)
    count = len(planes) // _ROW.size
    rows = bytearray(len(planes))
    for byte in range(_ROW.size):
        rows[byte :: _ROW.size] = planes[byte * count : (byte + 1) * count]
    return bytes(rows)


def _points(rows: bytes, since: float) -> Iterator[Point]:
    for at, *values in _ROW.iter_unpack(rows):
        if at >= since:
            yield Point(at, values)


def _at(rows: bytes | bytearray, place: int) -> float:
    at: float = _ROW.unpack_from(rows, place)[0]
    return at
