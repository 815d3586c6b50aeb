"""What fills up: worked courses, and what holds for every one of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.capacity import (
    DAY,
    daily_full_in,
    levels_of,
    name_of,
    order_key,
    resource_of,
    thinned_by_hour,
)

NOW = 1_800_000_000.0
HOUR = 3_600.0
KEY = "fs.used_ratio{mount=/srv}"


def course(days: float, step: float, level) -> list[tuple[float, float]]:
    """Make points up to now; `level` gives the share by days before now (negative)."""
    count = int(days * DAY / step)
    return [(NOW - k * step, level(-k * step / DAY)) for k in range(count, -1, -1)]


def test_a_disk_that_grows_a_percent_a_day_is_full_when_the_rest_is_used_up() -> None:
    found = resource_of("db-02", KEY, course(10, HOUR, lambda day: 0.80 + 0.01 * day))

    assert (found.name, found.level, found.at) == ("disk /srv", 0.80, NOW)
    assert found.per_day == pytest.approx(0.01)
    assert found.earliest == pytest.approx(20 * DAY)
    assert found.latest == pytest.approx(20 * DAY)
    assert found.daily == pytest.approx(20 * DAY)
    assert found.agrees
    assert found.line == pytest.approx((0.70, 0.80))
    assert len(found.steps) == 16
    assert found.steps[0] == pytest.approx(0.703, abs=0.001)


def test_a_noisy_course_gives_a_range_around_its_end() -> None:
    def level(day: float) -> float:
        return 0.80 + 0.01 * day + 0.01 * math.sin(7 * day)

    found = resource_of("db-02", KEY, course(10, HOUR, level))

    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest < 20 * DAY < found.latest
    assert found.latest < 40 * DAY


def test_a_sawtooth_is_told_by_its_lows() -> None:
    """A log that is rotated at night climbs all day, and is every night where it was."""
    found = course(14, HOUR, lambda day: 0.5 + 0.3 * (day % 1))

    assert daily_full_in(found) is None
    assert not resource_of("log-01", KEY, found).agrees
    assert resource_of("log-01", KEY, found[-12:]).daily is None


def test_lows_that_climb_are_full_though_the_peaks_hide_it() -> None:
    found = daily_full_in(course(14, HOUR, lambda day: 0.60 + 0.02 * day + 0.1 * (day % 1)))

    assert found == pytest.approx((1 - 0.60) / 0.02 * DAY, rel=0.03)


def test_a_short_past_says_nothing_of_what_comes() -> None:
    found = resource_of("db-02", KEY, [(NOW, 0.97)])

    assert (found.per_day, found.earliest, found.latest, found.line) == (None, None, None, None)
    assert found.level == 0.97
    assert resource_of("db-02", KEY, course(0.2, 600, lambda day: 0.9 + day)[-29:]).per_day is None


def test_what_is_full_is_full_now() -> None:
    found = resource_of("db-02", KEY, course(10, HOUR, lambda day: min(1.0, 1.2 + 0.1 * day)))

    assert (found.earliest, found.latest) == (0.0, 0.0)


def test_what_shrinks_or_takes_over_a_year_does_not_fill() -> None:
    shrinks = resource_of("a", KEY, course(10, HOUR, lambda day: 0.5 - 0.01 * day))
    creeps = resource_of("a", KEY, course(10, HOUR, lambda day: 0.1 + 0.001 * day))

    assert shrinks.per_day == pytest.approx(-0.01)
    assert not shrinks.fills
    assert not creeps.fills
    assert creeps.daily is None


def test_a_long_past_is_looked_at_by_the_hour_and_keeps_its_newest_point() -> None:
    points = course(5, 600, lambda day: 0.5)

    thin = thinned_by_hour(points)

    assert len(thin) == pytest.approx(5 * 24 + 1, abs=1)
    assert thin[-1] == points[-1]
    assert thinned_by_hour(points[-100:]) == points[-100:]


def test_what_can_fill_is_taken_as_a_share_used() -> None:
    found = levels_of(
        {
            "fs.used_ratio{mount=/}": 0.4,
            "fs.inodes_available_ratio{mount=/}": 0.9,
            "mem.used_ratio": 0.7,
            "conntrack.used_ratio": math.nan,
            "load.1m": 3.0,
        }
    )

    assert found == {
        "fs.used_ratio{mount=/}": 0.4,
        "fs.inodes_available_ratio{mount=/}": pytest.approx(0.1),
        "mem.used_ratio": 0.7,
    }
    assert [name_of(key) for key in found] == ["disk /", "inodes /", "memory"]
    assert name_of("other.metric{mount=/}") == "other.metric /"


def test_the_first_to_be_full_stands_on_top_and_the_fullest_of_the_rest_next() -> None:
    def grows(name: str, rate: float, level: float):
        return resource_of(name, KEY, course(10, HOUR, lambda day: level + rate * day))

    found = [
        grows("still", 0, 0.9),
        grows("slow", 0.01, 0.8),
        grows("fast", 0.02, 0.8),
        grows("low", 0, 0.2),
    ]

    assert [each.host for each in sorted(found, key=order_key)] == ["fast", "slow", "still", "low"]


@given(
    level=st.floats(0, 0.999),
    count=st.integers(1, 300),
    step=st.floats(60, 20_000),
)
def test_what_does_not_move_never_fills(level: float, count: int, step: float) -> None:
    found = resource_of("a", KEY, [(NOW + k * step, level) for k in range(count)])

    assert (found.earliest, found.latest, found.daily) == (None, None, None)
    assert not found.agrees


@given(
    level=st.floats(0.1, 0.99),
    full_in=st.floats(0.1, 300),
    days=st.integers(1, 14),
)
def test_steady_growth_is_full_within_the_range(level: float, full_in: float, days: int) -> None:
    rate = (1 - level) / full_in
    if level - rate * days < 0:
        rate = level / days
        full_in = (1 - level) / rate
    if full_in > 300:
        return
    found = resource_of(
        "a", KEY, course(days, HOUR if days >= 3 else 600, lambda day: level + rate * day)
    )

    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest <= full_in * DAY * 1.001
    assert found.latest >= full_in * DAY * 0.999
    if found.daily is not None:
        assert found.daily == pytest.approx(full_in * DAY, rel=0.01, abs=60)
        assert found.agrees


@given(
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=80),
    step=st.floats(60, 100_000),
)
def test_any_course_has_an_answer_that_does_not_contradict_itself(
    levels: list[float], step: float
) -> None:
    found = resource_of("a", KEY, [(NOW + n * step, level) for n, level in enumerate(levels)])

    assert found.points >= 1
    assert len(found.steps) == 16
    if found.latest is not None:
        assert found.earliest is not None
        assert 0 <= found.earliest <= found.latest
    assert found.per_day is not None or found.earliest is None
