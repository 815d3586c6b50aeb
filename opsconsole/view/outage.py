"""What a plan would cost at worst: how much of its budget an outage as long as the plan may take would spend."""

from typing import Final

from opsconsole.alerting.slo import cost_of
from opsconsole.model.action import Plan
from opsconsole.model.slo import SloStatus
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.view.naming import bare_name
from opsconsole.view.slo import cost_words

_SHOWN: Final = 3
_SERVICE: Final = "service:"


def outage_words(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Say it for each service with an objective that the plan reaches, the dearest first.

    The bound is the time one target may take. Nothing for a plan that only reads: it takes nothing down.
    """
    if plan.effect is Effect.READ or plan.timeout <= 0:
        return ()
    reached = [slo for name, slo in snapshot.slos.items() if _reaches(plan, snapshot, name)]
    reached.sort(key=lambda slo: (-_cost(slo, plan), slo.service))
    lines = [f"at worst {cost_words(slo, plan.timeout)}" for slo in reached[:_SHOWN]]
    more = len(reached) - _SHOWN
    return (*lines, f"and {more} more with an objective") if more > 0 else tuple(lines)


def _reaches(plan: Plan, snapshot: Snapshot, service: str) -> bool:
    record = snapshot.services.get(service)
    hosts = frozenset(record.hosts) if record is not None else frozenset[str]()
    return any(
        target.name == f"{_SERVICE}{service}"
        or (not target.name.startswith(_SERVICE) and bare_name(target.name) in hosts)
        for target in plan.targets
        if not target.skip
    )


def _cost(slo: SloStatus, plan: Plan) -> float:
    return cost_of(slo, plan.timeout)
