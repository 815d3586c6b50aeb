"""Calendars of five fields, as cron has them, in a time zone: checked when read, asked for their next moment."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_BAD_ZONE = (ZoneInfoNotFoundError, ValueError, OSError)


def problem_of(cron: str, zone: str) -> str:
    """Say what is wrong with a calendar; empty when nothing is."""
    try:
        CronSim(cron, datetime.now(ZoneInfo(zone)))
    except CronSimError as error:
        return f"{cron!r} is no calendar (minute hour day month weekday): {error}"
    except _BAD_ZONE:
        return f"{zone!r} is no time zone, such as Europe/Berlin"
    return ""


def next_after(cron: str, zone: str, at: float) -> float | None:
    """Give the first moment of a calendar after another one (epoch seconds); None when there is none."""
    try:
        start = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
        return next(CronSim(cron, start)).timestamp()
    except (CronSimError, StopIteration, *_BAD_ZONE):
        return None
