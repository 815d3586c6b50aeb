"""A course drawn in block characters: the past as an area, the fitted line through it and on into the future."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from msgspec import Struct

from opsconsole.model.text import Safe
from opsconsole.view.cells import span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.rows import Cell, Span, Tone

LABEL: Final = 5
"""Cells of the labels at the left, the axis included."""
LEAST: Final = (20, 4)
"""Cells and lines below which nothing can be drawn."""
_EIGHTHS: Final = 8


class Axes(Struct, frozen=True):
    """What stands where."""

    begins: float
    ends: float
    """Epoch seconds of the left and the right edge."""
    low: float
    high: float
    """Values of the bottom and the top."""
    marks: tuple[tuple[float, str], ...] = ()
    """Words under the picture: epoch seconds, and what is there."""


def plot(
    points: Sequence[tuple[float, float]],
    line: Callable[[float], float] | None,
    axes: Axes,
    size: tuple[int, int],
    glyphs: Glyphs,
) -> tuple[Cell, ...]:
    """Draw it.

    Args:
        points: Times and values, oldest first.
        line: The fitted value at a time; None: nothing is fitted.
        axes: What the edges are.
        size: Cells and lines, labels and the line of times included.
        glyphs: With which signs.
    """
    width, height = size[0] - LABEL, size[1] - 1
    if size[0] < LEAST[0] or size[1] < LEAST[1]:
        return ((span("too small to plot", Tone.DIM),),)
    heights = _heights(points, axes, width, height)
    fitted = _fitted(line, axes, width, height)
    rows = [
        (*_label(y, height, axes, glyphs), *_row(y, heights, fitted, glyphs))
        for y in range(height - 1, -1, -1)
    ]
    return (*rows, _times(axes, width))


def _heights(
    points: Sequence[tuple[float, float]], axes: Axes, width: int, height: int
) -> list[int | None]:
    """Give each column's height in eighths of a line; None where nothing is known."""
    found: list[list[float]] = [[] for _ in range(width)]
    for at, value in points:
        found[_column(at, axes, width)].append(value)
    return [_eighths(fmean(each), axes, height) if each else None for each in found]


def _fitted(
    line: Callable[[float], float] | None, axes: Axes, width: int, height: int
) -> list[int | None]:
    """Give the line of the picture that the fitted line is in, by column; None outside of it."""
    if line is None:
        return [None] * width
    step = (axes.ends - axes.begins) / width
    found: list[int | None] = []
    for x in range(width):
        value = line(axes.begins + (x + 0.5) * step)
        inside = axes.low <= value <= axes.high
        found.append(min(height - 1, _eighths(value, axes, height) // _EIGHTHS) if inside else None)
    return found


def _column(at: float, axes: Axes, width: int) -> int:
    place = (at - axes.begins) / max(axes.ends - axes.begins, 1e-9)
    return min(width - 1, max(0, int(place * width)))


def _eighths(value: float, axes: Axes, height: int) -> int:
    share = (value - axes.low) / max(axes.high - axes.low, 1e-9)
    return round(min(1.0, max(0.0, share)) * height * _EIGHTHS)


def _row(
    y: int, heights: Sequence[int | None], fitted: Sequence[int | None], glyphs: Glyphs
) -> Cell:
    """Draw one line: neighbours of one meaning are one piece."""
    pieces: list[tuple[str, Tone]] = []
    for high, at in zip(heights, fitted, strict=True):
        char, tone = _cell(y, high, glyphs)
        if at == y:
            char, tone = glyphs.line, Tone.ACCENT
        if pieces and pieces[-1][1] is tone:
            pieces[-1] = (pieces[-1][0] + char, tone)
        else:
            pieces.append((char, tone))
    return tuple(Span(Safe(text), tone) for text, tone in pieces)


def _cell(y: int, high: int | None, glyphs: Glyphs) -> tuple[str, Tone]:
    filled = 0 if high is None else min(_EIGHTHS, max(0, high - y * _EIGHTHS))
    if high is not None and y == 0:
        filled = max(1, filled)  # the lowest value is a value too
    return (glyphs.steps[filled - 1], Tone.SPARK) if filled else (" ", Tone.NORMAL)


def _label(y: int, height: int, axes: Axes, glyphs: Glyphs) -> Cell:
    """Name the top, the middle and the bottom."""
    value = {
        height - 1: axes.high,
        height // 2: (axes.low + axes.high) / 2,
        0: axes.low,
    }.get(y)
    text = "" if value is None else f"{value:.0%}"
    return (span(f"{text:>{LABEL - 1}}{glyphs.bar}", Tone.DIM),)


def _times(axes: Axes, width: int) -> Cell:
    """Write the words under their columns; one that would run into another is left out."""
    text = " " * LABEL
    for at, word in sorted(axes.marks):
        start = LABEL + min(_column(at, axes, width), width - len(word))
        if start >= len(text):
            text = text.ljust(start) + word + " "
    return (span(text.rstrip(), Tone.DIM),)
