"""Where data comes from and whether it does: one feed for ssh, one for checks, one an alert source."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import structs

from opsconsole.model.event import Event
from opsconsole.model.sample import SourceReading
from opsconsole.model.snapshot import Feed, Snapshot
from opsconsole.model.states import Reach, ServiceState
from opsconsole.state.world import World, tell, with_tables

SUMMED: Final = ("ssh", "local", "http")
"""Feeds that are summed up from rows, at each tick."""
_GOOD: Final = (ServiceState.UP, ServiceState.DEGRADED)


class _Tally(NamedTuple):
    total: int
    tried: int
    ok: int
    newest: float


def with_reading(world: World, reading: SourceReading) -> World:
    """Take one poll of an alert source; a source that is not in the inventory is dropped."""
    old = world.snapshot.feeds.get(reading.source)
    if old is None or old.kind in SUMMED:
        return world
    good = reading.state in _GOOD
    feed = structs.replace(
        old,
        state=reading.state,
        reason=reading.reason,
        at=reading.at if good else old.at,
        ok=reading.members_up,
        total=reading.members or old.total,
        every=reading.every or old.every,
    )
    world = with_tables(world, feeds={**world.snapshot.feeds, feed.name: feed})
    return tell(world, *_feed_event(old, feed, reading.at))


def with_summed(world: World) -> World:
    """Sum up hosts and checks into their feeds."""
    feeds = dict(world.snapshot.feeds)
    for name in SUMMED:
        if name in feeds and feeds[name].kind == name:
            feeds[name] = _summed(feeds[name], _tally(world.snapshot, name))
    if all(feeds[name] is old for name, old in world.snapshot.feeds.items()):
        return world
    return with_tables(world, feeds=feeds)


def feed_of(transport: str) -> str:
    """Name the feed that a host counts in: SSH, however commands are said there, or this machine."""
    return "local" if transport == "local" else "ssh"


def _tally(snapshot: Snapshot, name: str) -> _Tally:
    """Count hosts of a transport, or checks: all, tried, answering, and when the newest answered."""
    if name != "http":
        return _count(
            (host.tried > 0, host.reach is Reach.UP and not host.failed, host.at)
            for host in snapshot.hosts.values()
            if feed_of(host.transport) == name
        )
    checks = (check for service in snapshot.services.values() for check in service.checks)
    return _count(
        (check.tried > 0, check.tried > 0 and check.state is not ServiceState.UNKNOWN, check.at)
        for check in (*checks, *snapshot.checks.values())
    )


def _count(members: Iterable[tuple[bool, bool, float]]) -> _Tally:
    total = tried = ok = 0
    newest = 0.0
    for was_tried, good, at in members:
        total += 1
        tried += was_tried
        if good:
            ok += 1
            newest = max(newest, at)
    return _Tally(total, tried, ok, newest)


def _summed(feed: Feed, tally: _Tally) -> Feed:
    new = structs.replace(
        feed,
        ok=tally.ok,
        total=tally.total,
        at=tally.newest or feed.at,
        state=_summed_state(tally.ok, tally.tried, tally.total),
        reason="" if tally.ok == tally.total else f"{tally.ok} of {tally.total} answer",
    )
    return feed if new == feed else new


def _summed_state(ok: int, tried: int, total: int) -> ServiceState:
    if ok == total:
        return ServiceState.UP
    if tried < total and tried == ok:
        return ServiceState.PENDING
    return ServiceState.DEGRADED if ok else ServiceState.UNKNOWN


def _feed_event(old: Feed, new: Feed, at: float) -> tuple[Event, ...]:
    if old.state is new.state or (old.state is ServiceState.PENDING and new.state in _GOOD):
        return ()
    text = f"{new.name} {new.state}: {new.reason}" if new.reason else f"{new.name} {new.state}"
    severity = {ServiceState.UP: "ok", ServiceState.DEGRADED: "warning"}.get(new.state, "unknown")
    return (
        Event(
            id=0,
            at=at,
            actor=new.name,
            kind="feed",
            subject=f"feed:{new.name}",
            text=text,
            severity=severity,
        ),
    )
