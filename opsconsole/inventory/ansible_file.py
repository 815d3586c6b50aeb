"""Ansible inventory files: the INI and the YAML format, read into one tree of groups."""

import re
import shlex
from pathlib import Path
from typing import Final

from opsconsole.config.document import HostEntry
from opsconsole.config.loader import Map, Node, Scalar, read_file, read_text
from opsconsole.config.problems import Mark, Problems, did_you_mean
from opsconsole.inventory.ansible import Tree, entries, unfold

_SIZE_LIMIT: Final = 16 * 1024 * 1024
_SECTION: Final = re.compile(r"\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_PORT: Final = re.compile(r"(.*[^:\]]|.*\]):([0-9]{1,5})")
_KEYS: Final = ("hosts", "children", "vars")


def read(path: Path, problems: Problems) -> list[HostEntry]:
    """Read one inventory file into host entries; mistakes go to `problems`."""
    text = _text(path, problems)
    if text is None:
        return []
    tree = Tree()
    if _is_yaml(path, text):
        _read_yaml(read_text(text, str(path), problems, foreign_tags=True), tree, problems)
    else:
        _read_ini(text, str(path), tree, problems)
    _add_vars_folders(path, tree)
    return entries(tree, problems)


def _text(path: Path, problems: Problems) -> str | None:
    mark = Mark(str(path))
    try:
        raw = path.read_bytes() if path.stat().st_size <= _SIZE_LIMIT else None
    except OSError as error:
        problems.add(mark, f"cannot be read: {error.strerror}")
        return None
    if raw is None:
        problems.add(mark, "is too large for an inventory")
        return None
    if raw.startswith(b"#!"):
        problems.add(
            mark, "is a program; give what it prints: ansible-inventory --list --yaml --output FILE"
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(Mark(str(path), raw.count(b"\n", 0, error.start) + 1, 1), "is not UTF-8")
        return None


def _is_yaml(path: Path, text: str) -> bool:
    if path.suffix in (".yml", ".yaml", ".json"):
        return True
    lines = (
        line
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(("#", ";"))
    )
    first = next(lines, "")
    return first.startswith(("---", "{")) or re.fullmatch(r"\w+:\s*", first) is not None


def _read_yaml(root: Node, tree: Tree, problems: Problems) -> None:
    if not isinstance(root, Map):
        problems.add(root.mark, "an inventory is a mapping of groups")
        return
    for name, node in root.entries.items():
        _yaml_group(name, node, root.keys[name], tree, problems)


def _yaml_group(name: str, node: Node, mark: Mark, tree: Tree, problems: Problems) -> None:
    tree.group(name)
    if isinstance(node, Map):
        for key, value in node.entries.items():
            if isinstance(value, Map) and key in _KEYS:
                _yaml_part(name, key, value, tree, problems)
            elif key not in _KEYS:
                wrong = f"unknown key {key} in group {name}{did_you_mean(key, _KEYS)}"
                problems.add(node.keys[key], wrong)
            elif not _is_nothing(value):
                problems.add(node.keys[key], f"{key} must be a mapping")
    elif not _is_nothing(node):
        problems.add(mark, f"group {name} must be a mapping with hosts, children or vars")


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _yaml_part(name: str, key: str, part: Map, tree: Tree, problems: Problems) -> None:
    group = tree.group(name)
    if key == "vars":
        group.variables |= _scalars(part)
        return
    for word, below in part.entries.items():
        if key == "children":
            group.children[word] = None
            _yaml_group(word, below, part.keys[word], tree, problems)
        else:
            variables = _scalars(below) if isinstance(below, Map) else {}
            _add_hosts(word, part.keys[word], name, variables, tree, problems)


def _scalars(node: Map) -> dict[str, Scalar]:
    return {key: value for key, value in node.entries.items() if isinstance(value, Scalar)}


def _add_hosts(
    pattern: str,
    mark: Mark,
    group: str,
    variables: dict[str, Scalar],
    tree: Tree,
    problems: Problems,
) -> None:
    with_port = _PORT.fullmatch(pattern)
    if with_port:
        pattern = with_port[1]
        variables = {"ansible_port": Scalar(int(with_port[2]), with_port[2], mark), **variables}
    try:
        names = unfold(pattern)
    except ValueError as error:
        problems.add(mark, str(error))
        return
    for name in names:
        tree.add_host(name, mark, variables)
        tree.group(group).hosts[name] = None


def _read_ini(text: str, file: str, tree: Tree, problems: Problems) -> None:
    group, part = "ungrouped", "hosts"
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        mark = Mark(file, number, len(raw) - len(raw.lstrip()) + 1)
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            found = _SECTION.fullmatch(line)
            group, part = (found[1].strip(), found[2] or "hosts") if found else (group, "broken")
            if part not in _KEYS:
                problems.add(
                    mark,
                    f"{line[:60]!r} is no section; write [group], [group:vars] or [group:children]",
                )
            else:
                tree.group(group)
        elif part in _KEYS:
            _ini_line(line, mark, group, part, tree, problems)


def _ini_line(line: str, mark: Mark, group: str, part: str, tree: Tree, problems: Problems) -> None:
    if part == "children":
        child = line.split("#")[0].strip()
        tree.group(group).children[child] = None
        tree.group(child)
    elif part == "vars":
        name, equals, value = line.partition("=")
        if not equals:
            problems.add(mark, f"{line[:60]!r}: a variable is written name=value")
            return
        tree.group(group).variables[name.strip()] = _value(value.strip().strip("\"'"), mark)
    else:
        _ini_host(line, mark, group, tree, problems)


def _ini_host(line: str, mark: Mark, group: str, tree: Tree, problems: Problems) -> None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        problems.add(mark, f"{line[:60]!r}: {error}")
        return
    if not words:
        return
    variables: dict[str, Scalar] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            problems.add(
                mark, f"{word[:60]!r} after {words[0][:60]}: a variable is written name=value"
            )
        else:
            variables[name] = _value(value, mark)
    _add_hosts(words[0], mark, group, variables, tree, problems)


def _value(text: str, mark: Mark) -> Scalar:
    return Scalar(text, text, mark)


def _add_vars_folders(path: Path, tree: Tree) -> None:
    """Read `group_vars/` and `host_vars/` beside the file; what cannot be read there is Ansible's affair."""
    for name, group in tree.groups.items():
        group.variables |= _vars_of(path.parent / "group_vars", name)
    for name in tree.places:
        tree.variables[name] |= _vars_of(path.parent / "host_vars", name)


def _vars_of(folder: Path, name: str) -> dict[str, Scalar]:
    if "/" in name or name.startswith(".") or not folder.is_dir():
        return {}
    found: dict[str, Scalar] = {}
    inside = sorted((folder / name).glob("*.y*ml")) if (folder / name).is_dir() else []
    for file in (folder / name, folder / f"{name}.yml", folder / f"{name}.yaml", *inside):
        if file.is_file():
            node = read_file(file, Problems(), foreign_tags=True)
            found |= _scalars(node) if isinstance(node, Map) else {}
    return found
