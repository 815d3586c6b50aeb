"""How a test looks at plans and at targets: states as words, arguments as lists."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from opsconsole.model.action import Plan, PlannedTarget
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import Effect, TargetState

if TYPE_CHECKING:
    from opsconsole.testing.kit import Fleet


def word(state: str) -> str:
    """Write a state as tests do: FAILED, NOT_STARTED."""
    return str(state).upper().replace("-", "_")


class TargetView:
    """One target of a run as a test looks at it."""

    def __init__(self, target: RunTarget) -> None:
        self.record = target
        self.name = target.name
        self.state = word(target.state)
        self.why = target.why
        self.code = target.code

    def __repr__(self) -> str:
        """Show it in an assertion's message."""
        return f"<{self.name} {self.state} {self.why!r}>"


class PlannedView:
    """What one target would see."""

    def __init__(self, target: PlannedTarget) -> None:
        self.record = target
        self.skip = target.skip

    @property
    def writes(self) -> list[list[str]]:
        """Every write's argument list."""
        return [list(s.argv) for s in self.record.steps if s.effect is not Effect.READ]

    @property
    def reads(self) -> list[list[str]]:
        """Every read's."""
        return [list(s.argv) for s in self.record.steps if s.effect is Effect.READ and s.argv]

    @property
    def notes(self) -> list[str]:
        """What the plan says beside: where it cannot tell."""
        return [step.note for step in self.record.steps if step.note]


class PlanView:
    """A plan."""

    def __init__(self, plan: Plan) -> None:
        self.record = plan
        self.hash = plan.hash

    def __getitem__(self, name: str) -> PlannedView:
        """Give a target's part by name."""
        found = next((each for each in self.record.targets if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return PlannedView(found)


class RunView:
    """A run that is over."""

    def __init__(self, fleet: "Fleet", run: Run, lines: Sequence[str], touched: set[str]) -> None:
        self.record = run
        self.id = run.id
        self.state = word(run.state)
        self.lines = tuple(lines)
        """What it said: `<target> <stream> <text>`."""
        self.touched = touched
        """Hosts that a write left for: the blast radius."""
        self._fleet = fleet

    def __getitem__(self, name: str) -> TargetView:
        """Give a target by name."""
        found = next((each for each in self.record.targets if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return TargetView(found)

    def __iter__(self) -> Iterator[TargetView]:
        """Walk the targets."""
        return iter([TargetView(each) for each in self.record.targets])

    def __repr__(self) -> str:
        """Show it in an assertion's message."""
        return f"<run {self.state} {[TargetView(each) for each in self.record.targets]}>"

    def of_state(self, *states: TargetState) -> set[str]:
        """Name the targets that ended so."""
        return {each.name for each in self.record.targets if each.state in states}

    @property
    def failed(self) -> set[str]:
        """Names of the targets that are known to have failed."""
        return self.of_state(TargetState.FAILED)

    @property
    def unknown(self) -> set[str]:
        """Names of the targets of which nobody knows."""
        return self.of_state(TargetState.UNKNOWN)

    @property
    def good(self) -> set[str]:
        """Names of the targets that are called good."""
        return self.of_state(TargetState.CHANGED, TargetState.UNCHANGED)

    @property
    def unsettled(self) -> set[str]:
        """Names of the targets with a write that left and that nobody saw end, by the journal."""
        return self._fleet.unsettled(self.id)

    async def resolve(self) -> "RunView":
        """Have the engine settle what is unknown by what the hosts' spools say."""
        return await self._fleet.resolve(self)

    @property
    def journal(self) -> Path:
        """The run's folder: plan.json, journal.jsonl, out/."""
        return self._fleet.state / "runs" / self.id
