"""Loads plugins; the bulkhead around other people's files and modules: one broken plugin is one row.

A plugin is a folder with `opsconsole-plugin.yaml`, an installed package that has one, or a lone runbook
file, named by the first half of its id.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace as with_fields
from pathlib import Path

from msgspec.structs import replace

from opsconsole.actions.discovery import Place, find_places
from opsconsole.actions.key_clashes import without_clashes
from opsconsole.actions.param_types import with_types
from opsconsole.actions.plugin_folder import Found, join_lone, lie_together, read_place, shown
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action
from opsconsole.actions.verdict_action import verdict_actions
from opsconsole.actions.wards import WardedImpl, Wards
from opsconsole.errors import OpsConsoleError
from opsconsole.model.plugin import Contribution, PluginRecord
from opsconsole.model.text import clean

log = logging.getLogger(__name__)


def load(
    folders: Sequence[Path],
    *,
    shipped: Path | None = None,
    system: Path | None = None,
    user: Path | None = None,
    packages: bool = False,
    wards: Wards | None = None,
) -> Registry:
    """Load every plugin; never raises for a plugin's fault.

    Args:
        folders: Plugin folders or folders of them, from the settings; owner and mode are checked.
        shipped: The catalogue that came with the program; None: none.
        system: The machine's folder of plugins.
        user: The person's own.
        packages: Whether installed packages are asked for theirs; none is imported for it.
        wards: Who counts the plugins' faults.
    """
    found: dict[str, Found] = {}
    records: dict[str, PluginRecord] = {}
    places = find_places(folders, shipped=shipped, system=system, user=user, packages=packages)
    for place in places:
        loaded = _load_guarded(place)
        first = found.get(loaded.record.id)
        if first is not None and lie_together(first, loaded):
            loaded = _joined(first, loaded)
            del found[first.record.id], records[first.record.id]
        record = _refuse_shadows(loaded.record, records)
        records[record.id] = record
        if not record.error:
            found[record.id] = loaded
    actions = _finished(found, records)
    if wards is not None:
        actions = tuple(_warded(action, wards) for action in actions)
    return Registry(actions, records.values(), found)


def _finished(found: dict[str, Found], records: dict[str, PluginRecord]) -> tuple[Action, ...]:
    """See to what needs every plugin: types that others bring, letters that others have."""
    types = _param_types(records.values())
    actions: list[Action] = []
    for name, loaded in found.items():
        own = (*loaded.actions, *verdict_actions(loaded))
        typed, error = with_types(own, types)
        ids = tuple(action.spec.id for action in typed)
        records[name] = replace(records[name], error=error, actions=ids)
        actions += typed
    kept, lost = without_clashes(actions)
    for each in lost:
        said = f"the key {each.key} of {each.action} belongs to {each.lost_to}"
        record = records[each.plugin]
        records[each.plugin] = replace(record, warnings=(*record.warnings, said))
    return kept


def _param_types(records: Iterable[PluginRecord]) -> dict[str, Contribution]:
    return {
        each.id: each
        for record in records
        for each in record.contributes
        if each.kind == "param_type"
    }


def _warded(action: Action, wards: Wards) -> Action:
    impl = WardedImpl(action.impl, action.plugin, action.spec.id, wards)
    return with_fields(action, impl=impl)


def _load_guarded(place: Place) -> Found:
    """Load one plugin; whatever it does, what comes back is a row."""
    found: list[Found] = []
    why = contain(lambda: found.append(read_place(place, contain)))
    return found[0] if found else Found(_broken(place, why), ())


def contain(work: Callable[[], None]) -> str:
    """Read a plugin's files, or run its module; says what that raised, in a sentence, empty for nothing."""
    try:
        work()
    except OpsConsoleError as error:
        return str(error)
    except (Exception, SystemExit) as error:  # bulkhead: somebody's files, and code run by import
        log.exception("a plugin cannot be loaded")
        return f"{type(error).__name__}: {error}"
    return ""


def _joined(first: Found, second: Found) -> Found:
    """Join lone runbooks; of two that have one id neither is run, as in a folder with a manifest."""
    try:
        return join_lone(first, second)
    except OpsConsoleError as error:
        return Found(replace(first.record, actions=(), error=str(error)), ())


def _broken(place: Place, why: str) -> PluginRecord:
    said = clean(why, 1_000, multiline=True)
    name = clean(place.path.stem, 80)
    return PluginRecord(name, shown(place.path), (), said, level=place.level)


def _refuse_shadows(record: PluginRecord, records: dict[str, PluginRecord]) -> PluginRecord:
    """Refuse a second plugin of one name: whoever was found first, the more trusted one, keeps it."""
    other = records.get(record.id)
    if other is None:
        return record
    why = record.error or f"there is another plugin {record.id} in {other.source}"
    return PluginRecord(f"{record.id} ({len(records)})", record.source, (), why, level=record.level)
