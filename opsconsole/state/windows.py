"""What maintenance does to the rows: covered hosts and services are in maintenance, the others are not."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from opsconsole.model.maintenance import WindowState
from opsconsole.model.snapshot import HostRecord, ServiceRecord
from opsconsole.state.hosts import settled
from opsconsole.state.services import settled_service
from opsconsole.state.world import World, with_tables


def with_windows(world: World, states: Sequence[WindowState], now: float) -> World:
    """Take the windows as they stand now; rows that stay as they were keep their identity."""
    shown = world.snapshot
    before = shown.windows
    made = {state.window.id: state for state in states}
    windows = {key: before[key] if before.get(key) == new else new for key, new in made.items()}
    changed: dict[str, object] = {}
    if windows.keys() != before.keys() or any(before[key] is not windows[key] for key in windows):
        changed["windows"] = windows
    covered = {name: s.window.name for s in states if s.is_on for name in s.hosts}
    if hosts := dict(_hosts(shown.hosts, covered, now)):
        changed["hosts"] = {**shown.hosts, **hosts}
    promised = {name: s.window.name for s in states if s.is_on for name in s.window.services}
    if services := dict(_services(shown.services, promised, now)):
        changed["services"] = {**shown.services, **services}
    return with_tables(world, **changed) if changed else world


def _hosts(
    records: Mapping[str, HostRecord], covered: Mapping[str, str], now: float
) -> Iterable[tuple[str, HostRecord]]:
    for name, record in records.items():
        window = covered.get(name, "")
        if record.maintenance != window:
            yield name, settled(structs.replace(record, maintenance=window), now)


def _services(
    records: Mapping[str, ServiceRecord], covered: Mapping[str, str], now: float
) -> Iterable[tuple[str, ServiceRecord]]:
    for name, record in records.items():
        window = covered.get(name, "")
        if record.maintenance != window:
            record = structs.replace(record, maintenance=window)
            yield name, settled_service(record, record.checks, now)
