"""Service level objectives: what was promised, and what is left of the budget for breaking it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct


class Objective(Struct, frozen=True):
    """A promise about a service: so much of its checks' answers are good over a period."""

    objective: float
    """0..1, for example 0.999."""
    period: float = 30 * 86_400.0
    """Seconds."""
    latency: float | None = None
    """Seconds; a slower answer is bad, and so is a degraded one. None: only `down` is bad."""

    @property
    def budget(self) -> float:
        """The share of answers that may be bad."""
        return 1.0 - self.objective


def answers_in(period: float, intervals: Iterable[float]) -> float:
    """Say how many answers checks of these intervals (seconds) give in a period (seconds)."""
    return sum(period / every for every in intervals)


def finest(answers: float) -> float:
    """Give the finest objective that so many answers can bear out: 1 - 10 / N."""
    return 1.0 - 10.0 / max(1.0, answers)


class Burn(Struct, frozen=True):
    """How fast the budget goes in one pair of windows; 1 spends exactly all of it over the period."""

    severity: str
    """page or ticket."""
    long: float
    short: float
    """Seconds."""
    factor: float
    """Both windows above this burn: it fires."""
    burn_long: float | None = None
    burn_short: float | None = None
    """None: nothing was seen in the window."""
    bad_long: int = 0
    bad_short: int = 0
    fires: bool = False


class SloStatus(Struct, frozen=True):
    """Where one service's objective stands."""

    service: str
    objective: Objective
    total: int = 0
    """Answers known in the period; unknown ones and maintenance are not in it."""
    bad: int = 0
    coverage: float = 0.0
    """Known answers of those there should have been, 0..1: how far the other numbers can be believed."""
    left: float | None = None
    """Share of the budget that is left, below zero when overspent; None: nothing is known."""
    burns: tuple[Burn, ...] = ()
    exhausted_in: float | None = None
    """Seconds until the budget is gone at the rate of the last hour; None: not at this rate."""
    uptime: float | None = None
    """up / (up + down) over the period."""
    days: Mapping[int, tuple[int, int]] = {}
    """Good and bad answers by day (epoch days), for the bar."""

    @property
    def firing(self) -> str:
        """page, ticket, or empty."""
        found = {burn.severity for burn in self.burns if burn.fires}
        return "page" if "page" in found else "ticket" if found else ""
