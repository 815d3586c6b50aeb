"""Calendars of five fields in their zone, over the hour that comes twice and the one that does not."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from opsconsole.query.calendars import next_after, problem_of

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("cron", "zone", "after", "begin"),
    [
        ("0 3 * * sun", "UTC", "2026-11-20T00:00", "2026-11-22T03:00"),
        ("0 3 * * sun", "UTC", "2026-11-22T03:00", "2026-11-29T03:00"),
        ("*/15 * * * *", "UTC", "2026-11-22T03:01", "2026-11-22T03:15"),
        ("0 4 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T04:00"),
        ("0 4 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T04:00"),
    ],
)
def test_the_next_moment_is_by_the_wall_clock_of_the_zone(cron, zone, after, begin) -> None:
    assert next_after(cron, zone, _at(after, zone)) == _at(begin, zone)


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("0 3 * * sun", "UTC", ""),
        ("0 3 * *", "UTC", "no calendar"),
        ("61 * * * *", "UTC", "no calendar"),
        ("0 3 * * *", "Mars/Olympus", "no time zone"),
        ("0 3 * * *", "../etc/passwd", "no time zone"),
    ],
)
def test_what_is_wrong_is_said(cron: str, zone: str, words: str) -> None:
    found = problem_of(cron, zone)

    assert words in found
    assert bool(found) is bool(words)


def test_a_calendar_that_never_comes_has_no_next_moment() -> None:
    assert next_after("0 0 30 2 *", "UTC", 0.0) is None
