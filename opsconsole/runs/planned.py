"""Makes plans: targets frozen, parameters read, what each target would see, how it must be confirmed."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
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
from opsconsole.model.states import Confirm
from opsconsole.runs.lock_keys import lock_keys
from opsconsole.runs.planning import LookAhead, look_ahead
from opsconsole.runs.policy import confirm_level, expected_answer, why_refused
from opsconsole.runs.ports import Ports
from opsconsole.runs.targets import target_record, touched_hosts

AHEAD_AT_ONCE: Final = 16
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


async def prepare(
    call: PlanRun, action: Action, actor: str, snapshot: Snapshot, ports: Ports, plan_id: str
) -> Prepared:
    """Plan an action; a few reads may be run, nothing is changed.

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
    going = [target.name for target in planned if not target.skip]
    hosts = touched_hosts(going, spec.scope, snapshot)
    plan = _plan(plan_id, spec, values, planned, call.alert)
    code, refusal = why_refused(
        spec.effect, hosts, access=ports.access(), actor=actor, now=snapshot.now,
        records=snapshot.hosts,
    )  # fmt: skip
    plan = msgspec.structs.replace(
        plan,
        blast=_blast(plan, spec, hosts, snapshot),
        refusal=refusal,
        refused_as=code,
        at=snapshot.now,
        locks=lock_keys(spec, _going(targets, going), hosts, values, alert),
    )
    hostnames = {
        name: snapshot.hosts[name].facts.get("hostname", "")
        for name in hosts
        if name in snapshot.hosts
    }
    machines = {name: host for name in hosts if (host := ports.host(name)) is not None}
    return Prepared(plan, action, values, targets, hosts, actor, alert, hostnames, machines)


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
        )
        async with slots:
            return await look_ahead(action, ahead, target, values, state=state)

    async with asyncio.TaskGroup() as group:
        looks = [
            group.create_task(look(target, reason), name=f"plan {target.name}")
            for target, reason in zip(targets, reasons, strict=True)
        ]
    return tuple(task.result() for task in looks)


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
        max_parallel=spec.max_parallel,
        stop_on_failure=spec.stop_on_failure,
        timeout=spec.timeout,
        hash=plan_hash(spec, values, planned, level, episode),
    )


def plan_hash(
    spec: ActionSpec,
    values: Values,
    planned: Sequence[PlannedTarget],
    level: Confirm,
    episode: str | None,
) -> str:
    """Bind what was shown: specification, parameters, targets with what each would see, confirmation."""
    content = msgspec.json.encode(
        [spec.digest, values.texts, planned, level, episode, spec.max_parallel, spec.timeout]
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
