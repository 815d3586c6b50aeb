"""Times as people type them on the `:` line and behind `--at`: all of them are over."""

import re
from datetime import UTC, datetime
from typing import Final

from opsconsole.commands.line import LineError, duration

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?Z?")
_DAY: Final = 86_400.0


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
    if read.timestamp() > now:
        raise LineError(f"{text} is not over yet")
    return read.timestamp()


def _clock(match: re.Match[str], text: str, now: float, *, local: bool) -> float:
    hour, minute, second = (int(part or 0) for part in match.groups())
    today = datetime.fromtimestamp(now, UTC)
    if local:
        today = today.astimezone()
    try:
        at = today.replace(hour=hour, minute=minute, second=second, microsecond=0).timestamp()
    except ValueError:
        raise LineError(f"{text!r} is no time of a day") from None
    return at if at <= now else at - _DAY
