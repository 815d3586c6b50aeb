"""Makes a plugin of its folder: manifest, runbooks, executables, Python; mistakes are raised to the loader."""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as with_fields
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.discovery import Place, commit_of
from opsconsole.actions.entries import ActionEntry
from opsconsole.actions.executable import ExecutableImpl
from opsconsole.actions.lazy_action import LazyImpl, resolve
from opsconsole.actions.manifest import MANIFEST, Manifest, read_manifest
from opsconsole.actions.oneshot import OneshotImpl
from opsconsole.actions.plugin_files import read_files
from opsconsole.actions.program import Program, find_program
from opsconsole.actions.python_action import make_action
from opsconsole.actions.python_plugin import Contain, PythonCode
from opsconsole.actions.spec import make_spec
from opsconsole.actions.steps import Action, Impl
from opsconsole.actions.trust import TrustError, check_folder, read_trusted
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.config.problems import did_you_mean
from opsconsole.model.action import ActionSpec
from opsconsole.model.event import KINDS
from opsconsole.model.plugin import PluginRecord
from opsconsole.model.text import LABEL_LIMIT, clean


class Found(Struct, frozen=True):
    """A plugin that loaded: its actions, its row, and where its contributions' code is."""

    record: PluginRecord
    actions: tuple[Action, ...]
    code: PythonCode | None = None
    programs: dict[str, Program] = {}
    """By `<kind> <id>`: the executables of contributions."""
    is_lone: bool = False
    """Made of runbooks that lie in a folder of plugins without a manifest."""


def read_place(place: Place, contain: Contain) -> Found:
    """Read the plugin at a place; its Python is run only where the manifest does not say enough.

    Raises:
        OpsConsoleError: It cannot be loaded.
    """
    if not place.path.is_dir():
        action = _runbook(place.path, None, place, "")
        source, level = shown(place.path), place.level
        record = PluginRecord(action.plugin, source, (action.spec.id,), level=level)
        return Found(record, (action,), is_lone=True)
    if place.checked:
        for folder in (place.path, place.path / "runbooks", place.path / "actions"):
            if folder.exists():
                check_folder(folder)
    file = place.path / MANIFEST
    text = read_trusted(file, checked=place.checked).decode(errors="replace")
    return _Reader(place, read_manifest(text, shown(file)), contain).read()


def join_lone(first: Found, second: Found) -> Found:
    """Make one plugin of lone runbooks that lie side by side and whose ids begin with the same name.

    Raises:
        TrustError: They have an id in common.
    """
    actions = (*first.actions, *second.actions)
    _refuse_twins(actions)
    folder = str(Path(second.record.source).parent)
    record = replace(
        first.record, source=folder, actions=tuple(action.spec.id for action in actions)
    )
    return Found(record, actions, is_lone=True)


def lie_together(first: Found | None, second: Found) -> bool:
    """Tell whether two finds are lone runbooks of one folder and one name."""
    if first is None or not (first.is_lone and second.is_lone):
        return False
    folder = str(Path(second.record.source).parent)
    return first.record.source == folder or str(Path(first.record.source).parent) == folder


class _Reader:
    """Reads one folder."""

    def __init__(self, place: Place, manifest: Manifest, contain: Contain) -> None:
        self._place = place
        self._manifest = manifest
        self._commit = commit_of(place.path)
        files = tuple(self._python_files())
        module = place.module
        self._files = read_files(place.path, checked=place.checked)
        self._code = PythonCode(manifest.id, files, module, contain) if files or module else None

    def read(self) -> Found:
        """Read all of it."""
        found = (*self._runbooks(), *self._entries(), *self._undeclared())
        actions = tuple(_with_files(action, self._files) for action in found)
        _refuse_twins(actions)
        manifest = self._manifest
        record = PluginRecord(
            manifest.id,
            shown(self._place.path),
            tuple(action.spec.id for action in actions),
            version=manifest.version,
            title=manifest.title,
            level=self._place.level,
            commit=self._commit,
            isolation=manifest.isolation,
            warnings=tuple(self._warnings()),
            contributes=manifest.contributions,
            themes=tuple(self._themes()),
        )
        return Found(record, actions, self._code, self._programs())

    def _python_files(self) -> Iterator[tuple[Path, bytes]]:
        """A package is imported by its name; its files are read for the digest alone."""
        pattern = "**/*.py" if self._place.module else "actions/*.py"
        for path in sorted(self._place.path.glob(pattern)):
            if path.name == "__init__.py" and not self._place.module:
                continue  # the folder may also be a package's
            yield path, read_trusted(path, checked=self._place.checked)

    def _themes(self) -> Iterator[str]:
        for path in self._globbed(self._manifest.themes):
            read_trusted(path, checked=self._place.checked)
            yield shown(path)

    def _globbed(self, patterns: Sequence[str]) -> Iterator[Path]:
        for pattern in patterns:
            if pattern.startswith("/") or ".." in Path(pattern).parts:
                raise TrustError(f"{pattern} leads out of the plugin")
            yield from sorted(self._place.path.glob(pattern))

    def _runbooks(self) -> Iterator[Action]:
        for path in self._globbed(self._manifest.runbooks):
            yield _runbook(path, self._manifest.id, self._place, self._commit, self._files)

    def _entries(self) -> Iterator[Action]:
        for entry in self._manifest.actions:
            if entry.run:
                yield self._executable(entry)
            elif self._manifest.isolation == "process":
                yield self._isolated(entry)
            elif self._code is None:
                raise TrustError(
                    f"{self._place.path}: {entry.id} has neither run: nor a file in actions/"
                )
            elif entry.params is None:
                yield self._learnt(entry, self._code)
            else:
                spec = self._spec(entry, self._code.content)
                yield Action(spec, LazyImpl(self._code, self._manifest.id, spec), self._manifest.id)

    def _isolated(self, entry: ActionEntry) -> Action:
        """Its Python runs in a process of its own, which is served as any executable is."""
        if entry.params is None:
            raise TrustError(f"{entry.id}: isolation: process needs its params in the manifest")
        content = self._code.content if self._code is not None else b""
        spec = replace(self._spec(entry, content), front="python")
        impl = ExecutableImpl(self._interpreter(), spec)
        return Action(spec, impl, self._manifest.id)

    def _interpreter(self) -> Program:
        place = self._place
        module = (place.module,) if place.module else ()
        argv = (sys.executable, "-m", "opsconsole.actions.isolated_main", str(place.path), *module)
        return Program(argv, place.path, self._manifest.id)

    def _learnt(self, entry: ActionEntry, code: PythonCode) -> Action:
        """Only its code knows its parameters; what the manifest does say must hold."""
        declared = code.load().actions.get(entry.id)
        if declared is None:
            raise TrustError(f"{entry.id}: the manifest names it, the code has none such")
        action = make_action(declared, self._manifest.id, self._source(), code.content)
        told = {**declared.fields, **entry.told}
        spec = make_spec(
            action.spec.id, told, action.spec.params, source=self._source(), content=code.content
        )
        resolve(code.load(), self._manifest.id, spec)
        return Action(spec, action.impl, self._manifest.id)

    def _undeclared(self) -> Iterator[Action]:
        """A manifest that says nothing of what the code brings: it is run to learn it."""
        said = any(not entry.run for entry in self._manifest.actions)
        if self._code is None or said or self._manifest.contributions:
            return
        if self._manifest.isolation == "process":
            raise TrustError("isolation: process needs every action in the manifest")
        for declared in self._code.load().actions.values():
            yield make_action(declared, self._manifest.id, self._source(), self._code.content)

    def _warnings(self) -> Iterator[str]:
        for each in self._manifest.contributions:
            for word in set(each.on) - set(KINDS):
                near = did_you_mean(word, KINDS) or f"; there is {', '.join(KINDS)}"
                yield f"{each.id}: no event of ours is of the kind {word}{near}"
        if self._code is None or not self._code.is_loaded or self._place.level == "shipped":
            return
        unsaid = [entry.id for entry in self._manifest.actions if entry.params is None]
        for name in unsaid:
            yield f"{name}: the manifest does not say its params; its code is run to learn them"
        if not unsaid and self._code.load().actions:
            yield "actions/*.py are not in the manifest; they are run to learn what they are"

    def _executable(self, entry: ActionEntry) -> Action:
        program = self._program(entry.run)
        spec = self._spec(entry, program.content)
        impl: Impl
        if entry.protocol == "oneshot":
            impl = OneshotImpl(program, spec)
        else:
            impl = ExecutableImpl(program, spec, has_rollback=entry.rollback)
        return Action(spec, impl, self._manifest.id)

    def _programs(self) -> dict[str, Program]:
        alone = self._manifest.isolation == "process"
        return {
            f"{each.kind} {each.id}": self._program(each.run) if each.run else self._interpreter()
            for each in self._manifest.contributions
            if each.run or (alone and each.kind != "param_type")
        }

    def _program(self, run: tuple[str, ...]) -> Program:
        place = self._place
        return find_program(run, place.path, self._manifest.id, checked=place.checked)

    def _spec(self, entry: ActionEntry, content: bytes) -> ActionSpec:
        spec = make_spec(
            f"{self._manifest.id}.{entry.id}",
            entry.told,
            entry.params or (),
            source=self._source(),
            content=content + repr((entry.run, entry.protocol)).encode(),
        )
        return replace(spec, front="executable" if entry.run else "python")

    def _source(self) -> str:
        return _with_commit(shown(self._place.path / MANIFEST), self._commit)


def _runbook(
    path: Path,
    plugin: str | None,
    place: Place,
    commit: str,
    files: Mapping[str, bytes] | None = None,
) -> Action:
    if place.checked:
        check_folder(path.parent)
    text = read_trusted(path, checked=place.checked).decode(errors="replace")
    return read_runbook(text, _with_commit(shown(path), commit), plugin, files)


def _with_files(action: Action, files: Mapping[str, bytes]) -> Action:
    """Hand an action the plugin's files; what was confirmed covers them."""
    if not files:
        return action
    content = b"".join(name.encode() + b"\0" + files[name] for name in sorted(files))
    digest = hashlib.sha256(action.spec.digest.encode() + content).hexdigest()
    return with_fields(action, spec=replace(action.spec, digest=digest), files=files)


def _with_commit(file: str, commit: str) -> str:
    """Each run's journal names the source, so it names the commit too."""
    return f"{file} @ {commit[:12]}" if commit else file


def shown(path: Path) -> str:
    """Show a path: a file's name is whatever somebody made it, UTF-8 or not."""
    return clean(str(path), LABEL_LIMIT)


def _refuse_twins(actions: Sequence[Action]) -> None:
    seen: dict[str, str] = {}
    for action in actions:
        if action.spec.id in seen:
            raise TrustError(
                f"{action.spec.source}: {action.spec.id} is also in {seen[action.spec.id]}"
            )
        seen[action.spec.id] = action.spec.source
