"""Error budgets in words."""

from opsconsole.alerting.slo import Ledger, status
from opsconsole.model.slo import Objective, SloStatus
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import ASCII
from opsconsole.view.rows import Tone
from opsconsole.view.slo import budget_words, cost_words, lines, share, table, tone_of

NOW = 1_800_000_000.0
HALF_SPENT = [(n * 30.0, "down" if n < 43 else "up") for n in range(120)]


def _slo(answers: list[tuple[float, str]]) -> SloStatus:
    ledger = Ledger(Objective(0.999))
    for ago, state in answers:
        ledger.add(NOW - ago, state, 0.1)
    return status("shop", ledger, 86_400, NOW)


def test_a_budget_is_said_in_a_line() -> None:
    assert budget_words(_slo(HALF_SPENT)) == (
        "99.9% over 30d: 50% of the budget left, empty in 1h00 at this rate (120 answers, 0% of the period seen)"
    )
    assert budget_words(_slo([])) == "99.9% over 30d: no answers yet"


def test_more_than_all_of_it_is_said_as_overspent() -> None:
    found = _slo([(n * 30.0, "down") for n in range(120)])

    assert "budget overspent by 39%" in budget_words(found)
    assert tone_of(found) is Tone.CRITICAL


def test_a_page_stands_beside_its_windows() -> None:
    shown = [plain(line) for line in lines(_slo(HALF_SPENT), ASCII)]

    assert shown[0].startswith("budget    ##########..........")
    assert shown[1].endswith("PAGE")
    assert "1h00/5m" in shown[1]


def test_an_outage_has_a_price() -> None:
    assert cost_words(_slo(HALF_SPENT), 600) == (
        "10m of shop down costs 23% of its budget; 27% of the budget left then"
    )


def test_a_share_has_as_many_digits_as_it_needs() -> None:
    assert [share(x) for x in (0.99, 0.999, 0.9995, 0.99999)] == [
        "99%",
        "99.9%",
        "99.95%",
        "99.999%",
    ]


def test_what_is_not_known_is_a_dash() -> None:
    assert table([_slo([])])[0][2:5] == ("-", "-", "-")
