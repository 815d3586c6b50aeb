"""The board as it was: what the history has of a moment, told again to the reducers that made the rows then."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import structs

from opsconsole.model.alert import Alert
from opsconsole.model.episode import Step
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.sample import Sample
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Reach, RunState, ServiceState, TargetState
from opsconsole.state.blocks import KEPT, Point
from opsconsole.state.episodes import Burnt
from opsconsole.state.feeds import SUMMED
from opsconsole.state.fires import with_alerts
from opsconsole.state.hosts import FAST, REACH, REASON, with_samples
from opsconsole.state.reduce import with_time
from opsconsole.state.roster import with_inventory
from opsconsole.state.services import with_result
from opsconsole.state.sparks import extend, load_level
from opsconsole.state.then import WINDOW, Then
from opsconsole.state.world import Marks, World, with_tables

_LOAD: Final = KEPT.index("load.per_core")
_LONGEST: Final = 4 * 3_600.0


def windows(inventory: Inventory) -> Mapping[str, float]:
    """Say for how many seconds back each check's answers are needed, to know what it had settled on."""
    owned = (check for service in inventory.services for check in service.checks)
    return {
        check.name: min(_LONGEST, max(WINDOW, (check.fails + 2) * check.every))
        for check in (*owned, *inventory.checks)
    }


def board_at(inventory: Inventory, then: Then, at: float) -> Snapshot:
    """Make the board of a moment (epoch seconds), of the hosts and services that there are today."""
    world = with_inventory(World(), inventory, at)
    world = with_samples(world, _samples(then))
    for result in then.results:
        world = with_result(world, result)
    fires = {burnt.alert.episode: _alert(burnt, at) for burnt in then.fires}
    marks = {burnt.alert.episode: _marks(burnt.marks, at) for burnt in then.fires}
    world = with_time(with_alerts(structs.replace(world, marks=marks), fires, at), at)
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
        runs={run.id: _run(run, at) for run in reversed(then.runs)},
    ).snapshot


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
        if not seen or event.at > seen[-1].at:
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


def _alert(burnt: Burnt, at: float) -> Alert:
    """Put a fire back to where it stood."""
    taken = [step for step in burnt.steps if step.at <= at]
    state, since = AlertState.FIRING, burnt.fired_at
    newest = taken[-1] if taken else Step(since, state, burnt.alert.severity)
    if burnt.closed is not None and burnt.closed <= at:
        state, since = AlertState.RESOLVED, burnt.closed
    elif newest.state is AlertState.RECOVERING:
        state = AlertState.RECOVERING
    return structs.replace(
        burnt.alert,
        state=state,
        since=since,
        severity=newest.severity,
        suppressed_by=newest.suppressed_by,
        flap=newest.flap,
        seen_at=at,
        over_at=None,
    )


def _marks(marks: Marks, at: float) -> Marks:
    """Take off what people put on it later."""
    ack = marks.ack if marks.ack is not None and marks.ack.at <= at else None
    is_had = marks.answered_at is not None and marks.answered_at <= at
    return Marks(
        owner=marks.owner if is_had else None,
        ack=ack,
        notes=tuple(note for note in marks.notes if note.at <= at),
        answered_at=marks.answered_at if is_had else None,
        escalated=tuple(each for each in marks.escalated if each.at <= at),
    )


def _run(run: Run, at: float) -> Run:
    """Put a run back to where it stood; nothing may be chosen in it any more."""
    run = structs.replace(run, choices=(), question=None)
    if run.ended is not None and run.ended <= at:
        return run
    return structs.replace(
        run,
        state=RunState.RUNNING,
        ended=None,
        reason="",
        targets=tuple(_target(target, at) for target in run.targets),
    )


def _target(target: RunTarget, at: float) -> RunTarget:
    if target.ended is not None and target.ended <= at:
        return target
    began = target.started is not None and target.started <= at
    state = TargetState.RUNNING if began else TargetState.PENDING
    return RunTarget(
        target.name, state, batch=target.batch, started=target.started if began else None
    )
