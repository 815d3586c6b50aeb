"""How a test looks at plans and at targets: states as words, arguments as lists."""

from opsconsole.model.action import Plan, PlannedTarget
from opsconsole.model.run import RunTarget
from opsconsole.model.states import Effect


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
