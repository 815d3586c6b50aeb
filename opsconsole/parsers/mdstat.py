"""/proc/mdstat (md(4)): members that software RAID arrays have lost."""

import re
from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.reading import reads

_ARRAY: Final = re.compile(rb"(md[\w.-]{0,60}) : (.*)")
_SLOTS: Final = re.compile(rb"\[(\d{1,4})/(\d{1,4})\] \[[U_]+\]")


@reads("/proc/mdstat")
def parse_mdstat(text: bytes) -> Mapping[str, float]:
    """Read how many members each array lost, `(F)` or missing from `[2/1] [U_]`, and how many are missing.

    Raises:
        ParseError: The text is not what md writes.
    """
    if text.strip() and not text.lstrip().startswith(b"Personalities"):
        raise ValueError("not mdstat")
    failed: dict[str, float] = {}
    missing: dict[str, float] = {}
    key = ""
    for line in text.splitlines():
        array = _ARRAY.match(line)
        if array is not None:
            key = f"raid.failed{{dev={array[1].decode('ascii')}}}"
            failed[key] = float(array[2].count(b"(F)"))
            continue
        slots = _SLOTS.search(line)
        if slots is not None and key:
            lacking = float(max(0, int(slots[1]) - int(slots[2])))
            failed[key] = max(failed[key], lacking)
            missing[key.replace("failed", "missing", 1)] = lacking
    return failed | missing
