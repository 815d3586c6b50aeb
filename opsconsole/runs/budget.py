"""How much may go bad in a run, counted over the frozen set after every settled target; pure."""

from collections.abc import Collection, Sequence
from math import floor

from msgspec.structs import replace

from opsconsole.model.rollout import Budget, RolloutStatus
from opsconsole.model.run import RunTarget
from opsconsole.model.states import TargetState
from opsconsole.runs.verdict import BAD


class Meter:
    """Counts what goes bad against a budget."""

    def __init__(self, budget: Budget, total: int, canary: Collection[str] = ()) -> None:
        """Set up.

        Args:
            budget: Exceeding a limit trips, reaching it does not.
            total: Size of the frozen set.
            canary: One of these gone bad trips whatever the budget says: that is what a canary is for.
        """
        self._budget = budget
        self._total = total
        self._canary = frozenset(canary)
        self._settled: dict[str, TargetState] = {}
        self._bad: dict[str, TargetState] = {}
        """Of those, what counts against the budget."""
        self._forgiven: set[str] = set()

    @property
    def bad(self) -> int:
        """How many count against the budget, those included that a person has accepted."""
        return len(self._bad)

    @property
    def limit(self) -> int:
        """How many may go bad within the budget; the size of the whole set when nothing limits them."""
        limits = [limit for limit in (self._budget.count, self._share()) if limit is not None]
        if limits:
            return min(limits)
        return 0 if self._budget.consecutive is None else self._total

    def settle(self, name: str, state: TargetState) -> None:
        """Count a target in; a second word on it replaces the first, and stands at the end."""
        self.forget(name)
        self._settled[name] = state
        if self._counts(state):
            self._bad[name] = state

    def forget(self, name: str) -> None:
        """Take a target out: it is tried again."""
        self._settled.pop(name, None)
        self._bad.pop(name, None)
        self._forgiven.discard(name)

    def forgive(self) -> None:
        """A person has seen what is bad and goes on: only what comes from here counts."""
        self._forgiven.update(self._bad)

    def why_tripped(self) -> str:
        """Say which limit is exceeded; empty while all hold."""
        bad = [name for name in self._bad if name not in self._forgiven]
        if not bad:
            return ""
        if first := next((name for name in bad if name in self._canary), ""):
            return f"the canary {first} is {self._settled[first]}"
        if len(bad) > self.limit:
            return f"{self._last(bad)}: {len(bad)} bad, {self.limit} allowed"
        row = self._row()
        if self._budget.consecutive is not None and row > self._budget.consecutive:
            return f"{self._last(bad)}: {row} bad in a row, {self._budget.consecutive} allowed"
        return ""

    def _last(self, bad: list[str]) -> str:
        return f"{bad[-1]} is {self._settled[bad[-1]]}"

    def _row(self) -> int:
        """Count the bad ones at the end of what settled so far."""
        row = 0
        for name in reversed(self._settled):
            if name in self._forgiven or not self._counts(self._settled[name]):
                break
            row += 1
        return row

    def _counts(self, state: TargetState) -> bool:
        if state is TargetState.UNREACHABLE and self._budget.unreachable == "ignore":
            return False
        return state in BAD

    def _share(self) -> int | None:
        """Bad targets that make no more than the percentage of the frozen set."""
        if self._budget.percent is None:
            return None
        return floor(self._total * self._budget.percent / 100)


def recount(
    status: RolloutStatus | None, before: Sequence[RunTarget], after: Sequence[RunTarget]
) -> RolloutStatus | None:
    """Take out of the count of bad ones what was settled as good since, and in what was settled as bad."""
    if status is None:
        return None
    was, now = (sum(target.state in BAD for target in targets) for targets in (before, after))
    return replace(status, bad=max(0, status.bad + now - was)) if now != was else status
