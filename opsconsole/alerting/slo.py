"""Error budgets: counts by time, burn rates over pairs of windows, what is left and for how long; pure.

The numbers are those of the SRE Workbook, chapter 5: a factor is the share of the budget that a window may
spend, times period over window. Checks are few answers an hour, so a burn also needs enough bad ones.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from opsconsole.model.slo import Burn, Objective, SloStatus
from opsconsole.model.states import ServiceState

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
FINE_FOR: Final = 6 * HOUR + 600.0
"""Seconds in which answers are counted by the minute; before, by five minutes."""
COARSE: Final = 5
LEAST_BAD: Final = (3, 2)
"""Bad answers in the long and the short window, below which nothing fires."""


class Pair(NamedTuple):
    """One rule of the multi-window alert."""

    severity: str
    share: float
    """Of the budget, spent in the long window."""
    long: float
    short: float


MONTH: Final = (
    Pair("page", 0.02, HOUR, 5 * MINUTE),
    Pair("page", 0.05, 6 * HOUR, 30 * MINUTE),
    Pair("ticket", 0.10, DAY, 2 * HOUR),
    Pair("ticket", 0.10, 3 * DAY, 6 * HOUR),
)
WEEK: Final = (
    Pair("page", 0.08, HOUR, 5 * MINUTE),
    Pair("page", 0.125, 6 * HOUR, 30 * MINUTE),
    Pair("ticket", 0.20, DAY, 2 * HOUR),
    Pair("ticket", 0.42, 3 * DAY, 6 * HOUR),
)


def pairs_for(period: float) -> tuple[Pair, ...]:
    """Choose the windows: a week's for periods below two weeks, else a month's."""
    return WEEK if period < 14 * DAY else MONTH


def factor(pair: Pair, period: float) -> float:
    """Give the burn at which a pair fires: share x period / long window."""
    return pair.share * period / pair.long


def detected_in(pair: Pair, objective: Objective, ratio: float) -> float:
    """Give the seconds after which a steady error ratio (0..1] is noticed: f x B x w / e."""
    return factor(pair, objective.period) * objective.budget * pair.long / ratio


class Ledger:
    """Good, bad and unknown answers by time; what is older than the period is dropped."""

    def __init__(self, objective: Objective, began: float = 0.0) -> None:
        """Begin to count; what was answered before `began` (epoch seconds) comes by `add_old`."""
        self.objective = objective
        self.began = began
        self._fine: dict[int, list[int]] = {}
        self._coarse: dict[int, list[int]] = {}

    def judge(self, state: ServiceState | str, took: float) -> int | None:
        """Tell what an answer counts as: 0 good, 1 bad, 2 unknown; None: not at all."""
        if state == ServiceState.MAINTENANCE or state == ServiceState.PENDING:
            return None
        if state == ServiceState.UNKNOWN:
            return 2
        limit = self.objective.latency
        slow = limit is not None and (took > limit or state == ServiceState.DEGRADED)
        return 1 if state == ServiceState.DOWN or slow else 0

    def add(self, at: float, state: ServiceState | str, took: float) -> None:
        """Count one answer, lately given."""
        if (kind := self.judge(state, took)) is not None:
            self._fine.setdefault(int(at // MINUTE), [0, 0, 0])[kind] += 1

    def add_old(self, slot: int, kind: int, count: int) -> None:
        """Count answers of an earlier time: `slot` is the epoch's five-minute step."""
        self._coarse.setdefault(slot, [0, 0, 0])[kind] += count

    def roll(self, now: float) -> None:
        """Fold minutes that grew old into steps of five, and forget what is past the period."""
        oldest = int((now - FINE_FOR) // MINUTE)
        for minute in [each for each in self._fine if each < oldest]:
            slot = self._coarse.setdefault(minute // COARSE, [0, 0, 0])
            for kind, count in enumerate(self._fine.pop(minute)):
                slot[kind] += count
        first = int((now - self.objective.period) // (MINUTE * COARSE))
        for slot_at in [each for each in self._coarse if each < first]:
            del self._coarse[slot_at]

    def counts(self, since: float) -> tuple[int, int, int]:
        """Sum good, bad and unknown since a moment, to the minute."""
        good = bad = unknown = 0
        for at, counted in self._steps():
            if at >= since:
                good, bad, unknown = good + counted[0], bad + counted[1], unknown + counted[2]
        return good, bad, unknown

    def days(self) -> dict[int, tuple[int, int]]:
        """Sum good and bad by epoch day."""
        found: dict[int, tuple[int, int]] = {}
        for at, counted in self._steps():
            day = int(at // DAY)
            good, bad = found.get(day, (0, 0))
            found[day] = (good + counted[0], bad + counted[1])
        return found

    def _steps(self) -> Iterator[tuple[float, list[int]]]:
        """Give every step with its end: a step that is still filling counts as now."""
        for minute, counted in self._fine.items():
            yield (minute + 1) * MINUTE, counted
        for slot, counted in self._coarse.items():
            yield (slot + 1) * MINUTE * COARSE, counted


def status(service: str, ledger: Ledger, expected: float, now: float) -> SloStatus:
    """Judge an objective.

    Args:
        service: Its name.
        ledger: What was answered.
        expected: Answers there should have been in the period, all checks together.
        now: Epoch seconds.
    """
    objective = ledger.objective
    good, bad, _unknown = ledger.counts(now - objective.period)
    total = good + bad
    burns = tuple(_burn(pair, ledger, now) for pair in pairs_for(objective.period))
    left = 1.0 - bad / (objective.budget * expected_total(total, expected)) if total else None
    return SloStatus(
        service=service,
        objective=objective,
        total=total,
        bad=bad,
        coverage=min(1.0, total / expected) if expected > 0 else 0.0,
        left=left,
        burns=burns,
        exhausted_in=_exhausted_in(left, burns[0].burn_long, objective),
        uptime=good / total if total else None,
        days=ledger.days(),
    )


def expected_total(total: int, expected: float) -> float:
    """Say against how many answers the budget is reckoned: those of a whole period, once it is known.

    A service that is watched since an hour has not had its month yet; its budget is the month's.
    """
    return max(float(total), expected)


def _burn(pair: Pair, ledger: Ledger, now: float) -> Burn:
    objective = ledger.objective
    limit = factor(pair, objective.period)
    long_good, long_bad, _ = ledger.counts(now - pair.long)
    short_good, short_bad, _ = ledger.counts(now - pair.short)
    burn_long = _rate(long_good, long_bad, objective)
    burn_short = _rate(short_good, short_bad, objective)
    enough = long_bad >= LEAST_BAD[0] and short_bad >= LEAST_BAD[1]
    over = (burn_long or 0.0) > limit and (burn_short or 0.0) > limit
    return Burn(
        pair.severity, pair.long, pair.short, limit, burn_long, burn_short,
        long_bad, short_bad, over and enough,
    )  # fmt: skip


def _rate(good: int, bad: int, objective: Objective) -> float | None:
    total = good + bad
    return bad / total / objective.budget if total else None


def _exhausted_in(left: float | None, burn: float | None, objective: Objective) -> float | None:
    if left is None or not burn:
        return None
    return max(0.0, left) * objective.period / burn


def cost_of(status: SloStatus, seconds: float) -> float:
    """Give the share of the whole budget that an outage of so many seconds would spend."""
    return seconds / (status.objective.period * status.objective.budget)
