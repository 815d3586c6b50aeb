"""`systemctl --failed --no-legend --plain` (systemctl(1)): units that are down and should not be."""

from typing import Final

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_MOST: Final = 50


@reads("systemctl --failed")
def parse_failed_units(text: bytes) -> tuple[str, ...]:
    """Read the units' names, at most fifty; older systemctl puts a bullet in front.

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
        names.append(clean(fields[0], NAME_LIMIT).replace(",", "\ufffd"))
    return tuple(names[:_MOST])
