"""Reads the shifts of an iCalendar file (RFC 5545), repetitions unfolded; in a thread: it may take a while."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from opsconsole.errors import ParseError
from opsconsole.model.oncall import PRIMARY, SECONDARY, Shift
from opsconsole.model.text import NAME_LIMIT, clean

LARGEST: Final = 4 << 20
"""Bytes of a calendar."""
MOST: Final = 5_000


def read_shifts(path: str, since: float, until: float) -> tuple[Shift, ...]:
    """Read who is on call in a span.

    The summary names the person: `op1`, `op1 (secondary)`, `secondary: op1`, `On call: op1`.

    Args:
        path: The file.
        since: Epoch seconds.
        until: Epoch seconds.

    Raises:
        ParseError: It cannot be read, or is no calendar.
    """
    import recurring_ical_events  # these take 100 ms to load, and few need them
    from icalendar import Calendar

    try:
        if Path(path).stat().st_size > LARGEST:
            raise ParseError(path, f"more than {LARGEST >> 20} MiB")
        calendar = Calendar.from_ical(Path(path).read_bytes())
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
        events = recurring_ical_events.of(calendar).between(begin, end)
        found = sorted(_shifts(events[:MOST]), key=lambda shift: shift.start)
    except OSError as error:
        raise ParseError(path, error.strerror or "its bytes") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ParseError(path, clean(str(error), 120)) from error
    return tuple(found)


def _shifts(events: list[Any]) -> Iterator[Shift]:
    for event in events:
        user, role = _who(str(event.get("SUMMARY", "")))
        if user:
            yield Shift(_moment(event.start), _moment(event.end), user, role)


def _who(summary: str) -> tuple[str, str]:
    text: str = clean(summary.strip(), NAME_LIMIT)
    role = SECONDARY if SECONDARY in text.lower() or "backup" in text.lower() else PRIMARY
    text = text.partition("(")[0].strip() or text
    return text.rpartition(":")[2].strip(), role


def _moment(value: date) -> float:
    """Give epoch seconds; a time without zone is UTC, a day begins at midnight UTC."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
