"""`date +%s.%N` (date(1)): the host's clock, to the nanosecond or, without GNU's %N, to the second."""

from typing import NamedTuple

from opsconsole.parsers.reading import finite, reads


class ClockReading(NamedTuple):
    """The host's clock, and how far off the reading itself may be, seconds."""

    at: float
    grain: float


@reads("date")
def parse_clock(text: bytes) -> ClockReading:
    """Read the seconds since the epoch; BSD and busybox leave the %N out or print it as it is.

    Raises:
        ParseError: It is no number of seconds.
    """
    whole, dot, part = text.strip().partition(b".")
    if dot and part.isdigit():
        return ClockReading(finite(text), 0.0)
    return ClockReading(finite(whole) + 0.5, 0.5)
