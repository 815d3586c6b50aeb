"""/proc/mounts (fstab(5) for the fields): what is mounted where, and whether it may be written."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_OCTAL: Final = re.compile(rb"\\([0-3][0-7]{2})")


class Mount(NamedTuple):
    """One mounted file system."""

    kind: str
    readonly: bool


@reads("/proc/mounts")
def parse_mounts(text: bytes) -> Mapping[str, Mount]:
    r"""Read the table; of several on one point the last counts. Blanks are written `\040`.

    Raises:
        ParseError: A line has fewer than four fields.
    """
    mounts: dict[str, Mount] = {}
    for line in text.splitlines():
        _device, point, kind, options = line.split()[:4]
        plain = _OCTAL.sub(lambda match: bytes((int(match[1], 8),)), point)
        readonly = b"ro" in options.split(b",")
        mounts[clean(plain, LABEL_LIMIT)] = Mount(clean(kind, NAME_LIMIT), readonly)
    return mounts
