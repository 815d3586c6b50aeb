"""What the passing of time does to the snapshot: values grow stale, acks end, feeds are summed up."""

from collections.abc import Mapping

from opsconsole.state.feeds import with_summed
from opsconsole.state.fires import with_marks
from opsconsole.state.hosts import settled
from opsconsole.state.services import settled_check, settled_service
from opsconsole.state.triage import expired
from opsconsole.state.world import World, tell, with_tables


def with_time(world: World, now: float) -> World:
    """Look at everything again at a new time; rows that stay true keep their identity."""
    shown = world.snapshot
    hosts = {name: settled(record, now) for name, record in shown.hosts.items()}
    services = {
        name: settled_service(record, record.checks, now) for name, record in shown.services.items()
    }
    checks = {name: settled_check(record, now) for name, record in shown.checks.items()}
    changed: dict[str, object] = {
        name: new
        for name, new in (("hosts", hosts), ("services", services), ("checks", checks))
        if not _same(getattr(shown, name), new)
    }
    world = with_tables(world, now=now, **changed)
    world = with_summed(world)
    ended = expired(world, now)
    return tell(with_marks(world, ended.marks), *ended.events) if ended.marks else world


def _same(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    return all(old[key] is value for key, value in new.items())
