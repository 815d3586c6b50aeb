"""Times as people type them on the `:` line and behind `--at`: all of them are over."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from opsconsole.commands.line import LineError, duration

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?Z?")


def past_time(text: str, now: float, *, local: bool = False) -> float:
    """Read `30m` (so long ago), `14:05` or `14:05:10` (today, or yesterday when it is not yet), or ISO 8601.

    Args:
        text: What was typed.
        now: Epoch seconds.
        local: Where no zone is said, the zone of this machine is meant; else UTC.

    Raises:
        LineError: It is none of these, or not over yet.
    """
    if match := _CLOCK.fullmatch(text):
        return _clock(match, text, now, local=local and not text.endswith("Z"))
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now - duration(text)
        except LineError:
            raise LineError(f"{text!r} is no time: 14:05, 30m or 2026-05-01T14:05") from None
    if read.tzinfo is None and not local:
        read = read.replace(tzinfo=UTC)
    try:
        at = read.timestamp()
    except (ValueError, OverflowError):
        raise LineError(f"{text} is before there were clocks") from None
    if at > now:
        raise LineError(f"{text} is not over yet")
    return at


def _clock(match: re.Match[str], text: str, now: float, *, local: bool) -> float:
    hour, minute, second = (int(part or 0) for part in match.groups())
    # A local time without a zone: the day that the clocks change is no trouble to it.
    today = datetime.fromtimestamp(now) if local else datetime.fromtimestamp(now, UTC)  # noqa: DTZ006
    try:
        read = today.replace(hour=hour, minute=minute, second=second, microsecond=0, fold=0)
    except ValueError:
        raise LineError(f"{text!r} is no time of a day") from None
    if read.timestamp() > now:
        read -= timedelta(days=1)
    return read.timestamp()
