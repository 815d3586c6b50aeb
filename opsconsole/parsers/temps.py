"""hwmon's temp*_input and thermal zones (kernel documentation, hwmon/sysfs-interface): the hottest sensor."""

from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.reading import reads

_PLAUSIBLE: Final = (-50_000, 200_000)
"""Millidegrees; unwired sensors say -128 or 255."""


@reads("hwmon")
def parse_temps(text: bytes) -> Mapping[str, float]:
    """Read millidegrees Celsius, one a line, as the hottest in degrees; empty without a sensor.

    Raises:
        ParseError: A line is no number.
    """
    low, high = _PLAUSIBLE
    degrees = [value / 1000 for value in map(int, text.split()) if low < value < high]
    return {"temp.max": max(degrees)} if degrees else {}
