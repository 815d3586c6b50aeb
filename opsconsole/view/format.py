"""How values read: ages, clocks, numbers, sizes, sparks; all short, all of a known width."""

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.view.glyphs import Glyphs

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_WIDE: Final = ("W", "F")
_UNITS: Final = ("", "K", "M", "G", "T", "P")


@lru_cache(maxsize=4096)
def _age(seconds: int) -> Safe:
    if seconds < _MINUTE:
        return Safe(f"{seconds}s")
    if seconds < _HOUR:
        return Safe(f"{seconds // _MINUTE}m")
    if seconds < 10 * _HOUR:
        return Safe(f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02d}")
    if seconds < 2 * _DAY:
        return Safe(f"{seconds // _HOUR}h")
    return Safe(f"{min(seconds // _DAY, 9999)}d")


def age(seconds: float) -> Safe:
    """Write an age in at most four cells: `3s 14m 3h02 17h 2d`."""
    return _age(max(0, min(int(seconds), 9999 * _DAY)))


def age_of(at: float, now: float, glyphs: Glyphs) -> Safe:
    """Write the age of a moment; the dash for never."""
    return age(now - at) if at else Safe(glyphs.none)


def clock_time(at: float, style: str = "utc") -> Safe:
    """Write the time of day, `03:12:44`; `style` is utc or local."""
    return Safe(_moment(at, style).strftime("%H:%M:%S"))


def when(at: float, now: float, style: str = "utc") -> Safe:
    """Write a moment as lists do: the time of day, or its age where `style` is relative."""
    return age(now - at) if style == "relative" else clock_time(at, style)


def moment(at: float, now: float, style: str = "utc") -> Safe:
    """Write a moment: the time of day with its zone, and the date when it is not today's."""
    when, today = _moment(at, style), _moment(now, style)
    zone = "Z" if style == "utc" else ""
    day = "" if when.date() == today.date() else when.strftime("%m-%d ")
    return Safe(f"{day}{when.strftime('%H:%M:%S')}{zone}")


def _moment(at: float, style: str) -> datetime:
    bounded = min(max(at, 0.0), 253402300000.0)
    utc = datetime.fromtimestamp(bounded, UTC)
    return utc.astimezone() if style == "local" else utc


def duration(seconds: float) -> Safe:
    """Write a measured time with one unit: `12ms`, `890ms`, `4.1s`, `38s`, `6m`."""
    if seconds < 1:
        return Safe(f"{seconds * 1000:.0f}ms")
    if seconds < 10:
        return Safe(f"{seconds:.1f}s")
    return age(seconds)


def percent(ratio: float | None, glyphs: Glyphs) -> Safe:
    """Write a ratio as whole per cent, without the sign: `97`; the dash for none."""
    return Safe(glyphs.none) if ratio is None else Safe(f"{min(ratio, 9.99) * 100:.0f}")


def tenths(ratio: float | None, glyphs: Glyphs) -> Safe:
    """Write a ratio as per cent with one decimal: `38.0`."""
    return Safe(glyphs.none) if ratio is None else Safe(f"{min(ratio, 9.99) * 100:.1f}")


def load(value: float | None, glyphs: Glyphs) -> Safe:
    """Write a load in at most four cells: `0.9 19.1 143`."""
    if value is None:
        return Safe(glyphs.none)
    return Safe(f"{value:.1f}" if value < 100 else f"{min(value, 9999):.0f}")


def size(value: float | None, glyphs: Glyphs) -> Safe:
    """Write bytes in at most four cells: `310M`, `1.2G`, `88K`."""
    if value is None:
        return Safe(glyphs.none)
    unit = 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    short = f"{value:.1f}" if unit and value < 9.95 else f"{value:.0f}"
    return Safe(f"{short}{_UNITS[unit] or 'B'}")


@lru_cache(maxsize=8192)
def _spark(steps: str, width: int, signs: str) -> Safe:
    shown = steps[-width:].rjust(width)
    known = shown.lstrip("? ")
    if known:  # before the first look there was nothing to know: blank, and not a doubt
        shown = known.rjust(width)
    return Safe("".join(_step(char, signs) for char in shown))


def _step(char: str, signs: str) -> str:
    if char.isdigit():
        return signs[max(0, min(int(char) - 1, len(signs) - 1))]
    return char if char in "? " else "?"


def spark(steps: str, width: int, glyphs: Glyphs) -> Safe:
    """Draw the last `width` steps of a record's spark: digits 0 to 8, `?` where it was not known any more."""
    return _spark(steps, width, glyphs.steps)


def bar(share: float, width: int, glyphs: Glyphs) -> Safe:
    """Draw how much of a whole is done."""
    full = round(min(max(share, 0.0), 1.0) * width)
    return Safe(glyphs.full * full + glyphs.empty * (width - full))


def spark_of(
    values: "list[float | None] | tuple[float | None, ...]", width: int, glyphs: Glyphs
) -> Safe:
    """Draw a series: the highest value fills the cell, `?` where nothing is known."""
    tail = values[-width:]
    known = [value for value in tail if value is not None]
    top = max(known, default=0.0)
    steps = "".join("?" if v is None else str(round(8 * v / top) if top > 0 else 0) for v in tail)
    return spark(steps, width, glyphs)


def cell_width(text: str) -> int:
    """Count the terminal cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def shorten(text: str, width: int, glyphs: Glyphs) -> Safe:
    """Clean a text and cut it to a width in cells, with the ellipsis where something is missing."""
    safe = clean(text, LABEL_LIMIT)
    if cell_width(safe) <= width:
        return safe
    room = width - len(glyphs.ellipsis)
    kept: list[str] = []
    for char in safe:
        room -= _char_width(char)
        if room < 0:
            break
        kept.append(char)
    return Safe("".join(kept).rstrip() + glyphs.ellipsis) if width > 0 else Safe("")
