"""How a sample becomes a host's row."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from msgspec import structs

from opsconsole.model.event import Event
from opsconsole.model.sample import Sample
from opsconsole.model.snapshot import HostRecord, is_stale
from opsconsole.model.states import HostState, Reach, ServiceState
from opsconsole.state.sparks import extend, load_level
from opsconsole.state.world import HostTrail, Tier, World, tell, with_tables

FAST: Final = "fast"
REACH: Final = "reach"
REASON: Final = "reason"
"""What an event of a host's reach has in its data."""
TIER_LIMITS: Final[Mapping[str, float]] = {"slow": 130.0, "proc": 70.0, "lazy": 3610.0}
"""Seconds after which a tier's values are no longer shown: twice its period, and its timeout."""
Seen = Callable[[Sample, HostRecord], None]
_GOOD: Final = (ServiceState.UP, ServiceState.DEGRADED)


def with_samples(world: World, samples: Iterable[Sample], seen: Seen = lambda *_: None) -> World:
    """Take readings of hosts, oldest first; those of hosts that are not in the inventory are dropped.

    Args:
        world: What was known before.
        samples: The readings; a table of thousands is copied once for all of them.
        seen: Told of each reading, and of the row that it made.
    """
    hosts, trails = dict(world.snapshot.hosts), dict(world.hosts)
    events: list[Event] = []
    for sample in samples:
        name = sample.target.removeprefix("host:")
        record = hosts.get(name)
        if record is None:
            continue
        trail = trails.get(name, HostTrail())
        with_its = _with_fast if sample.probe == FAST else _with_other
        changed, trails[name] = with_its(record, trail, sample)
        hosts[name] = changed = settled(changed, sample.at)
        events += _reach_event(record, changed)
        seen(sample, changed)
    world = structs.replace(with_tables(world, hosts=hosts), hosts=trails)
    return tell(world, *events)


def host_state(record: HostRecord, now: float) -> HostState:
    """Say what a host is: its worst firing alert, and unknown whenever we cannot see."""
    if record.maintenance:
        return HostState.MAINTENANCE
    if not record.tried:
        return HostState.PENDING
    if record.reach is not Reach.UP or is_stale(record, now):
        return HostState.UNKNOWN
    return HostState(record.worst) if record.worst in ("critical", "warning") else HostState.OK


def settled(record: HostRecord, now: float) -> HostRecord:
    """Put the right state on a record; the same record when it is right already."""
    state = host_state(record, now)
    return record if state is record.state else structs.replace(record, state=state)


def _with_fast(
    record: HostRecord, trail: HostTrail, sample: Sample
) -> tuple[HostRecord, HostTrail]:
    good = sample.reach is Reach.UP and sample.outcome in _GOOD
    level = load_level(sample.metrics.get("load.per_core")) if good else None
    spark, step = extend(record.spark, trail.step, sample.at, level)
    record = structs.replace(
        record,
        tried=sample.at,
        reach=sample.reach,
        reason=sample.reason,
        failed=not good,
        fails=0 if good else record.fails + 1,
        spark=spark,
    )
    trail = structs.replace(trail, step=step)
    if not good:
        return record, trail
    record, trail = _without_old_tiers(record, trail, sample.at)
    return _merged(structs.replace(record, at=sample.at), trail, sample)


def _with_other(
    record: HostRecord, trail: HostTrail, sample: Sample
) -> tuple[HostRecord, HostTrail]:
    if sample.outcome in _GOOD and sample.reach is Reach.UP:
        return _merged(record, trail, sample)
    if sample.reach is Reach.UP and not record.failed:
        return _without(record, trail, sample.probe)
    return record, trail  # the host itself is away, and its failed poll makes every value stale


def _merged(record: HostRecord, trail: HostTrail, sample: Sample) -> tuple[HostRecord, HostTrail]:
    """Replace what this tier brought before by what it brings now."""
    tier = trail.tiers.get(sample.probe)
    if tier is not None and tier.keys == sample.metrics.keys():
        keys = tier.keys
        metrics = {**record.metrics, **sample.metrics}
    else:
        keys = _one_of_all(frozenset(sample.metrics))
        gone = (tier.keys if tier else frozenset()) - keys
        metrics = {k: v for k, v in record.metrics.items() if k not in gone} | dict(sample.metrics)
    tiers = {**trail.tiers, sample.probe: Tier(sample.at, keys)}
    facts = _with_facts(record.facts, sample.facts)
    return (
        structs.replace(record, metrics=metrics, facts=facts),
        structs.replace(trail, tiers=tiers),
    )


@lru_cache(maxsize=64)
def _one_of_all(keys: frozenset[str]) -> frozenset[str]:
    """Give the set that the first host with these keys has: thousands of hosts bring the same, 4 KiB each."""
    return keys


def _with_facts(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
    if all(old.get(key, "") == value for key, value in new.items()):
        return old
    return {key: value for key, value in {**old, **new}.items() if value}


def _without_old_tiers(
    record: HostRecord, trail: HostTrail, now: float
) -> tuple[HostRecord, HostTrail]:
    for name, tier in trail.tiers.items():
        if now - tier.at > TIER_LIMITS.get(name, float("inf")):
            record, trail = _without(record, trail, name)
    return record, trail


def _without(record: HostRecord, trail: HostTrail, name: str) -> tuple[HostRecord, HostTrail]:
    tier = trail.tiers.get(name)
    if tier is None:
        return record, trail
    kept = {key: value for key, value in record.metrics.items() if key not in tier.keys}
    tiers = {key: value for key, value in trail.tiers.items() if key != name}
    return structs.replace(record, metrics=kept), structs.replace(trail, tiers=tiers)


def _reach_event(old: HostRecord, new: HostRecord) -> tuple[Event, ...]:
    if old.reach is None or old.reach is new.reach or new.reach is None:
        return ()
    up = new.reach is Reach.UP
    text = f"{new.name} answers again" if up else f"{new.name} {new.reach}: {new.reason}"
    return (
        Event(
            id=0,
            at=new.tried,
            actor="engine",
            kind="host",
            subject=f"host:{new.name}",
            text=text.removesuffix(": "),
            severity="ok" if up else "unknown",
            data={REACH: str(new.reach), REASON: new.reason},
        ),
    )
