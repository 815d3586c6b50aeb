"""Many targets' output as few groups: who said the same, and where the others differ."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from opsconsole.model.run import OutputLine, Run, RunTarget
from opsconsole.model.states import TargetState
from opsconsole.view.naming import bare_name, folded


class Fold(Struct, frozen=True):
    """Targets that ended alike and said the same."""

    targets: tuple[str, ...]
    state: TargetState
    lines: tuple[str, ...]
    differs_at: int | None = None
    """Index of the first line that is not the majority's; None for the majority itself."""

    @property
    def title(self) -> str:
        """The targets' names, short."""
        return folded(bare_name(target) for target in self.targets)


def fold(run: Run, lines: Iterable[OutputLine]) -> tuple[Fold, ...]:
    """Group a run's targets by how they ended and what they said.

    What nobody observed comes first and never shares a group with what was observed; then the
    largest groups. A target that still runs is a group of its own.
    """
    said = _by_target(lines)
    groups: dict[tuple[object, ...], list[str]] = {}
    for target in run.targets:
        groups.setdefault(_key(target, said), []).append(target.name)
    states = {target.name: target.state for target in run.targets}
    folds = [
        Fold(tuple(names), states[names[0]], said.get(names[0], ())) for names in groups.values()
    ]
    folds.sort(
        key=lambda f: (
            f.state is not TargetState.UNKNOWN,
            f.state.is_good,
            -len(f.targets),
            f.title,
        )
    )
    majority = _majority(folds)
    return tuple(_compared(each, majority) for each in folds)


def _by_target(lines: Iterable[OutputLine]) -> Mapping[str, tuple[str, ...]]:
    said: dict[str, list[str]] = {}
    for line in lines:
        if line.stream != "run":
            said.setdefault(line.target, []).append(line.text)
    return {target: tuple(texts) for target, texts in said.items()}


def _key(target: RunTarget, said: Mapping[str, tuple[str, ...]]) -> tuple[object, ...]:
    if not target.state.is_settled:
        return (target.name,)
    return (target.state, target.code, said.get(target.name, ()))


def _majority(folds: Sequence[Fold]) -> Fold | None:
    """Choose what the others are compared with: the largest good group, else the largest."""
    return max(folds, key=lambda f: (f.state.is_good, len(f.targets)), default=None)


def _compared(one: Fold, majority: Fold | None) -> Fold:
    if majority is None or one is majority or not majority.lines:
        return one
    shared = 0
    for mine, theirs in zip(one.lines, majority.lines, strict=False):
        if mine != theirs:
            break
        shared += 1
    return Fold(one.targets, one.state, one.lines, shared)
