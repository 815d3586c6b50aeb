"""Makes plans: targets frozen, parameters read, what each target would see, how it must be confirmed."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.actions.api import Service
from opsconsole.actions.grammars import World
from opsconsole.actions.match import Subject, subject_of, why_not
from opsconsole.actions.params import Values, read_params
from opsconsole.actions.prefill import with_defaults
from opsconsole.actions.steps import Action, Target
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun
from opsconsole.model.inventory import Host
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Confirm
from opsconsole.runs.planning import LookAhead, look_ahead
from opsconsole.runs.policy import confirm_level, expected_answer, why_refused
from opsconsole.runs.ports import Ports
from opsconsole.runs.stage import Shared, Stage
from opsconsole.runs.targets import (
    WHOLE,
    choose_targets,
    service_target,
    target_record,
    touched_hosts,
)

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
    shared: Shared
    """What all its targets share."""
    service: Service | None = None
    """What the hosts are worked on for."""


async def prepare(
    call: PlanRun, action: Action, actor: str, snapshot: Snapshot, ports: Ports, plan_id: str
) -> Prepared:
    """Plan an action; a few reads may be run, nothing is changed.

    Raises:
        RefusedError: unknown-target, empty, match, param.
    """
    spec = action.spec
    names, on_service = choose_targets(call.targets, spec, snapshot)
    _check_count(spec, names)
    _check_needs(spec, ports)
    alert = snapshot.alerts.get(call.alert) if call.alert else None
    world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now, ports.secrets())
    looker = _Looker(call, spec, actor, snapshot, on_service)
    values = looker.read_values(names, world)
    targets = tuple(target_record(name, spec.works_on, snapshot) for name in names)
    reasons = [looker.why_skipped(name) for name in names]
    if all(reasons):
        raise RefusedError("match", f"{spec.title}: {reasons[0]}")
    shared = Shared(snapshot, spec.effect, world)
    service = service_target(on_service, snapshot) if on_service else None
    stage = Stage(action, "", "", shared, "plan", alert, service)
    planned = await _look_at_all(stage, targets, reasons, values, ports)
    if all(target.skip for target in planned):
        raise RefusedError("match", f"{spec.title}: {planned[0].name}: {planned[0].skip}")
    going = [target.name for target in planned if not target.skip]
    hosts = touched_hosts(going, spec.works_on, snapshot)
    plan = _plan(plan_id, spec, values, planned, call.alert)
    plan = _judged(plan, spec, actor, hosts, snapshot, ports)
    hostnames = {
        name: snapshot.hosts[name].facts.get("hostname", "")
        for name in hosts
        if name in snapshot.hosts
    }
    machines = {name: host for name in hosts if (host := ports.host(name)) is not None}
    return Prepared(
        plan, action, values, targets, hosts, actor, alert, hostnames, machines, shared, service
    )


def _judged(
    plan: Plan,
    spec: ActionSpec,
    actor: str,
    hosts: Sequence[str],
    snapshot: Snapshot,
    ports: Ports,
) -> Plan:
    """Say whom it touches, and whether it could be started now."""
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


def _check_count(spec: ActionSpec, names: Sequence[str]) -> None:
    limit = 1 if spec.arity == "one" else min(spec.max_targets or TARGETS_LIMIT, TARGETS_LIMIT)
    if len(names) > limit:
        raise RefusedError("param", f"{spec.title} takes {limit} at most, not {len(names)}")


def _check_needs(spec: ActionSpec, ports: Ports) -> None:
    """What the configuration lacks is told before anything is looked at."""
    for need in spec.needs:
        kind, _, name = need.partition(":")
        missing = ""
        if kind == "http":
            missing = (
                "no HTTP clients here" if ports.clients is None else ports.clients.why_not(name)
            )
        elif kind == "secret" and name not in ports.secrets():
            missing = f"no secret {name} in the configuration's secrets:"
        if missing:
            raise RefusedError("capability", f"{spec.title} needs {need}: {missing}")


class _Looker:
    """What the one who plans stands on, target by target."""

    def __init__(
        self, call: PlanRun, spec: ActionSpec, actor: str, snapshot: Snapshot, service: str
    ) -> None:
        self._call = call
        self._spec = spec
        self._actor = actor
        self._snapshot = snapshot
        named = (w.removeprefix("service:") for w in call.targets if w.startswith("service:"))
        self._service = snapshot.services.get(service or next(named, ""))
        self._is_on_service = bool(service)

    def read_values(self, names: Sequence[str], world: World) -> Values:
        """Defaults that depend on the target come from the first one: a run has one set of parameters."""
        subject = self._subject(names[0])
        if subject.service is None and self._service is not None:
            subject = msgspec.structs.replace(subject, service=self._service)
        typed = with_defaults(self._spec.params, self._call.params, subject)
        plain = tuple(msgspec.structs.replace(param, default=None) for param in self._spec.params)
        return read_params(plain, typed, world)

    def why_skipped(self, name: str) -> str:
        """Say why an action is not for a target."""
        return why_not(self._spec, self._subject(name))

    def _subject(self, name: str) -> Subject:
        found = subject_of(self._snapshot, _ref(self._spec, name), self._call.alert, self._actor)
        if not self._is_on_service:
            return found
        return msgspec.structs.replace(found, service=self._service)


def target_ref(spec: ActionSpec, name: str) -> str:
    """Write a target as a reference."""
    return f"service:{name}" if spec.works_on == "service" else f"host:{name}"


def _ref(spec: ActionSpec, name: str) -> str:
    return "" if spec.scope in WHOLE else target_ref(spec, name)


def stage_for(prepared: "Prepared", name: str, run_id: str) -> Stage:
    """Say what a run's door on one target is about."""
    spec = prepared.action.spec
    ref = _ref(spec, name)
    return Stage(
        prepared.action, name, ref, prepared.shared, run_id, prepared.alert, prepared.service
    )


async def _look_at_all(
    stage: Stage,
    targets: Sequence[Target],
    reasons: Sequence[str],
    values: Values,
    ports: Ports,
) -> tuple[PlannedTarget, ...]:
    slots = asyncio.Semaphore(AHEAD_AT_ONCE)
    action, snapshot = stage.action, stage.shared.before
    spec = action.spec

    async def look(target: Target, reason: str) -> PlannedTarget:
        state = _state_of(spec, target.name, snapshot)
        if reason:
            return PlannedTarget(target.name, (), reason, state)
        host = ports.host(target.name) if spec.works_on != "service" else None
        own = dataclasses.replace(stage, target=target.name, ref=_ref(spec, target.name))
        ahead = LookAhead(own, host, ports, now=snapshot.now)
        async with slots:
            return await look_ahead(action, ahead, target, values, state=state)

    async with asyncio.TaskGroup() as group:
        looks = [
            group.create_task(look(target, reason), name=f"plan {target.name}")
            for target, reason in zip(targets, reasons, strict=True)
        ]
    return tuple(task.result() for task in looks)


def _state_of(spec: ActionSpec, name: str, snapshot: Snapshot) -> str:
    if spec.works_on == "service":
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
    if spec.works_on == "service":
        return f"{going} of {len(snapshot.services)} services"
    carried = [name for name, s in snapshot.services.items() if set(s.hosts) & set(hosts)]
    said = f"{going} of {len(snapshot.hosts)} hosts"
    if skipped := len(plan.targets) - going:
        said += f", {skipped} skipped"
    if carried:
        said += f", service{'s' if len(carried) > 1 else ''} {', '.join(carried[:5])}"
        said += f" and {len(carried) - 5} more" if len(carried) > 5 else ""
    return said
