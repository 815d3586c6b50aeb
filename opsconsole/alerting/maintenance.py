"""When a maintenance window is on, and when next; pure over the time handed in."""

from opsconsole.model.maintenance import Window
from opsconsole.query.calendars import next_after


def span_of(window: Window, now: float) -> tuple[float, float] | None:
    """Give the span (epoch seconds) that is on now, else the next one; None when there is none any more."""
    begin = window.starts
    if window.cron:
        begin = next_after(window.cron, window.zone, now - window.seconds)
    if begin is None or begin + window.seconds <= now:
        return None
    return begin, begin + window.seconds
