"""Who is on call at a moment: turns, clock changes, shifts before turns."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.rota import on_call_at
from opsconsole.model.oncall import OnCall, Rotation, Shift

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


WEEKLY = Rotation(("op1", "op2", "op3"), 7 * DAY, at("2026-03-02T09:00"), "Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "primary", "secondary", "then"),
    [
        ("2026-03-02T09:00", "op1", "op2", "op2"),
        ("2026-03-09T08:59:59", "op1", "op2", "op2"),
        ("2026-03-09T09:00", "op2", "op3", "op3"),
        ("2026-03-16T09:00", "op3", "op1", "op1"),
        ("2026-03-23T09:00", "op1", "op2", "op2"),
        ("2026-02-27T12:00", "op3", "op1", "op1"),
    ],
)
def test_each_has_their_turn_and_the_next_one_stands_by(
    moment: str, primary: str, secondary: str, then: str
) -> None:
    found = on_call_at(WEEKLY, (), at(moment))

    assert (found.primary, found.secondary, found.next) == (primary, secondary, then)


def test_a_hand_over_stays_at_its_hour_when_clocks_change() -> None:
    found = on_call_at(WEEKLY, (), at("2026-03-28T12:00"))

    assert found.until == at("2026-03-30T09:00")  # summer time began on the 29th


def test_turns_of_hours_are_hours() -> None:
    shifts = Rotation(("op1", "op2"), 12 * 3600.0, at("2026-03-28T18:00"), "Europe/Berlin")

    found = on_call_at(shifts, (), at("2026-03-28T20:00"))

    assert (found.until or 0.0) - at("2026-03-28T18:00") == 12 * 3600.0


def test_a_shift_of_the_calendar_goes_before_the_turn_and_ends_with_it() -> None:
    override = Shift(at("2026-03-04T18:00"), at("2026-03-05T08:00"), "op3")

    before = on_call_at(WEEKLY, (override,), at("2026-03-04T12:00"))
    within = on_call_at(WEEKLY, (override,), at("2026-03-04T20:00"))

    assert (before.primary, before.until, before.next) == ("op1", override.start, "op3")
    assert (within.primary, within.until, within.next) == ("op3", override.end, "op1")
    assert within.secondary == "op2"


def test_of_shifts_that_overlap_the_later_one_holds() -> None:
    long = Shift(0.0, 100.0, "op1")
    short = Shift(40.0, 60.0, "op2")

    assert [on_call_at(Rotation(), (long, short), t).primary for t in (39, 40, 60)] == [
        "op1",
        "op2",
        "op1",
    ]


def test_where_nobody_is_said_nobody_is() -> None:
    assert on_call_at(Rotation(), (), 1.0) == OnCall()


def test_a_gap_in_the_calendar_has_nobody_and_says_who_comes() -> None:
    found = on_call_at(Rotation(), (Shift(100.0, 200.0, "op1"),), 50.0)

    assert (found.primary, found.until, found.next) == ("", 100.0, "op1")


def test_one_alone_is_always_it_and_nobody_follows() -> None:
    found = on_call_at(Rotation(("op1",), DAY, 0.0), (), 10 * DAY)

    assert (found.primary, found.secondary, found.until) == ("op1", "", None)


@given(st.floats(1.7e9, 1.9e9), st.sampled_from([3600.0, 12 * 3600.0, DAY, 7 * DAY]))
def test_the_next_is_who_is_primary_at_the_hand_over(moment: float, every: float) -> None:
    turns = Rotation(("op1", "op2", "op3"), every, at("2026-03-02T09:00"), "Europe/Berlin")

    found = on_call_at(turns, (), moment)

    assert found.until is not None
    assert found.until > moment
    assert on_call_at(turns, (), found.until).primary == found.next
    assert on_call_at(turns, (), found.until - 1.0).primary == found.primary
