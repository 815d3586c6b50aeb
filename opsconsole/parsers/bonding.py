"""/proc/net/bonding/* (kernel documentation, networking/bonding): bonds and the links they are made of."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_MOST: Final = 32


@reads("/proc/net/bonding")
def parse_bonds(text: bytes) -> Mapping[str, float]:
    """Read `grep` lines `<path>/<bond>:Slave Interface: eth0` and `...:MII Status: up`: links that are not up.

    Raises:
        ParseError: A line is not of that form.
    """
    missing: dict[str, float] = {}
    in_slave: set[bytes] = set()
    for line in text.splitlines():
        path, word, value = line.split(b":", 2)
        bond = path.rpartition(b"/")[2]
        key = f"net.bond_missing{{dev={clean(bond, NAME_LIMIT)}}}"
        if key not in missing and len(missing) >= _MOST:
            continue
        missing.setdefault(key, 0.0)
        if word == b"Slave Interface":
            in_slave.add(bond)
        elif bond in in_slave:  # the first status of a file is the bond's own
            in_slave.remove(bond)
            missing[key] += value.strip() != b"up"
    return missing
