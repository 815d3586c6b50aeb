"""How a check's answer becomes its record, and its service's row."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import structs

from opsconsole.model.event import Event
from opsconsole.model.inventory import Check
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import CheckRecord, ServiceRecord, is_stale
from opsconsole.model.states import ServiceState, state_rank
from opsconsole.state.sparks import STEP, STEPS, ratio_level, step_at
from opsconsole.state.world import CheckTrail, World, tell, with_tables

WINDOW: Final = 900.0
"""Seconds over which p95 and error ratio are taken."""


def with_result(world: World, result: CheckResult) -> World:
    """Take one answer of a check; answers of checks that are not in the inventory are dropped."""
    check = world.checks.get(result.check)
    record = find_check(world, check) if check is not None else None
    if check is None or record is None:
        return world
    trail = _with_point(world.trails.get(check.name, CheckTrail()), result)
    world = structs.replace(world, trails={**world.trails, check.name: trail})
    changed = _with_answer(record, check, result)
    world = _put_check(world, check, changed, result.at)
    return tell(world, *_check_event(record, changed))


def find_check(world: World, check: Check) -> CheckRecord | None:
    """Look up a check's record, in its service or among the hosts' checks."""
    if check.service is None:
        return world.snapshot.checks.get(check.name)
    service = world.snapshot.services.get(check.service)
    found = (c for c in service.checks if c.name == check.name) if service else iter(())
    return next(found, None)


def settled_check(record: CheckRecord, now: float) -> CheckRecord:
    """Say that a check is unknown once its last answer is too old."""
    gone = record.tried and is_stale(record, now)
    if not gone or record.state in (ServiceState.UNKNOWN, ServiceState.PENDING):
        return record
    return structs.replace(
        record, state=ServiceState.UNKNOWN, reason="no answer lately", soft=0, soft_state=""
    )


def settled_service(
    record: ServiceRecord, checks: Sequence[CheckRecord], now: float
) -> ServiceRecord:
    """Make a service of its checks: the worst of them speaks; the same record when nothing changed."""
    checks = tuple(settled_check(check, now) for check in checks)
    if checks == record.checks:
        checks = record.checks
    if not checks:
        return _same(record, state=ServiceState.UNKNOWN, reason="it has no checks")
    worst = min(checks, key=lambda check: state_rank(check.state))
    answered = [check.latency for check in checks if check.latency is not None]
    return _same(
        record,
        checks=checks,
        state=ServiceState.MAINTENANCE if record.maintenance else worst.state,
        reason=_reason(worst, checks),
        at=min(check.at for check in checks),
        failed=any(check.failed for check in checks),
        latency=max(answered, default=None),
    )


def figures(record: ServiceRecord, trails: Iterable[CheckTrail], now: float) -> ServiceRecord:
    """Put p95, error ratio and spark of the last fifteen minutes on a service."""
    points = [p for trail in trails for p in trail.results if p[0] > now - WINDOW]
    known = [down for _, _, down in points if down is not None]
    took = sorted(took for _, took, down in points if down is False)
    return _same(
        record,
        p95=took[math.ceil(0.95 * len(took)) - 1] if took else None,
        error_ratio=sum(known) / len(known) if known else None,
        spark=_spark(points, now),
    )


def _with_answer(record: CheckRecord, check: Check, result: CheckResult) -> CheckRecord:
    looked = result.state is not ServiceState.UNKNOWN
    record = structs.replace(record, tried=result.at, failed=not looked)
    if not looked:
        return structs.replace(
            record, state=ServiceState.UNKNOWN, reason=result.reason, soft=0, soft_state=""
        )
    record = structs.replace(
        record,
        at=result.at,
        latency=result.took,
        phases=result.phases,
        metrics=result.metrics,
    )
    if result.state is record.state:
        return structs.replace(record, reason=result.reason, soft=0, soft_state="")
    soft = record.soft + 1
    if soft < _needed(record.state, result.state, check):
        return structs.replace(record, soft=soft, soft_state=str(result.state))
    return structs.replace(record, state=result.state, reason=result.reason, soft=0, soft_state="")


def _needed(old: ServiceState, new: ServiceState, check: Check) -> int:
    """Count the answers in a row that make a change hard: a first good one counts at once."""
    if state_rank(new) < state_rank(old) or (
        old in (ServiceState.PENDING, ServiceState.UNKNOWN) and new is not ServiceState.UP
    ):
        return check.fails
    return 1 if old in (ServiceState.PENDING, ServiceState.UNKNOWN) else check.passes


def _put_check(world: World, check: Check, record: CheckRecord, now: float) -> World:
    if check.service is None:
        return with_tables(world, checks={**world.snapshot.checks, check.name: record})
    service = world.snapshot.services[check.service]
    checks = tuple(record if c.name == record.name else c for c in service.checks)
    service = settled_service(service, checks, now)
    trails = (world.trails[c.name] for c in checks if c.name in world.trails)
    service = figures(service, trails, now)
    return with_tables(world, services={**world.snapshot.services, service.name: service})


def _with_point(trail: CheckTrail, result: CheckResult) -> CheckTrail:
    down = None if result.state is ServiceState.UNKNOWN else result.state is ServiceState.DOWN
    kept = tuple(point for point in trail.results if point[0] > result.at - WINDOW)
    return CheckTrail((*kept, (result.at, result.took, down)))


def _spark(points: Iterable[tuple[float, float, bool | None]], now: float) -> str:
    first = step_at(now) - STEPS + 1
    seen: dict[int, list[bool]] = {}
    for at, _, down in points:
        if down is not None:
            seen.setdefault(int(at // STEP), []).append(down)
    levels = [
        ratio_level(sum(seen[step]) / len(seen[step])) if step in seen else None
        for step in range(first, first + STEPS)
    ]
    return "".join("?" if level is None else str(level) for level in levels)


def _reason(worst: CheckRecord, checks: Sequence[CheckRecord]) -> str:
    if worst.state is ServiceState.UP or len(checks) == 1:
        return worst.reason
    bad = sum(check.state is worst.state for check in checks)
    own = worst.name.rpartition("/")[2]
    return f"{bad} of {len(checks)} checks {worst.state}: {own}: {worst.reason}".removesuffix(": ")


def _same(record: ServiceRecord, **fields: object) -> ServiceRecord:
    if all(getattr(record, name) == value for name, value in fields.items()):
        return record
    return structs.replace(record, **fields)


def _check_event(old: CheckRecord, new: CheckRecord) -> tuple[Event, ...]:
    if old.state is new.state or old.state is ServiceState.PENDING:
        return ()
    severity = {ServiceState.DOWN: "critical", ServiceState.DEGRADED: "warning"}
    text = f"{new.name} {new.state}: {new.reason}" if new.reason else f"{new.name} {new.state}"
    return (
        Event(
            id=0,
            at=new.tried,
            actor="engine",
            kind="check",
            subject=f"host:{new.host}" if new.host else f"service:{new.name.partition('/')[0]}",
            text=text,
            severity=severity.get(new.state, "ok" if new.state is ServiceState.UP else "unknown"),
        ),
    )
