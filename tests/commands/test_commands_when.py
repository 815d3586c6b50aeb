"""Times that are over, as people type them."""

import time
from datetime import UTC, datetime

import pytest

from opsconsole.commands.line import LineError
from opsconsole.commands.when import past_time

NOW = datetime(2026, 5, 2, 14, 30, tzinfo=UTC).timestamp()

TIMES = {
    "30m": "2026-05-02T14:00:00",
    "90s": "2026-05-02T14:28:30",
    "1d": "2026-05-01T14:30:00",
    "14:05": "2026-05-02T14:05:00",
    "14:05:10": "2026-05-02T14:05:10",
    "14:05Z": "2026-05-02T14:05:00",
    "14:31": "2026-05-01T14:31:00",
    "9:00": "2026-05-02T09:00:00",
    "2026-04-30T10:00": "2026-04-30T10:00:00",
    "2026-04-30T10:00+02:00": "2026-04-30T08:00:00",
    "2026-04-30": "2026-04-30T00:00:00",
}


@pytest.mark.parametrize(("text", "when"), TIMES.items(), ids=TIMES)
def test_a_time_that_is_over_is_read(text: str, when: str) -> None:
    assert past_time(text, NOW) == datetime.fromisoformat(f"{when}+00:00").timestamp()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "is no time"),
        ("", "is no time"),
        ("5", "is no time"),
        ("25:00", "is no time of a day"),
        ("12:61", "is no time of a day"),
        ("-5m", "is no time"),
        ("40d", "is no time"),
        ("2026-05-02T14:31", "is not over yet"),
    ],
)
def test_what_is_no_time_or_not_over_is_refused(text: str, why: str) -> None:
    with pytest.raises(LineError, match=why):
        past_time(text, NOW)


ZONED = [
    ("Etc/GMT-2", "2026-05-02T14:30:00Z", "14:05", "2026-05-02T12:05:00Z"),
    ("Etc/GMT-2", "2026-05-02T14:30:00Z", "14:05Z", "2026-05-02T14:05:00Z"),
    # the night of 29 March 2026 has no hour from two to three
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T10:00:00Z", "13:00", "2026-03-28T12:00:00Z"),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T10:00:00Z", "01:30", "2026-03-29T00:30:00Z"),
]


@pytest.mark.parametrize(("zone", "now", "text", "when"), ZONED)
def test_where_no_zone_is_said_the_machines_own_may_be_meant(
    monkeypatch: pytest.MonkeyPatch, zone: str, now: str, text: str, when: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = past_time(text, datetime.fromisoformat(now).timestamp(), local=True)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert found == datetime.fromisoformat(when).timestamp()


def test_a_time_before_there_were_clocks_is_refused() -> None:
    with pytest.raises(LineError, match="before there were clocks"):
        past_time("0001-01-01", NOW, local=True)
