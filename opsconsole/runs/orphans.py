"""Asks the hosts, when an engine starts, about writes that the engine before it did not see to their end."""

from collections.abc import Callable, Iterable
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.calls import ResolveRun
from opsconsole.model.run import Run
from opsconsole.runs.late import OPEN
from opsconsole.runs.resolver import Resolver

PAUSES: Final = (0.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds before each time it is asked: a host may be away, a step may still run."""
_GOOD_FOR: Final = 7 * 86400.0
"""Seconds a host keeps its spools."""


def orphans_of(runs: Iterable[Run], now: float) -> tuple[Run, ...]:
    """Find the runs that hosts may still say something about."""
    return tuple(run for run in runs if _has_open(run) and now - run.at < _GOOD_FOR)


def _has_open(run: Run) -> bool:
    return any(target.state in OPEN for target in run.targets)


async def settle_orphans(
    runs: Iterable[Run], resolver: Resolver, publish: Callable[[Run], None], clock: Clock
) -> None:
    """Ask now, and a few times more; nothing is dispatched, nobody is waited for."""
    left = list(runs)
    for pause in PAUSES:
        if not left:
            return
        await clock.sleep(pause)
        for run in tuple(left):
            try:
                found = await resolver.resolve(ResolveRun(run.id), "engine")
            except RefusedError:
                left.remove(run)  # a person is at it, or its journal is not to be trusted
                continue
            if found != run:
                publish(found)
            left.remove(run)
            if _has_open(found):
                left.append(found)
