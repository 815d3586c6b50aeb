"""Many targets' output as few groups: who said the same, and where the others differ."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.model.run import OutputLine, Run, RunTarget
from opsconsole.model.states import TargetState
from opsconsole.view.naming import bare_name, node_set
from opsconsole.view.normalise import ALL, normal_lines

_NOT_BEGUN: Final = (TargetState.PENDING, TargetState.NOT_STARTED)
DIFF_LIMIT: Final = 400
"""Lines of each side that are compared; the rest is in the export."""


class Fold(Struct, frozen=True):
    """Targets that ended alike and said the same."""

    targets: tuple[str, ...]
    state: TargetState
    lines: tuple[str, ...]
    differs_at: int | None = None
    """Index of the first line that is not the majority's; None for the majority itself."""
    code: int | None = None
    why: str = ""
    is_majority: bool = False

    @property
    def title(self) -> str:
        """The targets' names as a node set, which every target line takes back."""
        return node_set(bare_name(target) for target in self.targets)


def fold(run: Run, lines: Iterable[OutputLine], kinds: Collection[str] = ALL) -> tuple[Fold, ...]:
    """Group a run's targets by how they ended and what they said.

    What nobody observed comes first and never shares a group with what was observed; then what went
    wrong, then the largest groups. A target that still runs is a group of its own. Lines that differ
    only in what `kinds` names (view.normalise) are the same; shown are those of the first target.
    """
    said = _by_target(lines)
    normal = {target: normal_lines(target, texts, kinds) for target, texts in said.items()}
    groups: dict[tuple[object, ...], list[RunTarget]] = {}
    for target in run.targets:
        groups.setdefault(_key(target, normal), []).append(target)
    folds = [_fold_of(members, said) for members in groups.values()]
    folds.sort(
        key=lambda f: (
            f.state is not TargetState.UNKNOWN,
            f.state in _NOT_BEGUN,
            f.state.is_good,
            -len(f.targets),
            f.title,
        )
    )
    majority = _majority(folds)
    return tuple(_compared(each, majority, normal) for each in folds)


def _fold_of(members: Sequence[RunTarget], said: Mapping[str, tuple[str, ...]]) -> Fold:
    first = members[0]
    names = tuple(member.name for member in members)
    return Fold(names, first.state, said.get(first.name, ()), code=first.code, why=first.why)


def of_target(folds: Sequence[Fold], target: str) -> Fold | None:
    """Find the group a target is in."""
    return next((each for each in folds if target in each.targets), None)


def majority(folds: Sequence[Fold]) -> Fold | None:
    """Find what the others were compared with."""
    return next((each for each in folds if each.is_majority), None)


def differences(one: Sequence[str], other: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Set two texts against each other: `-` what only the first says, `+` only the second, blank both."""
    left, right = list(one[:DIFF_LIMIT]), list(other[:DIFF_LIMIT])
    found: list[tuple[str, str]] = []
    for tag, low, high, start, end in SequenceMatcher(
        None, left, right, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            found += [(" ", line) for line in left[low:high]]
            continue
        found += [("-", line) for line in left[low:high]]
        found += [("+", line) for line in right[start:end]]
    return tuple(found)


def _by_target(lines: Iterable[OutputLine]) -> Mapping[str, tuple[str, ...]]:
    said: dict[str, list[str]] = {}
    for line in lines:
        if line.stream != "run":
            said.setdefault(line.target, []).append(line.text)
    return {target: tuple(texts) for target, texts in said.items()}


def _key(target: RunTarget, said: Mapping[str, tuple[str, ...]]) -> tuple[object, ...]:
    if not target.state.is_settled and target.name in said:
        return (target.name,)
    return (target.state, target.code, said.get(target.name, ()))


def _majority(folds: Sequence[Fold]) -> Fold | None:
    """Choose what the others are compared with: the lowest code, then the largest group."""
    spoke = [each for each in folds if each.lines] or list(folds)
    return min(spoke, key=_majority_order, default=None)


def _majority_order(one: Fold) -> tuple[bool, float, int]:
    code = float("inf") if one.code is None else float(one.code)
    return (not one.state.is_good, code, -len(one.targets))


def _compared(one: Fold, majority: Fold | None, normal: Mapping[str, tuple[str, ...]]) -> Fold:
    if majority is None:
        return one
    if one is majority:
        return replace(one, is_majority=True)
    if not majority.lines:
        return one
    mine, theirs = (normal.get(each.targets[0], ()) for each in (one, majority))
    shared = 0
    for left, right in zip(mine, theirs, strict=False):
        if left != right:
            break
        shared += 1
    return replace(one, differs_at=shared)
