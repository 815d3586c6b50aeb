"""What a plan would cost: how much of a service's error budget goes while all that carries it is away at once."""

from typing import Final

from opsconsole.alerting.slo import cost_of
from opsconsole.model.action import Plan
from opsconsole.model.slo import SloStatus
from opsconsole.model.snapshot import Snapshot
from opsconsole.view.naming import bare_name
from opsconsole.view.slo import cost_words

_SHOWN: Final = 3
_SERVICE: Final = "service:"


def outage_words(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Say it for each service with an objective that the plan takes away, the dearest first.

    The action says how long a target does not answer; of one that says nothing, nothing is said. A service
    with hosts left that the plan does not take away meanwhile goes on answering.
    """
    if not plan.outage:
        return ()
    gone = [slo for name, slo in snapshot.slos.items() if _takes_away(plan, snapshot, name)]
    gone.sort(key=lambda slo: (-_cost(slo, plan), slo.service))
    lines = [cost_words(slo, plan.outage) for slo in gone[:_SHOWN]]
    more = len(gone) - _SHOWN
    return (*lines, f"and {more} more with an objective") if more > 0 else tuple(lines)


def _takes_away(plan: Plan, snapshot: Snapshot, service: str) -> bool:
    going = frozenset(target.name for target in plan.targets if not target.skip)
    if f"{_SERVICE}{service}" in going:
        return True
    record = snapshot.services.get(service)
    if record is None or not 0 < len(record.hosts) <= plan.max_parallel:
        return False
    at_once = plan.batches or (tuple(going),)
    return any(set(record.hosts) <= {bare_name(name) for name in batch} for batch in at_once)


def _cost(slo: SloStatus, plan: Plan) -> float:
    return cost_of(slo, plan.outage)
