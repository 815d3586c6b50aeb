"""Quantities as people write them: `10s`, `2GiB`, `10%`; and back again."""

import math
import re
from typing import Final

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES: Final = {
    "": 1, "b": 1,
    "k": 1000, "kb": 1000, "kib": 1024,
    "m": 1000**2, "mb": 1000**2, "mib": 1024**2,
    "g": 1000**3, "gb": 1000**3, "gib": 1024**3,
    "t": 1000**4, "tb": 1000**4, "tib": 1024**4,
    "p": 1000**5, "pb": 1000**5, "pib": 1024**5,
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|[smhdw])")
_SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([a-zA-Z]{0,3})")
_PERCENT: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?) ?%")
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,9})?")


def parse_duration(text: str) -> float:
    """Read `250ms 10s 15m 2h 2d 1w` and joins of them (`1h30m`) as seconds; `0` needs no unit.

    Raises:
        ValueError: With a sentence about what it should look like.
    """
    text = text.strip()
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        hint = f"; a unit is missing, {text}s?" if _NUMBER.fullmatch(text) else ""
        raise ValueError(f"a duration looks like 10s, 15m, 2h or 1h30m{hint}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def parse_bytes(text: str) -> float:
    """Read `512`, `10MB` (powers of 1000) or `2GiB` (powers of 1024) as bytes.

    Raises:
        ValueError: With a sentence about what it should look like.
    """
    match = _SIZE.fullmatch(text.strip())
    factor = _BYTES.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError("a size looks like 512, 10MB or 2GiB")
    return float(match[1]) * factor


def parse_ratio(text: str) -> float:
    """Read `10%` or `0.1` as a ratio.

    Raises:
        ValueError: With a sentence about what it should look like.
    """
    text = text.strip()
    if match := _PERCENT.fullmatch(text):
        return float(match[1]) / 100
    if _NUMBER.fullmatch(text) and 0 <= float(text) <= 1:
        return float(text)
    raise ValueError("a share looks like 10% or 0.1")


def parse_quantity(text: str) -> float:
    """Read a limit of whatever unit: a plain number, a percentage, a duration or a size.

    `m` alone is minutes; write `MB` for megabytes.

    Raises:
        ValueError: With a sentence about what it should look like.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    for parse in (parse_ratio, parse_duration, parse_bytes):
        try:
            return parse(text)
        except ValueError:
            continue
    raise ValueError("a limit looks like 2, 10%, 50ms, 21d or 5GiB")


def show_duration(seconds: float) -> str:
    """Write seconds the way `parse_duration` reads them, as short as it goes: `90` is `1m30s`."""
    if seconds <= 0 or not math.isfinite(seconds):
        return "0"
    if seconds < 1 or seconds != int(seconds):
        text = f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.3f}".rstrip("0") + "s"
        return text if text != "0ms" else "0"
    rest, parts = int(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_SECONDS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
