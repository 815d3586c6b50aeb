"""Makes plans: targets frozen, parameters read, what each target would see, how it must be confirmed."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.actions.grammars import World
from opsconsole.actions.match import Subject, subject_of, why_not
from opsconsole.actions.params import Values, read_params
from opsconsole.actions.prefill import with_defaults
from opsconsole.actions.steps import Action, Target
from opsconsole.actions.target_words import WHOLE, resolve_targets
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun
from opsconsole.model.inventory import Host
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Confirm, Reach
from opsconsole.runs.gate_plan import find_gates, with_gates
from opsconsole.runs.lock_keys import lock_keys
from opsconsole.runs.planning import LOOK_BUDGET, LookAhead, look_ahead
from opsconsole.runs.policy import confirm_level, expected_answer, why_refused
from opsconsole.runs.ports import Ports
from opsconsole.runs.strategy import Strategy, decide
from opsconsole.runs.targets import target_record, touched_hosts

AHEAD_AT_ONCE: Final = 16
PLAN_BUDGET: Final = 20.0
"""Seconds all looks ahead of one plan may take together."""
TARGETS_LIMIT: Final = 2_000


class Prepared(Struct, frozen=True):
    """A plan, and everything needed to carry it out; kept until it is started or too old."""

    plan: Plan
    action: Action
    values: Values
    targets: tuple[Target, ...]
    hosts: tuple[str, ...]
    actor: str
    alert: Alert | None
    hostnames: Mapping[str, str]
    """What polling saw each host call itself."""
    machines: Mapping[str, Host]
    """Each host as it was reached when the plan was made."""
    gate_actions: Mapping[str, Action] = {}
    """Read actions that gates ask, by what the gate calls them."""
    rerun_of: str = ""

    @property
    def going(self) -> tuple[str, ...]:
        """Names of the targets that are worked on."""
        return tuple(target.name for target in self.plan.targets if not target.skip)


async def prepare(
    call: PlanRun,
    action: Action,
    actor: str,
    snapshot: Snapshot,
    ports: Ports,
    plan_id: str,
    find: Callable[[str], Action],
) -> Prepared:
    """Plan an action; a few reads may be run, nothing is changed. `find` gives an action by its id.

    Raises:
        RefusedError: unknown-target, empty, match, param.
    """
    spec = action.spec
    names = resolve_targets(call.targets, spec.scope, spec.effect, snapshot)
    _check_count(spec, names)
    alert = snapshot.alerts.get(call.alert) if call.alert else None
    values = _read_values(spec, call, names, actor, snapshot)
    targets = tuple(target_record(name, spec.scope, snapshot) for name in names)
    reasons = [_why_skipped(spec, name, call.alert, actor, snapshot) for name in names]
    if all(reasons):
        raise RefusedError("match", f"{spec.title}: {reasons[0]}")
    planned = await _look_at_all(action, targets, reasons, values, alert, snapshot, ports)
    if all(target.skip for target in planned):
        raise RefusedError("match", f"{spec.title}: {planned[0].name}: {planned[0].skip}")
    going = tuple(target.name for target in planned if not target.skip)
    subject = _with_service(_subject(spec, names[0], call.alert, actor, snapshot), call)
    strategy = decide(spec, call.rollout, going, snapshot)
    strategy = with_gates(strategy, values, subject)
    hosts = touched_hosts(going, spec.scope, snapshot)
    plan = _plan(plan_id, spec, values, planned, call.alert, strategy)
    plan = _admitted(plan, spec, hosts, actor, snapshot, ports)
    keys = lock_keys(spec, _going(targets, going), hosts, values, alert)
    plan = msgspec.structs.replace(plan, locks=keys)
    gates = find_gates(strategy.rollout, find, snapshot)
    machines = {name: host for name in hosts if (host := ports.host(name)) is not None}
    named = _hostnames(hosts, snapshot)
    return Prepared(plan, action, values, targets, hosts, actor, alert, named, machines, gates)


def _admitted(
    plan: Plan,
    spec: ActionSpec,
    hosts: Sequence[str],
    actor: str,
    snapshot: Snapshot,
    ports: Ports,
) -> Plan:
    """Say in the plan what it reaches, and whether it could be started now."""
    code, refusal = why_refused(
        spec.effect, hosts, access=ports.access(), actor=actor, now=snapshot.now,
        records=snapshot.hosts,
    )  # fmt: skip
    return msgspec.structs.replace(
        plan,
        blast=_blast(plan, spec, hosts, snapshot),
        refusal=refusal,
        refused_as=code,
        at=snapshot.now,
    )


def _hostnames(hosts: Sequence[str], snapshot: Snapshot) -> Mapping[str, str]:
    return {
        name: snapshot.hosts[name].facts.get("hostname", "")
        for name in hosts
        if name in snapshot.hosts
    }


def _going(targets: Sequence[Target], names: Sequence[str]) -> Sequence[Target]:
    return [target for target in targets if target.name in names]


def _check_count(spec: ActionSpec, names: Sequence[str]) -> None:
    limit = 1 if spec.arity == "one" else min(spec.max_targets or TARGETS_LIMIT, TARGETS_LIMIT)
    if len(names) > limit:
        raise RefusedError("param", f"{spec.title} takes {limit} at most, not {len(names)}")


def _read_values(
    spec: ActionSpec, call: PlanRun, names: Sequence[str], actor: str, snapshot: Snapshot
) -> Values:
    """Defaults that depend on the target come from the first one: a run has one set of parameters."""
    subject = _with_service(_subject(spec, names[0], call.alert, actor, snapshot), call)
    world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now)
    typed = with_defaults(spec.params, call.params, subject)
    plain = tuple(msgspec.structs.replace(param, default=None) for param in spec.params)
    return read_params(plain, typed, world)


def _with_service(subject: Subject, call: PlanRun) -> Subject:
    """A service that was named as the target says as much about the parameters as a fire on it."""
    named = (word.removeprefix("service:") for word in call.targets if word.startswith("service:"))
    service = subject.snapshot.services.get(next(named, ""))
    if subject.service is not None or service is None:
        return subject
    return msgspec.structs.replace(subject, service=service)


def _subject(
    spec: ActionSpec, name: str, episode: str | None, actor: str, snapshot: Snapshot
) -> Subject:
    ref = "" if spec.scope in WHOLE else target_ref(spec, name)
    return subject_of(snapshot, ref, episode, actor)


def target_ref(spec: ActionSpec, name: str) -> str:
    """Write a target as a reference."""
    return f"service:{name}" if spec.scope == "service" else f"host:{name}"


def _why_skipped(
    spec: ActionSpec, name: str, episode: str | None, actor: str, snapshot: Snapshot
) -> str:
    return why_not(spec, _subject(spec, name, episode, actor, snapshot))


async def _look_at_all(
    action: Action,
    targets: Sequence[Target],
    reasons: Sequence[str],
    values: Values,
    alert: Alert | None,
    snapshot: Snapshot,
    ports: Ports,
) -> tuple[PlannedTarget, ...]:
    slots = asyncio.Semaphore(AHEAD_AT_ONCE)
    until = asyncio.get_running_loop().time() + PLAN_BUDGET

    async def look(target: Target, reason: str) -> PlannedTarget:
        state = _state_of(action.spec, target.name, snapshot)
        if reason:
            return PlannedTarget(target.name, (), reason, state)
        ahead = LookAhead(
            target.name,
            ports.host(target.name) if action.spec.scope != "service" else None,
            action.spec,
            ports.remote,
            now=snapshot.now,
            alert=alert,
            why_silent=_why_silent(action.spec, target.name, snapshot),
            sudo=ports.sudo(),
        )
        async with slots:
            seconds = min(LOOK_BUDGET, until - asyncio.get_running_loop().time())
            return await look_ahead(action, ahead, target, values, state=state, seconds=seconds)

    async with asyncio.TaskGroup() as group:
        looks = [
            group.create_task(look(target, reason), name=f"plan {target.name}")
            for target, reason in zip(targets, reasons, strict=True)
        ]
    return tuple(task.result() for task in looks)


def _why_silent(spec: ActionSpec, name: str, snapshot: Snapshot) -> str:
    """A host that polling cannot reach is not asked while planning: 2,000 of them would take minutes."""
    record = snapshot.hosts.get(name) if spec.scope != "service" else None
    if record is None or record.reach in (None, Reach.UP, Reach.SLOW):
        return ""
    return f"not reachable: {record.reach}"


def _state_of(spec: ActionSpec, name: str, snapshot: Snapshot) -> str:
    if spec.scope == "service":
        service = snapshot.services.get(name)
        return "" if service is None else str(service.state)
    host = snapshot.hosts.get(name)
    if host is None:
        return ""
    return str(host.state) if host.reach in (None, "up") else f"{host.state}, {host.reach}"


def _plan(
    plan_id: str,
    spec: ActionSpec,
    values: Values,
    planned: Sequence[PlannedTarget],
    episode: str | None,
    strategy: Strategy,
) -> Plan:
    going = [target.name for target in planned if not target.skip]
    level = confirm_level(spec, len(going))
    return Plan(
        id=plan_id,
        action=spec.id,
        title=spec.title,
        effect=spec.effect,
        params=values.texts,
        targets=tuple(planned),
        confirm=level,
        expect=expected_answer(spec, level, going),
        max_parallel=strategy.rollout.max_parallel,
        stop_on_failure=spec.stop_on_failure,
        timeout=spec.timeout,
        hash=plan_hash(spec, values, planned, level, episode, strategy),
        rollout=strategy.rollout,
        batches=strategy.batches,
        overshoot=strategy.overshoot,
    )


def plan_hash(
    spec: ActionSpec,
    values: Values,
    planned: Sequence[PlannedTarget],
    level: Confirm,
    episode: str | None,
    strategy: Strategy,
) -> str:
    """Bind what was shown: specification, parameters, targets with what each would see, confirmation, rollout."""
    content = msgspec.json.encode(
        [spec.digest, values.texts, planned, level, episode, strategy, spec.timeout]
    )
    return hashlib.sha256(content).hexdigest()


def _blast(plan: Plan, spec: ActionSpec, hosts: Sequence[str], snapshot: Snapshot) -> str:
    going = sum(1 for target in plan.targets if not target.skip)
    if spec.scope == "service":
        return f"{going} of {len(snapshot.services)} services"
    carried = [name for name, s in snapshot.services.items() if set(s.hosts) & set(hosts)]
    said = f"{going} of {len(snapshot.hosts)} hosts"
    if skipped := len(plan.targets) - going:
        said += f", {skipped} skipped"
    if carried:
        said += f", service{'s' if len(carried) > 1 else ''} {', '.join(carried[:5])}"
        said += f" and {len(carried) - 5} more" if len(carried) > 5 else ""
    return said
