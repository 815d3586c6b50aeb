"""Error budgets against worked values: burn factors, guards, what is left, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.slo import (
    DAY,
    HOUR,
    MONTH,
    WEEK,
    Ledger,
    cost_of,
    detected_in,
    factor,
    pairs_for,
    status,
)
from opsconsole.model.slo import Objective, SloStatus, answers_in, finest

NOW = 1_800_000_000.0
THREE_NINES = Objective(0.999)


@pytest.mark.parametrize(
    ("pairs", "period", "factors"),
    [(MONTH, 30 * DAY, [14.4, 6, 3, 1]), (WEEK, 7 * DAY, [13.44, 3.5, 1.4, 0.98])],
)
def test_factors_are_those_of_the_workbook(pairs, period, factors) -> None:
    assert [factor(pair, period) for pair in pairs] == pytest.approx(factors, rel=1e-12)
    assert pairs_for(period) == pairs


def test_a_total_outage_is_noticed_in_52_seconds() -> None:
    assert detected_in(MONTH[0], THREE_NINES, 1.0) == pytest.approx(51.84, rel=1e-12)


def test_a_ten_minute_outage_costs_23_percent_of_a_month_at_three_nines() -> None:
    shown = SloStatus("shop", THREE_NINES)

    assert cost_of(shown, 600) == pytest.approx(600 / 2592, rel=1e-12)
    assert round(cost_of(shown, 600), 2) == 0.23


@pytest.mark.parametrize(
    ("period", "every", "checks", "best"),
    [(30 * DAY, 30, 1, 1 - 10 / 86_400), (7 * DAY, 60, 2, 1 - 10 / 20_160), (DAY, DAY, 1, -9)],
)
def test_an_objective_can_be_no_finer_than_its_answers_bear_out(
    period, every, checks, best
) -> None:
    answers = answers_in(period, [every] * checks)

    assert finest(answers) == pytest.approx(best)


def _ledger(*answers: tuple[float, str], latency: float | None = None) -> Ledger:
    made = Ledger(Objective(0.999, latency=latency))
    for ago, state in answers:
        made.add(NOW - ago, state, 0.1)
    return made


def test_two_failed_probes_page_nobody() -> None:
    hour = [(each * 30 + 30.0, "up") for each in range(120)]
    two = _ledger(*hour[2:], (10.0, "down"), (40.0, "down"))
    three = _ledger(*hour[3:], (10.0, "down"), (40.0, "down"), (70.0, "down"))

    assert status("shop", two, 86_400, NOW).firing == ""
    assert status("shop", three, 86_400, NOW).firing == "page"


def test_what_is_over_fires_no_more() -> None:
    """The short window resets it: an hour's outage that ended ten minutes ago."""
    answers = [(600.0 + n * 30, "down") for n in range(100)] + [(n * 30.0, "up") for n in range(20)]

    found = status("shop", _ledger(*answers), 86_400, NOW)

    assert found.burns[0].burn_long > found.burns[0].factor
    assert found.burns[0].burn_short == 0
    assert not found.burns[0].fires


@pytest.mark.parametrize(
    ("state", "took", "latency", "kind"),
    [
        ("up", 0.1, None, 0),
        ("up", 9.0, None, 0),
        ("down", 0.1, None, 1),
        ("degraded", 0.1, None, 0),
        ("degraded", 0.1, 0.5, 1),
        ("up", 0.6, 0.5, 1),
        ("unknown", 0.1, 0.5, 2),
        ("maintenance", 0.1, None, None),
        ("pending", 0.1, None, None),
    ],
)
def test_what_counts_as_bad(state, took, latency, kind) -> None:
    assert Ledger(Objective(0.99, latency=latency)).judge(state, took) == kind


def test_unknown_is_left_out_and_shown_as_coverage() -> None:
    found = status("shop", _ledger((30, "up"), (60, "unknown"), (90, "down")), 4, NOW)

    assert (found.total, found.bad, found.coverage) == (2, 1, 0.5)
    assert found.uptime == 0.5


def test_with_nothing_known_nothing_is_said() -> None:
    found = status("shop", Ledger(THREE_NINES), 86_400, NOW)

    assert (found.left, found.exhausted_in, found.uptime, found.firing) == (None, None, None, "")


def test_the_budget_is_the_whole_periods_from_the_first_hour_on() -> None:
    """86.4 bad answers are the month's budget at 30 s; 43 of them are half of it."""
    answers = [(n * 30.0, "down" if n < 43 else "up") for n in range(120)]

    found = status("shop", _ledger(*answers), 86_400, NOW)

    assert found.left == pytest.approx(1 - 43 / 86.4)
    assert found.exhausted_in == pytest.approx(found.left * 30 * DAY / (43 / 120 / 0.001))


@given(
    st.lists(
        st.tuples(st.floats(0, 30 * DAY - HOUR), st.sampled_from(["up", "down", "unknown"])),
        max_size=60,
    )
)
def test_rolling_up_loses_no_answer_of_the_period(answers) -> None:
    ledger = _ledger(*answers)
    before = ledger.counts(0)

    ledger.roll(NOW)

    assert ledger.counts(0) == before
    assert sum(before) == len(answers)
