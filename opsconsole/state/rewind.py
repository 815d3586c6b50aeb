"""The board as it was: what the history has of a moment, told again to the reducers that made the rows then."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import structs

from opsconsole.model.alert import Alert
from opsconsole.model.episode import Step
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.sample import CheckResult, Sample
from opsconsole.model.snapshot import CheckRecord, ServiceRecord, Snapshot
from opsconsole.model.states import (
    AlertState,
    Freshness,
    Reach,
    RunState,
    ServiceState,
    TargetState,
)
from opsconsole.state.blocks import KEPT, Point
from opsconsole.state.episodes import Burnt
from opsconsole.state.feeds import SUMMED
from opsconsole.state.fires import with_alerts
from opsconsole.state.hosts import FAST, REACH, REASON, with_samples
from opsconsole.state.reduce import with_time
from opsconsole.state.roster import with_inventory
from opsconsole.state.services import with_result
from opsconsole.state.sparks import extend, load_level
from opsconsole.state.then import WINDOW, Spans, Then
from opsconsole.state.world import World, with_tables

_LOAD: Final = KEPT.index("load.per_core")
_LONGEST: Final = 4 * 86_400.0


def spans(inventory: Inventory) -> Spans:
    """Say how far back one has to read: until a value is stale, and until a check has settled whatever it was."""
    owned = (check for service in inventory.services for check in service.checks)
    return Spans(
        {host.name: _bounded(2 * host.every + host.timeout) for host in inventory.hosts},
        {
            check.name: _bounded((check.fails + check.passes + 1) * check.every)
            for check in (*owned, *inventory.checks)
        },
    )


def _bounded(seconds: float) -> float:
    return min(_LONGEST, max(WINDOW, seconds))


def board_at(inventory: Inventory, then: Then, at: float) -> Snapshot:
    """Make the board of a moment (epoch seconds), of the hosts and services that there are today."""
    world = _checked(with_inventory(World(), inventory, at), inventory, then, at)
    world = with_samples(world, _samples(then))
    fires = {a.episode: a for burnt in then.fires if (a := _alert(burnt, at)) is not None}
    world = with_time(with_alerts(structs.replace(world, marks=then.marks), fires, at), at)
    hosts = {
        name: structs.replace(record, spark=_spark(then.points.get(name, ()), at))
        for name, record in world.snapshot.hosts.items()
    }
    return with_tables(
        world,
        revision=1,
        hosts=hosts,
        feeds={name: feed for name, feed in world.snapshot.feeds.items() if feed.kind in SUMMED},
        events={event.id: event for event in reversed(then.events)},
        runs={run.id: _run(run, at) for run in reversed(then.runs) if run.at <= at},
    ).snapshot


def _checked(world: World, inventory: Inventory, then: Then, at: float) -> World:
    """Tell every check its answers, each service in a world of its own: no large table is copied for an answer."""
    answers: dict[str, list[CheckResult]] = {}
    for result in then.results:
        answers.setdefault(result.check, []).append(result)
    services: dict[str, ServiceRecord] = {}
    for service in inventory.services:
        found = (result for check in service.checks for result in answers.get(check.name, ()))
        alone = with_inventory(World(), Inventory(services=(service,)), at)
        for result in sorted(found, key=lambda result: result.at):
            alone = with_result(alone, result)
        services.update(alone.snapshot.services)
    checks: dict[str, CheckRecord] = {}
    for check in inventory.checks:
        alone = with_inventory(World(), Inventory(checks=(check,)), at)
        for result in answers.get(check.name, ()):
            alone = with_result(alone, result)
        checks.update(alone.snapshot.checks)
    return with_tables(world, services=services, checks=checks)


def _samples(then: Then) -> Iterable[Sample]:
    """Tell each host's last good reading, and behind it what it was away for."""
    for host, points in then.points.items():
        metrics = {
            name: value
            for name, value in zip(KEPT, points[-1].values, strict=True)
            if not math.isnan(value)
        }
        yield Sample(f"host:{host}", FAST, points[-1].at, 0.0, ServiceState.UP, metrics=metrics)
    for host, event in then.reaches.items():
        seen = then.points.get(host, ())
        if not seen or host in then.coarse or event.at > seen[-1].at:
            yield from _away(host, event)


def _away(host: str, event: Event) -> Iterable[Sample]:
    reach = Reach(event.data[REACH])
    if reach is not Reach.UP:
        reason = event.data.get(REASON, "")
        yield Sample(f"host:{host}", FAST, event.at, 0.0, ServiceState.UNKNOWN, reach, reason)


def _spark(points: Sequence[Point], at: float) -> str:
    spark, step = "", 0
    for point in points:
        spark, step = extend(spark, step, point.at, load_level(point.values[_LOAD]))
    return extend(spark, step, at, None)[0] if spark else ""


def _alert(burnt: Burnt, at: float) -> Alert | None:
    """Put a fire back to where it stood; None: it was not on the board."""
    taken = [step for step in burnt.steps if step.at <= at]
    ended = burnt.closed if burnt.closed is not None and burnt.closed <= at else None
    first = AlertState.FIRING if ended is None else AlertState.RESOLVED
    newest = taken[-1] if taken else Step(ended or at, first, burnt.alert.severity)
    if newest.state is AlertState.PENDING:
        return None
    since, freshness = burnt.fired_at, Freshness.LIVE
    if newest.state is AlertState.RESOLVED:
        since = newest.at if ended is None else ended
        freshness = burnt.alert.freshness
        if at - since >= WINDOW:
            return None
    return structs.replace(
        burnt.alert,
        state=newest.state,
        since=since,
        severity=newest.severity,
        suppressed_by=newest.suppressed_by,
        flap=newest.flap,
        freshness=freshness,
        seen_at=at,
        over_at=None,
    )


def _run(run: Run, at: float) -> Run:
    """Put a run back to where it stood; nothing may be chosen in it any more."""
    run = structs.replace(run, choices=(), question=None)
    if run.ended is not None and run.ended <= at:
        return run
    targets = tuple(_target(target, at) for target in run.targets)
    began = any(target.started is not None for target in targets)
    return structs.replace(
        run,
        state=RunState.RUNNING if began else RunState.PLANNED,
        ended=None,
        reason="",
        closed="",
        rollout=None,
        approval=None,
        targets=targets,
    )


def _target(target: RunTarget, at: float) -> RunTarget:
    if target.ended is not None and target.ended <= at:
        return target
    began = target.started is not None and target.started <= at
    state = TargetState.RUNNING if began else TargetState.PENDING
    return RunTarget(
        target.name, state, batch=target.batch, started=target.started if began else None
    )
