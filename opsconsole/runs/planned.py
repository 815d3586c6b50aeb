"""Makes plans: targets frozen, parameters read, what each target would see, how it must be confirmed."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.actions.api import Service
from opsconsole.actions.grammars import World
from opsconsole.actions.params import Values
from opsconsole.actions.steps import Action, Target
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun
from opsconsole.model.inventory import Host
from opsconsole.model.policy import Asking, Person, Ruling
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Confirm, Effect, Reach
from opsconsole.runs.gate_plan import find_gates, with_gates
from opsconsole.runs.lock_keys import lock_keys
from opsconsole.runs.planning import LOOK_BUDGET, LookAhead, look_ahead
from opsconsole.runs.policy import confirm_level, expected_answer, why_peer, why_refused
from opsconsole.runs.ports import Ports
from opsconsole.runs.stage import Shared, Stage
from opsconsole.runs.standpoint import Standpoint, check_needs, ref_of
from opsconsole.runs.strategy import Strategy, decide, tightened
from opsconsole.runs.targets import choose_targets, service_target, target_record, touched_hosts

AHEAD_AT_ONCE: Final = 16
_AT_A_STRETCH: Final = 16
"""Looks that wait for nothing, before others have their turn."""
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
    shared: Shared
    """What all its targets share."""
    service: Service | None = None
    """What the hosts are worked on for."""
    gate_actions: Mapping[str, Action] = {}
    """Read actions that gates ask, by what the gate calls them."""
    rerun_of: str = ""
    going: tuple[str, ...] = ()
    """Names of the targets that are worked on."""
    who: Person = Person("")
    """Who made it."""
    ruling: Ruling = Ruling()
    """What the policy said of it."""


async def prepare(
    call: PlanRun,
    action: Action,
    who: Person,
    snapshot: Snapshot,
    ports: Ports,
    plan_id: str,
    find: Callable[[str], Action],
) -> Prepared:
    """Plan an action; a few reads may be run, nothing is changed. `find` gives an action by its id.

    Raises:
        RefusedError: unknown-target, empty, match, param; policy: it may not even be looked at.
    """
    draft = _draft(call, action, who, snapshot, ports)
    reasons = [draft.stands.why_skipped(target.name) for target in draft.targets]
    title = action.spec.title
    if all(reasons):
        raise RefusedError("match", f"{title}: {reasons[0]}")
    if action.spec.effect is Effect.READ:
        names = [t.name for t, why in zip(draft.targets, reasons, strict=True) if not why]
        if denied := (await _judged(draft, names, ports)).denied:
            raise RefusedError("policy", denied)
    planned = await _look_at_all(draft.stage, draft.targets, reasons, draft.values, ports)
    if all(target.skip for target in planned):
        raise RefusedError("match", f"{title}: {planned[0].name}: {planned[0].skip}")
    going = [target.name for target in planned if not target.skip]
    return _bound(draft, planned, await _judged(draft, going, ports), plan_id, ports, find)


async def _judged(draft: "_Draft", names: Sequence[str], ports: Ports) -> Ruling:
    spec, snapshot = draft.stage.action.spec, draft.stage.shared.before
    hosts = touched_hosts(names, spec.works_on, snapshot)
    texts = draft.values.texts
    return await ports.judge(
        Asking(spec.id, spec.effect, draft.who, snapshot.now, tuple(names), hosts, texts)
    )


def asking_of(prepared: Prepared, at: float) -> Asking:
    """Ask again what the policy says of a plan."""
    plan = prepared.plan
    return Asking(
        plan.action, plan.effect, prepared.who, at, prepared.going, prepared.hosts, plan.params
    )


class _Draft(Struct, frozen=True):
    """What is known before anything was looked at."""

    call: PlanRun
    who: Person
    stands: Standpoint
    stage: Stage
    values: Values
    targets: tuple[Target, ...]


def _draft(call: PlanRun, action: Action, who: Person, snapshot: Snapshot, ports: Ports) -> _Draft:
    spec = action.spec
    names, on_service = choose_targets(call.targets, spec, snapshot)
    _check_count(spec, names)
    check_needs(spec, ports)
    world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now, ports.secrets())
    stands = Standpoint(call, spec, who.name, snapshot, on_service)
    values = stands.read_values(names[0], world)
    targets = tuple(target_record(name, spec.works_on, snapshot) for name in names)
    service = service_target(on_service, snapshot) if on_service else None
    alert = snapshot.alerts.get(call.alert) if call.alert else None
    stage = Stage(
        action, "", "", Shared(snapshot, spec.effect, world), "plan", alert, service, names
    )
    return _Draft(call, who, stands, stage, values, targets)


def _bound(
    draft: _Draft,
    planned: Sequence[PlannedTarget],
    ruling: Ruling,
    plan_id: str,
    ports: Ports,
    find: Callable[[str], Action],
) -> Prepared:
    """Put what was seen together with how it goes over the targets, and what it locks."""
    stage, call, values = draft.stage, draft.call, draft.values
    spec, snapshot = stage.action.spec, stage.shared.before
    going = tuple(target.name for target in planned if not target.skip)
    spec = tightened(spec, ruling.rollout, going, snapshot)
    strategy = decide(spec, call.rollout, going, snapshot)
    strategy = with_gates(strategy, values, draft.stands.subject(draft.targets[0].name))
    hosts = touched_hosts(going, spec.works_on, snapshot)
    plan = _plan(plan_id, spec, values, planned, call.alert, strategy, ruling)
    plan = _admitted(plan, spec, hosts, draft.who.name, snapshot, ports, ruling)
    taken = frozenset(going)
    worked_on = [target for target in draft.targets if target.name in taken]
    keys = lock_keys(spec, worked_on, hosts, values, stage.alert, stage.service)
    return Prepared(
        msgspec.structs.replace(plan, locks=keys),
        stage.action,
        values,
        draft.targets,
        hosts,
        draft.who.name,
        stage.alert,
        _hostnames(hosts, snapshot),
        {name: host for name in hosts if (host := ports.host(name)) is not None},
        stage.shared,
        stage.service,
        find_gates(strategy.rollout, find, snapshot),
        going=going,
        who=draft.who,
        ruling=ruling,
    )


def _admitted(
    plan: Plan,
    spec: ActionSpec,
    hosts: Sequence[str],
    actor: str,
    snapshot: Snapshot,
    ports: Ports,
    ruling: Ruling,
) -> Plan:
    """Say in the plan what it reaches, and whether it could be started now."""
    code, refusal = why_refused(
        spec.effect, hosts, access=ports.access(), actor=actor, now=snapshot.now,
        records=snapshot.hosts,
    )  # fmt: skip
    if ruling.denied:  # an unlock does not help against it
        code, refusal = "policy", ruling.denied
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


def _check_count(spec: ActionSpec, names: Sequence[str]) -> None:
    limit = 1 if spec.arity == "one" else min(spec.max_targets or TARGETS_LIMIT, TARGETS_LIMIT)
    if len(names) > limit:
        raise RefusedError("param", f"{spec.title} takes {limit} at most, not {len(names)}")


def stage_for(prepared: Prepared, name: str, run_id: str) -> Stage:
    """Say what a run's door on one target is about."""
    ref = ref_of(prepared.action.spec, name)
    return Stage(
        prepared.action, name, ref, prepared.shared, run_id, prepared.alert, prepared.service,
        prepared.going,
    )  # fmt: skip


async def _look_at_all(
    stage: Stage,
    targets: Sequence[Target],
    reasons: Sequence[str],
    values: Values,
    ports: Ports,
) -> tuple[PlannedTarget, ...]:
    action, snapshot = stage.action, stage.shared.before
    spec = action.spec
    until = asyncio.get_running_loop().time() + PLAN_BUDGET

    async def look(target: Target, reason: str) -> PlannedTarget:
        state = _state_of(spec, target.name, snapshot)
        if reason:
            return PlannedTarget(target.name, (), reason, state)
        host = ports.host(target.name) if spec.works_on != "service" else None
        own = dataclasses.replace(stage, target=target.name, ref=ref_of(spec, target.name))
        ahead = LookAhead(own, host, ports, now=snapshot.now)
        ahead.why_silent = _why_silent(spec, target.name, snapshot)
        seconds = min(LOOK_BUDGET, until - asyncio.get_running_loop().time())
        return await look_ahead(action, ahead, target, values, state=state, seconds=seconds)

    planned: dict[str, PlannedTarget] = {}
    todo = iter(zip(targets, reasons, strict=True))

    async def work() -> None:
        for target, reason in todo:
            planned[target.name] = await look(target, reason)
            if len(planned) % _AT_A_STRETCH == 0:
                await asyncio.sleep(0)  # most looks wait for nothing

    async with asyncio.TaskGroup() as group:
        for number in range(min(AHEAD_AT_ONCE, len(targets))):
            group.create_task(work(), name=f"plan {number}")
    return tuple(planned[target.name] for target in targets)


def _why_silent(spec: ActionSpec, name: str, snapshot: Snapshot) -> str:
    """A host that polling cannot reach is not asked while planning: 2,000 of them would take minutes."""
    record = snapshot.hosts.get(name) if spec.works_on != "service" else None
    if record is None or record.reach in (None, Reach.UP, Reach.SLOW):
        return ""
    return f"not reachable: {record.reach}"


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
    strategy: Strategy,
    ruling: Ruling,
) -> Plan:
    going = [target.name for target in planned if not target.skip]
    level = confirm_level(spec, len(going), ruling.level)
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
        hash=plan_hash(spec, values, planned, level, episode, strategy, ruling),
        peer=why_peer(spec, ruling),
        policy=ruling.says,
        rollout=strategy.rollout,
        batches=strategy.batches,
        overshoot=strategy.overshoot,
        outage=spec.outage,
    )


def plan_hash(
    spec: ActionSpec,
    values: Values,
    planned: Sequence[PlannedTarget],
    level: Confirm,
    episode: str | None,
    strategy: Strategy,
    ruling: Ruling,
) -> str:
    """Bind what was shown: specification, parameters, what targets would see, confirmation, rollout, policy."""
    content = msgspec.json.encode(
        [spec.digest, values.texts, planned, level, episode, strategy, spec.timeout, ruling]
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
