"""One resource's page: what is known of it in a few sentences, and its course as a plot."""

import math
from collections.abc import Callable
from typing import Final

from opsconsole.model.capacity import Course, Resource
from opsconsole.view.capacity import full_words, span_words, trend_words
from opsconsole.view.cells import cell, span
from opsconsole.view.options import ViewOptions
from opsconsole.view.plot import Axes, plot
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.sections import Section

_STEP: Final = 0.1
_AHEAD: Final = 0.35
"""Share of the past that is drawn of the future, at least; and at most as long as the past."""


def section(
    course: Course | None, place: str, width: int, height: int, options: ViewOptions
) -> Section:
    """Write it for a room in cells and lines; None: the engine has not answered yet."""
    title = cell(place, Tone.STRONG)
    if course is None:
        return Section("course", (cell("Reading the past.", Tone.DIM),), title)
    if course.resource is None:
        return Section("course", (cell("Nothing is known of it.", Tone.DIM),), title)
    each = course.resource
    words = _words(each)
    points = tuple(zip(course.at, course.levels, strict=True))
    picture = plot(
        points, _line(course, each), _axes(course, each), (width, height - len(words) - 1),
        options.glyphs,
    )  # fmt: skip
    return Section(
        "course",
        (*words, (), *picture),
        cell(f"{each.host}: {each.name}", Tone.STRONG),
        footer=cell(f"{options.glyphs.line} the fitted line", Tone.DIM),
    )


def _words(each: Resource) -> tuple[Cell, ...]:
    rests = f"{each.points} points over {span_words(each.span)}"
    said = [("now", f"{each.level:.1%} used, {trend_words(each)} a day, by {rests}")]
    said.append(("full", _full(each)))
    if each.daily is not None:
        agrees = "which agrees" if each.agrees else "which does not agree: take it as a doubt"
        said.append(("lows", f"by each day's low in {span_words(each.daily)}, {agrees}"))
    return tuple((span(label.ljust(8), Tone.ACCENT), *cell(text)) for label, text in said)


def _full(each: Resource) -> str:
    if each.per_day is None:
        return "nobody can say: too few points, or a course that no line fits"
    if not each.fills:
        return "not at this rate"
    words = full_words(each)
    if words == "full":
        return "now"
    return f"in {words.removesuffix(' +')}{' or later, or never' if each.latest is None else ''}"


def _line(course: Course, each: Resource) -> Callable[[float], float] | None:
    """Give the fitted line; it holds at the first and at the last point."""
    if each.line is None or each.span <= 0:
        return None
    first, last = each.line
    slope, end = (last - first) / each.span, course.at[-1]
    return lambda at: last + slope * (at - end)


def _axes(course: Course, each: Resource) -> Axes:
    begins, now = course.at[0], course.at[-1]
    past = max(now - begins, 60.0)
    ahead = 0.0
    if each.fills:
        ahead = min(past, max(_AHEAD * past, each.latest or each.earliest or 0.0))
    low, high = min(course.levels), max(course.levels)
    marks = [(begins, f"-{span_words(past)}"), (now, "now")]
    if ahead:
        marks.append((now + ahead, f"+{span_words(ahead)}"))
    return Axes(
        begins=begins,
        ends=now + ahead,
        low=max(0.0, math.floor(low / _STEP) * _STEP),
        high=1.0 if each.fills else min(1.0, math.ceil(high / _STEP + 1e-9) * _STEP),
        marks=tuple(marks),
    )
