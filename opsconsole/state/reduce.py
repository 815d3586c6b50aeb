"""What the passing of time does to the snapshot: values grow stale, acks end, feeds are summed up."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.snapshot import HostRecord, is_stale
from opsconsole.model.states import HostState
from opsconsole.state.feeds import with_summed
from opsconsole.state.fires import with_marks
from opsconsole.state.hosts import settled
from opsconsole.state.services import settled_check, settled_service
from opsconsole.state.triage import expired
from opsconsole.state.world import World, tell, with_tables

_SEEN: Final = (HostState.OK, HostState.WARNING, HostState.CRITICAL)


def with_time(world: World, now: float) -> World:
    """Look at everything again at a new time; rows that stay true keep their identity."""
    shown = world.snapshot
    faded = [record for record in shown.hosts.values() if _fades(record, now)]
    services = {
        name: settled_service(record, record.checks, now) for name, record in shown.services.items()
    }
    checks = {name: settled_check(record, now) for name, record in shown.checks.items()}
    changed: dict[str, object] = {
        name: new
        for name, new in (("services", services), ("checks", checks))
        if not _same(getattr(shown, name), new)
    }
    if faded:
        changed["hosts"] = {
            **shown.hosts,
            **{record.name: settled(record, now) for record in faded},
        }
    world = with_tables(world, now=now, **changed)
    world = with_summed(world)
    ended = expired(world, now)
    return tell(with_marks(world, ended.marks), *ended.events) if ended.marks else world


def _same(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    return all(old[key] is value for key, value in new.items())


def _fades(record: HostRecord, now: float) -> bool:
    """Tell whether a host that was seen is seen no more; what is unknown already cannot fade."""
    return record.state in _SEEN and is_stale(record, now)
