"""How samples are packed: rows of twelve four-byte values, blocks of ten minutes, means of five."""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

KEPT: Final = (
    "load.1m",
    "load.per_core",
    "cpu.busy",
    "cpu.iowait",
    "cpu.steal",
    "mem.used_ratio",
    "swap.used_ratio",
    "fs.worst_used_ratio",
    "net.rx_total",
    "net.tx_total",
    "psi.full{resource=io}",
    "ssh.rtt",
)
"""The metrics that are kept of each fast sample, in this order; the order is part of the file's format."""

WIDTH: Final = len(KEPT)
BLOCK: Final = 600
"""Seconds of one block; blocks begin at multiples of it."""
MEAN: Final = 300
"""Seconds of one roll-up point."""
_NAN: Final = math.nan
_RESTING: Final = array("f", [_NAN]) * WIDTH


class Point(NamedTuple):
    """One sample's values, in the order of `KEPT`; NaN where nothing was known."""

    at: float
    values: Sequence[float]


def pack(metrics: Mapping[str, float]) -> bytes:
    """Pack what is kept of a sample."""
    return array("f", [metrics.get(name, _NAN) for name in KEPT]).tobytes()


def by_metric(spans: Iterable[Sequence[Point]]) -> Mapping[str, Sequence[float]]:
    """Sort the values of some spans by metric, in their order; what was not known is left out."""
    points = [point for span in spans for point in span]
    return {
        name: [value for point in points if not math.isnan(value := point.values[place])]
        for place, name in enumerate(KEPT)
    }


def unpack(data: bytes) -> Sequence[float]:
    """Read a packed sample; one that is not whole is empty of values."""
    values = array("f")
    if len(data) != WIDTH * values.itemsize:
        return _RESTING
    values.frombytes(data)
    return values


def block_of(at: float) -> int:
    """Say where the block of a time begins, epoch seconds."""
    return int(at // BLOCK) * BLOCK


def pack_row(start: int, at: float, data: bytes) -> bytes:
    """Make a block's next row of a packed sample: its seconds since `start`, and its values."""
    return array("f", [at - start]).tobytes() + data


def unpack_block(start: int, data: bytes) -> Iterator[Point]:
    """Read a block; what is left over at its end is ignored."""
    values = array("f")
    values.frombytes(data[: len(data) // values.itemsize * values.itemsize])
    step = WIDTH + 1
    for row in range(0, len(values) - WIDTH, step):
        yield Point(start + values[row], values[row + 1 : row + step])


def pack_means(block: bytes) -> bytes:
    """Pack a block's roll-up: the means of its five-minute halves, NaN where nothing was known."""
    halves: tuple[list[Sequence[float]], ...] = tuple([] for _ in range(BLOCK // MEAN))
    for at, values in unpack_block(0, block):
        halves[min(len(halves) - 1, max(0, int(at // MEAN)))].append(values)
    return b"".join(array("f", _means(half)).tobytes() for half in halves)


def unpack_means(start: int, data: bytes) -> Iterator[Point]:
    """Read a roll-up; a point stands at the middle of its five minutes."""
    size = WIDTH * array("f").itemsize
    for index in range(len(data) // size):
        values = unpack(data[index * size : (index + 1) * size])
        yield Point(start + MEAN * index + MEAN / 2, values)


def _means(rows: Sequence[Sequence[float]]) -> list[float]:
    means = []
    for column in range(WIDTH):
        known = [row[column] for row in rows if not math.isnan(row[column])]
        means.append(sum(known) / len(known) if known else _NAN)
    return means
