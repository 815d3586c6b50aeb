"""Clock state as the host's own time service tells it: timesyncd, timedatectl(1), chronyc(1), ntpq(8)."""

from collections.abc import Mapping

from opsconsole.parsers.reading import reads


@reads("clock state")
def parse_ntp(text: bytes) -> Mapping[str, float]:
    """Read whether the clock is synchronised, whichever tool answered; empty when none did.

    Raises:
        ParseError: The answer is of no known tool.
    """
    line = text.strip()
    if not line:
        return {}
    return {"clock.synced": float(_is_synced(line))}


def _is_synced(line: bytes) -> bool:
    if line.startswith(b"NTPSynchronized="):
        return line.endswith(b"=yes")
    fields = line.split(b",")
    if len(fields) >= 14:  # chronyc -c tracking: the last column is the leap status
        return fields[-1].strip() != b"Not synchronised"
    if b"stratum=" in line:
        return b"leap_alarm" not in line and b"stratum=16" not in line
    raise ValueError("no known tool")
