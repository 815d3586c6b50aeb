"""The end of `ping -q`: iputils, busybox and BSD say the same in slightly different words (ping(8))."""

import re
from typing import Final, NamedTuple

from opsconsole.errors import ParseError
from opsconsole.parsers.reading import reads

_COUNTS: Final = re.compile(rb"(\d{1,6}) packets transmitted, (\d{1,6}) (?:packets )?received")
_TIMES: Final = re.compile(rb"= (\d+\.?\d*)/(\d+\.?\d*)/(\d+\.?\d*)(?:/\d+\.?\d*)? ms")


class Echoes(NamedTuple):
    """What came back; times in seconds, None when nothing did."""

    sent: int
    received: int
    mean: float | None
    slowest: float | None


@reads("ping")
def parse_ping(text: bytes) -> Echoes:
    """Read ping's summary.

    Raises:
        ParseError: There is none.
    """
    counts = _COUNTS.search(text)
    if counts is None:
        raise ParseError("ping", text[:80].decode("utf-8", errors="replace"))
    times = _TIMES.search(text)
    return Echoes(
        sent=int(counts[1]),
        received=int(counts[2]),
        mean=float(times[2]) / 1000 if times else None,
        slowest=float(times[3]) / 1000 if times else None,
    )
