"""What helped before: which runs came before the end of earlier fires of the same name; pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.alerting.response import quantile
from opsconsole.model.alert import Alert
from opsconsole.model.episode import Episode
from opsconsole.model.oncall import Fix, Fixes
from opsconsole.model.run import Run
from opsconsole.model.states import Effect

WITHIN: Final = 1_800.0
"""Seconds: a fire that ends later than this after a run did not end by it."""
MOST: Final = 5


class _Try(Struct, frozen=True):
    action: str
    same: bool
    took: float | None
    """Seconds to the fire's end; None: it did not end by it."""


def fixes_for(alert: Alert, episodes: Iterable[Episode], runs: Sequence[Run]) -> Fixes:
    """Learn from earlier fires of the same name.

    A run counts where it changed something, was begun while the fire burnt, and was on its target.
    Of several runs in one fire the last one before the end is what it ended by; the others were tried.

    Args:
        alert: The fire to be put out.
        episodes: Earlier fires, of whatever name.
        runs: Runs of the same time.
    """
    past = [each for each in episodes if each.name == alert.name and each.episode != alert.episode]
    ended = [each for each in past if each.resolved_at is not None]
    tries = [(each, list(_tries(each, alert.on, runs))) for each in ended]
    return Fixes(
        episode=alert.episode,
        fixes=_summed([one for _, made in tries for one in made])[:MOST],
        before=len(past),
        before_same=sum(each.on == alert.on for each in past),
        alone=sum(not made for _, made in tries),
    )


def _tries(episode: Episode, on: str, runs: Sequence[Run]) -> Iterator[_Try]:
    end = episode.resolved_at or 0.0
    target = episode.on.partition(":")[2] or episode.on
    made = sorted(
        (run for run in runs if _was_on(run, target) and episode.fired_at <= run.at <= end),
        key=lambda run: run.at,
    )
    for run in made:
        is_last = run is made[-1] and end - run.at <= WITHIN
        yield _Try(run.action, episode.on == on, end - run.at if is_last else None)


def _was_on(run: Run, target: str) -> bool:
    return run.effect is not Effect.READ and any(each.name == target for each in run.targets)


def _summed(tries: Iterable[_Try]) -> tuple[Fix, ...]:
    """Sum up by action; what was done on the same object counts alone where there is any."""
    by_action: dict[str, list[_Try]] = defaultdict(list)
    for one in tries:
        by_action[one.action].append(one)
    found = []
    for action, made in by_action.items():
        own = [one for one in made if one.same] or made
        took = sorted(one.took for one in own if one.took is not None)
        if took:
            found.append(Fix(action, len(took), len(own), quantile(took, 0.5), own[0].same))
    return tuple(
        sorted(found, key=lambda f: (not f.same, -f.cleared / f.tried, -f.cleared, f.median))
    )
