"""Where a series goes: worked values, the gates, and what Prometheus makes of the same points."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.forecast import (
    agree,
    believable_fit,
    least_squares,
    pair_slopes,
    quantile,
    robust_score,
    robust_z,
    theil_sen,
    thinned,
    time_range,
    time_to,
)

HOUR = 3600.0


def _steady(slope: float, count: int = 60, step: float = 60.0) -> list[tuple[float, float]]:
    return [(step * n, 1000.0 + slope * step * n) for n in range(count)]


def test_a_line_is_as_worked_out_by_hand() -> None:
    # (0, 1) (1, 3) (2, 2) (3, 5): means 1.5 and 2.75, cov 5.5, var 5, so 1.1 a second
    line = least_squares([(0, 1), (1, 3), (2, 2), (3, 5)], 3.0)

    assert line is not None
    assert line.slope == pytest.approx(1.1, rel=1e-12)
    assert line.value == pytest.approx(2.75 + 1.1 * 1.5, rel=1e-12)
    assert line.value_at(13.0) == pytest.approx(2.75 + 1.1 * 11.5, rel=1e-12)


def test_a_constant_series_has_no_slope_and_too_few_points_no_line() -> None:
    assert least_squares([(0, 0.1), (10, 0.1), (20, 0.1)], 30.0) == (0.0, 0.1, 30.0)
    assert least_squares([(0, 1.0)], 0.0) is None
    assert least_squares([(5, 1.0), (5, 2.0)], 5.0) is None


def test_pair_slopes_are_as_worked_out_by_hand() -> None:
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, 10.0), (3.0, 3.0)]

    assert pair_slopes(points) == [-7.0, 1.0, 1.0, 1.0, 5.0, 9.0]
    assert theil_sen(points) == 1.0
    assert theil_sen([(0.0, 1.0)]) is None


def test_of_many_points_an_even_choice_is_taken_with_both_ends() -> None:
    points = [(float(n), float(n)) for n in range(1000)]

    few = thinned(points, 200)

    assert len(few) == 200
    assert (few[0], few[-1]) == (points[0], points[-1])
    assert len(pair_slopes(points)) == 200 * 199 // 2


def test_a_log_rotation_bends_the_line_and_is_not_believed() -> None:
    points = _steady(-0.01, 120)
    rotated = [(at, value - (500 if at > 110 * 60 else 0)) for at, value in points]

    assert believable_fit(points, 2 * HOUR) is not None
    assert believable_fit(rotated, 2 * HOUR) is None


@pytest.mark.parametrize(
    ("points", "window", "is_believed"),
    [
        (_steady(-1, 29), HOUR, False),
        (_steady(-1, 30), HOUR, False),
        (_steady(-1, 31), HOUR, True),
        (_steady(-1, 60), 6 * HOUR, False),
        ([(60.0 * n, 5.0) for n in range(60)], HOUR, True),
        ([], HOUR, False),
    ],
)
def test_a_line_wants_thirty_points_over_half_its_window(
    points: list[tuple[float, float]], window: float, is_believed: bool
) -> None:
    assert (believable_fit(points, window) is not None) is is_believed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, 2, True),
        (1, 2.01, False),
        (-1, 1, False),
        (-1, -0.5, True),
        (0, 0, True),
        (0, 1, False),
    ],
)
def test_slopes_agree_in_sign_and_within_a_factor_of_two(
    one: float, other: float, same: bool
) -> None:
    assert agree(one, other) is same


def test_the_time_to_a_limit_is_a_range_and_none_when_it_does_not_go_there() -> None:
    dice = random.Random(7)
    points = [(60.0 * n, 10_000.0 - 60.0 * n + dice.uniform(-300, 300)) for n in range(120)]
    fit = believable_fit(points, 2 * HOUR)
    assert fit is not None
    now = points[-1][0]

    middle, found = time_to(fit, 0.0, now), time_range(fit, 0.0, now)

    assert middle == pytest.approx(2860.0, rel=0.1)
    assert found is not None
    assert found[0] < middle < found[1] < 2 * found[0]
    assert time_to(fit, 20_000.0, now) is None
    assert time_range(fit, 20_000.0, now) is None


def test_a_quartile_that_does_not_go_there_makes_the_later_end_open() -> None:
    fit = believable_fit(_steady(-1, 60), HOUR)
    assert fit is not None

    found = time_range(fit._replace(high=0.5), -10_000.0, 3600.0)

    assert found is not None
    assert math.isinf(found[1])


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.25, 1.75), (0.5, 2.5), (1, 4)])
def test_quantiles_lie_between_neighbours(share: float, value: float) -> None:
    assert quantile([1, 2, 3, 4], share) == value


def test_a_robust_distance_is_as_worked_out_by_hand() -> None:
    # median 3, absolute deviations 2 1 0 1 97, their median 1
    assert robust_z(10, [1, 2, 3, 4, 100]) == pytest.approx(7 / 1.4826)
    assert robust_z(5, [5, 5, 5]) == 0.0
    assert robust_z(6, [5, 5, 5]) == math.inf
    assert robust_z(1, []) is None


@pytest.mark.parametrize(("odd", "is_odd"), [(4, False), (5, True), (7, True)])
def test_five_of_the_last_seven_samples_make_an_anomaly(odd: int, is_odd: bool) -> None:
    usual = [10.0 + n % 3 for n in range(60)]

    score = robust_score([*usual, *[11.0] * (7 - odd), *[40.0] * odd])

    assert score is not None
    assert (score > 6) is is_odd
    assert robust_score(usual[:36]) is None


POINTS = st.lists(
    st.tuples(st.integers(0, 10_000), st.floats(-1e9, 1e9)), min_size=2, max_size=40,
    unique_by=lambda point: point[0],
).map(sorted)  # fmt: skip


@given(POINTS, st.floats(-1e5, 1e5))
def test_the_line_is_the_same_whenever_it_is_looked_at(points: Any, later: float) -> None:
    here, there = least_squares(points, points[-1][0]), least_squares(points, points[-1][0] + later)
    assert here is not None
    assert there is not None
    size = max(abs(value) for _, value in points) + 1
    # Seconds of points, seen from hours away: what a float rounds off there is magnified on the way back.
    reach = (abs(later) + points[-1][0]) / (points[-1][0] - points[0][0])
    near = size * (1e-6 + 1e-13 * reach**3)

    assert here.value_at(0.0) == pytest.approx(there.value_at(0.0), abs=near)
