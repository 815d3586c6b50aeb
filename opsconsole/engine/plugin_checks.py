"""A plugin's check as a check of ours: asked by the same schedule, held against the same assertions."""

from collections.abc import Mapping
from typing import Final

from opsconsole.actions.answers import AnswerError, read_verdict
from opsconsole.actions.calling import NOWHERE
from opsconsole.actions.contributing import Verdict
from opsconsole.actions.grammars import World
from opsconsole.actions.params import Values, read_params
from opsconsole.actions.steps import Target
from opsconsole.clock import Clock
from opsconsole.collect.answers import Shown
from opsconsole.errors import RefusedError
from opsconsole.model.inventory import Check
from opsconsole.model.plugin import Contribution
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import ServiceState
from opsconsole.query.values import Value
from opsconsole.runs.contributions import Contributions
from opsconsole.runs.targets import host_target, service_target

_STATES: Final[Mapping[str, ServiceState]] = {
    "ok": ServiceState.UP,
    "warning": ServiceState.DEGRADED,
    "critical": ServiceState.DOWN,
    "unknown": ServiceState.UNKNOWN,
}


async def plugin_check(
    contributions: Contributions, check: Check, snapshot: Snapshot, clock: Clock
) -> Shown:
    """Ask a plugin's check once; whatever the plugin does, an answer comes back."""
    spec = contributions.find("check", check.target)
    if spec is None:
        return Shown(ServiceState.UNKNOWN, f"no plugin brings the check {check.target}")
    try:
        values = read_values(spec, check.params, snapshot)
    except RefusedError as error:
        return Shown(ServiceState.UNKNOWN, f"with: {error}")
    began = clock.monotonic()
    found = await ask(contributions, spec, _target(check, snapshot), values)
    took = clock.monotonic() - began
    if isinstance(found, str):
        return Shown(ServiceState.UNKNOWN, found, took=took)
    return _shown(found, took)


async def ask(
    contributions: Contributions, spec: Contribution, target: Target, values: Values
) -> Verdict | str:
    """Ask a check or a gate; a str says why there is no verdict."""
    found = await contributions.call(spec, target, values)
    if found.error:
        return found.error
    try:
        return read_verdict(found.answer)
    except AnswerError as error:
        contributions.blame(spec, str(error))
        return str(error)


def read_values(spec: Contribution, told: Mapping[str, str], snapshot: Snapshot) -> Values:
    """Read what a configuration or a rollout tells a check.

    Raises:
        RefusedError: `param`.
    """
    world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now)
    return read_params(spec.params, told, world)


def _target(check: Check, snapshot: Snapshot) -> Target:
    if check.host is not None:
        return host_target(check.host, snapshot)
    if check.service is not None and check.service in snapshot.services:
        return service_target(check.service, snapshot)
    return NOWHERE


def _shown(verdict: Verdict, took: float) -> Shown:
    perf = {f"perf.{name}": value for name, value in verdict.perfdata.items()}
    values: dict[str, Value] = {"latency": took, "output": verdict.summary, **perf}
    state = _STATES[verdict.state]
    return Shown(
        state, "" if state is ServiceState.UP else verdict.summary or verdict.state, values,
        floor=True, took=took, metrics={"check.latency": took, **perf}, detail=verdict.summary,
    )  # fmt: skip
