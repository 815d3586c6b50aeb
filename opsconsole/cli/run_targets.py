"""A run's targets as rows: what went well first, and folded where it is much; what went bad last, in sight."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import TargetState
from opsconsole.view.naming import node_set
from opsconsole.view.run_choices import BAD

FOLD_FROM: Final = 20
"""Targets from which those of which the same is said share a row."""
_UNKNOWN: Final = (TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN)


def target_rows(
    run: Run, words: Callable[[RunTarget], str] = lambda target: target.why
) -> Iterator[tuple[str, str, str, str]]:
    """Give names (several as a node set), state, words and what was left; a small run's in its own order."""
    for members in _groups(run, words):
        first = members[0]
        names = node_set(target.name for target in members) if members[1:] else first.name
        yield names, str(first.state), words(first), first.left


def _groups(run: Run, words: Callable[[RunTarget], str]) -> Iterator[list[RunTarget]]:
    if len(run.targets) < FOLD_FROM:
        yield from ([target] for target in run.targets)
        return
    alike: defaultdict[tuple[str, str, str], list[RunTarget]] = defaultdict(list)
    for target in sorted(run.targets, key=_trouble):
        alike[target.state, words(target), target.left].append(target)
    yield from alike.values()


def _trouble(target: RunTarget) -> int:
    if target.state in _UNKNOWN:
        return 3
    return 2 if target.state in BAD else 0 if target.state.is_good else 1
