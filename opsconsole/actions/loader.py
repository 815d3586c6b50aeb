"""Finds and loads plugins; the bulkhead around other people's modules: one broken plugin is one row.

A plugin is a folder with `opsconsole-plugin.yaml` (api, id, version), `runbooks/*.yaml` and `actions/*.py`;
a lone runbook file is one too, named by the first half of its id.
"""

import logging
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Final

from opsconsole.actions.api import API, Plugin
from opsconsole.actions.python_action import make_action
from opsconsole.actions.registry import Registry
from opsconsole.actions.spec import PLUGIN_ID
from opsconsole.actions.steps import Action
from opsconsole.actions.trust import TrustError, check_folder, read_trusted
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.config.loader import read_text
from opsconsole.config.problems import Problems
from opsconsole.errors import OpsConsoleError
from opsconsole.model.action import PluginRecord
from opsconsole.model.text import LABEL_LIMIT, clean

log = logging.getLogger(__name__)

MANIFEST: Final = "opsconsole-plugin.yaml"
_MANIFEST_KEYS: Final = ("api", "id", "version", "title", "owner")


def load(folders: Sequence[Path], *, shipped: Path | None = None) -> Registry:
    """Load the shipped catalogue and the plugins in folders; never raises for a plugin's fault.

    Args:
        folders: Plugin folders or folders of them, from the settings; owner and mode are checked.
        shipped: The catalogue that came with the program; None: none.
    """
    actions: dict[str, Action] = {}
    records: dict[str, PluginRecord] = {}
    for place, checked in _places(folders, shipped):
        loaded, record = _load_guarded(place, checked=checked)
        record = _refuse_shadows(record, records)
        records[record.id] = record
        if not record.error:
            actions.update({action.spec.id: action for action in loaded})
    return Registry(actions.values(), records.values())


def _places(folders: Sequence[Path], shipped: Path | None) -> Iterator[tuple[Path, bool]]:
    """Walk what might be plugins, most trusted first: (folder or file, whether to check it)."""
    roots = [(shipped, False)] if shipped is not None and shipped.is_dir() else []
    for root, checked in [*roots, *((folder, True) for folder in folders)]:
        entries = _entries(root)
        if entries is None:
            yield root, checked
            continue
        for entry in entries:
            lone = checked and entry.suffix == ".yaml"
            if lone or _may_be_plugin(entry):
                yield entry, checked


def _entries(root: Path) -> list[Path] | None:
    """List a folder of plugins; None: it is a plugin itself, or loading it says why it is none."""
    try:
        if (root / MANIFEST).exists() or not root.is_dir():
            return None
        return sorted(root.iterdir())
    except OSError:
        return None


def _may_be_plugin(entry: Path) -> bool:
    try:
        return entry.is_dir() and (entry / MANIFEST).exists()
    except OSError:
        return True


def _load_guarded(place: Path, *, checked: bool) -> tuple[list[Action], PluginRecord]:
    """Load one plugin; whatever it does, what comes back is a row."""
    try:
        name, actions = _load_place(place, checked=checked)
    except OpsConsoleError as error:
        return [], _broken(place, str(error))
    except (
        Exception,
        SystemExit,
    ) as error:  # bulkhead: a plugin's module runs while it is imported
        log.exception("plugin %s cannot be loaded", place)
        return [], _broken(place, f"{type(error).__name__}: {error}")
    ids = tuple(action.spec.id for action in actions)
    return actions, PluginRecord(name, _shown(place), ids)


def _broken(place: Path, why: str) -> PluginRecord:
    said = clean(why, 1_000, multiline=True)
    return PluginRecord(clean(place.stem, 80), _shown(place), (), said)


def _shown(path: Path) -> str:
    """Show a path: a file's name is whatever somebody made it, UTF-8 or not."""
    return clean(str(path), LABEL_LIMIT)


def _refuse_shadows(record: PluginRecord, records: dict[str, PluginRecord]) -> PluginRecord:
    """Refuse a second plugin of one name: whoever was found first (the shipped one) keeps it."""
    other = records.get(record.id)
    if other is None:
        return record
    why = record.error or f"there is another plugin {record.id} in {other.source}"
    return PluginRecord(f"{record.id} ({len(records)})", record.source, (), why)


def _load_place(place: Path, *, checked: bool) -> tuple[str, list[Action]]:
    if not place.is_dir():
        action = _load_runbook(place, None, checked=checked)
        return action.plugin, [action]
    if checked:
        for folder in (place, place / "runbooks", place / "actions"):
            if folder.exists():
                check_folder(folder)
    name = _read_manifest(place / MANIFEST, checked=checked)
    actions = [
        _load_runbook(path, name, checked=checked)
        for path in sorted((place / "runbooks").glob("*.yaml"))
    ]
    for path in sorted((place / "actions").glob("*.py")):
        actions += _load_module(path, name, checked=checked)
    _refuse_twins(actions)
    return name, actions


def _refuse_twins(actions: Sequence[Action]) -> None:
    seen: dict[str, str] = {}
    for action in actions:
        if action.spec.id in seen:
            raise TrustError(
                f"{action.spec.source}: {action.spec.id} is also in {seen[action.spec.id]}"
            )
        seen[action.spec.id] = action.spec.source


def _read_manifest(path: Path, *, checked: bool) -> str:
    problems = Problems()
    text = read_trusted(path, checked=checked).decode(errors="replace")
    keys = Keys(read_text(text, _shown(path), problems), problems, "a plugin's manifest")
    keys.only(_MANIFEST_KEYS, ("requires", "isolation", "contributes"))
    if keys.required("api") not in ("", str(API)):
        keys.wrong("api", f"this version loads api: {API}")
    name = keys.required("id")
    if name and not PLUGIN_ID.fullmatch(name):
        keys.wrong("id", f"{name!r} must be lower-case letters, digits and dashes")
    keys.required("version")
    problems.raise_if_any()
    return name


def _load_runbook(path: Path, plugin: str | None, *, checked: bool) -> Action:
    if checked:
        check_folder(path.parent)
    text = read_trusted(path, checked=checked).decode(errors="replace")
    return read_runbook(text, _shown(path), plugin)


class _Source(InspectLoader):
    """Executes bytes that were read and checked, not a path that could change, and no bytecode cache."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_source(self, _fullname: str) -> str:
        return self._content.decode()


def _load_module(path: Path, plugin: str, *, checked: bool) -> list[Action]:
    content = read_trusted(path, checked=checked)
    name = f"opsconsole_plugins.{plugin}.{path.stem}"
    spec = ModuleSpec(name, _Source(content), origin=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up here
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return [
        make_action(declared, plugin, _shown(path), content)
        for declared in _plugin_of(module, plugin, path).actions
    ]


def _plugin_of(module: ModuleType, plugin: str, path: Path) -> Plugin:
    found = getattr(module, "plugin", None)
    if not isinstance(found, Plugin):
        raise TrustError(f'{path}: has no `plugin = Plugin("{plugin}")`')
    if found.id != plugin:
        raise TrustError(f"{path}: says Plugin({found.id!r}) in the plugin {plugin}")
    return found
