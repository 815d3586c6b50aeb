"""/sys/devices/system/edac/mc/* (kernel documentation, ABI sysfs-devices-edac): memory errors since boot."""

from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.reading import reads, whole_number

_NAMES: Final = {b"ce_count": "ecc.corrected", b"ue_count": "ecc.uncorrected"}


@reads("edac")
def parse_edac(text: bytes) -> Mapping[str, float]:
    """Read `grep .` lines `<path>/mc0/ce_count:<n>`, added up over all controllers; empty without ECC memory.

    Raises:
        ParseError: A line is not of that form.
    """
    metrics: dict[str, float] = {}
    for line in text.splitlines():
        path, _, count = line.rpartition(b":")
        name = _NAMES[path.rpartition(b"/")[2]]
        metrics[name] = metrics.get(name, 0.0) + whole_number(count)
    return metrics
