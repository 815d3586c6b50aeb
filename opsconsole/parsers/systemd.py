"""What systemctl(1) says of units that are down and should not be, and of those it starts again and again."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_MOST: Final = 50


@reads("systemctl --failed")
def parse_failed_units(text: bytes) -> tuple[str, ...]:
    """Read `--failed --state=auto-restart --plain --no-legend`: names of what failed, at most fifty.

    Older systemctl puts a bullet in front. What is between two starts of its own has not failed.

    Raises:
        ParseError: A line has no unit with a suffix in front.
    """
    names = []
    for line in text.splitlines():
        fields = line.replace(b"\xe2\x97\x8f", b" ").replace(b"*", b" ").split()
        if not fields:
            continue
        if b"." not in fields[0]:
            raise ValueError("not a unit")
        if fields[3:4] == [b"auto-restart"]:
            continue
        names.append(clean(fields[0], NAME_LIMIT).replace(",", "\ufffd"))
    return tuple(names[:_MOST])


@reads("systemctl show")
def parse_restarts(text: bytes) -> Mapping[str, float]:
    """Read `show -p Id -p NRestarts`: how often each unit was started again since boot.

    systemd before 235 does not count; then there is none.

    Raises:
        ParseError: A count is no number.
    """
    found: dict[str, float] = {}
    unit = ""
    for line in text.splitlines():
        name, _, value = line.partition(b"=")
        if name == b"Id":
            unit = clean(value, NAME_LIMIT)
        elif name == b"NRestarts" and unit:
            found[f"unit.restarts{{unit={unit}}}"] = float(int(value))
    return found
