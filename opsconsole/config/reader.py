"""Our YAML file and all it includes, read into one Document."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from opsconsole.config import checks, hosts, kinds, services, settings
from opsconsole.config.alert_sources import sources
from opsconsole.config.document import Defaults, Document
from opsconsole.config.fields import Field, Values, list_of, table
from opsconsole.config.loader import Map, Node, Scalar, Seq, read_file
from opsconsole.config.problems import Mark, Problems, did_you_mean
from opsconsole.config.rules import (
    RULE_FILES,
    RULES,
    Said,
    joined,
    read_rule_file,
    shipped_rules,
)

_FILE_LIMIT: Final = 1000

VERSION = Field("version", kinds.integer(1, 1), "Version of this format: 1.")
INCLUDE = Field(
    "include", list_of(kinds.path(), or_one=True), "More files, patterns allowed: conf.d/*.yaml."
)
DEFAULTS = Field("defaults", hosts.defaults, "What every host has that does not say otherwise.")
HOSTS = Field("hosts", hosts.hosts, "Hosts, by name or range.")
INVENTORY = Field("inventory", hosts.imports, "Hosts that other files describe.")
SERVICES = Field("services", services.services, "Services and their checks.")
CHECKS = Field("checks", checks.host_checks, "Checks of hosts, and checks that stand alone.")
SOURCES = Field(
    "alert_sources", sources, "Alertmanager clusters, Prometheus and others that tell of alerts."
)
FILE: Final = table(
    "the configuration",
    VERSION, INCLUDE, DEFAULTS, HOSTS, INVENTORY, SERVICES, CHECKS, SOURCES, RULES,
    RULE_FILES, *settings.FIELDS,
    hints={"env": "the word is environment", "alertmanager": "the word is alert_sources"},
)  # fmt: skip
_ADDS_UP: Final = frozenset(
    {"hosts", "inventory", "services", "checks", "alert_sources", "plugins", "themes", "rules"}
)
_SECRET: Final = re.compile(r"secret:([A-Za-z0-9_.-]+)")
_ALONE: Final = frozenset({"bearer", "password", "url"})
"""Keys whose whole value may be a secret's name."""
_MERGES: Final = frozenset({"rules", "keymap", "secrets", "http", "plugin_config"})


def read(path: Path) -> Document:
    """Read a configuration and everything it includes.

    Raises:
        ConfigError: All mistakes of all files.
    """
    problems = Problems()
    document = gather(path, problems)
    problems.raise_if_any()
    return document


def gather(path: Path, problems: Problems) -> Document:
    """Read as `read` does, but leave the mistakes in `problems`, for readers who add their own."""
    main = path.absolute()
    trees = _trees(main, problems)
    joined_tree = _join(tuple(trees.values()), problems) if trees else Map({}, {}, Mark(str(main)))
    values = FILE.read(joined_tree, problems)
    assert values is not None
    _secrets_are_named(joined_tree, values.value(settings.SECRETS, {}), problems)
    said, rule_files = _rules(joined_tree, values, problems)
    return Document(
        files=(*trees, *rule_files),
        defaults=values.value(DEFAULTS, Defaults()),
        hosts=values.value(HOSTS, ()),
        services=values.value(SERVICES, ()),
        checks=values.value(CHECKS, ()),
        sources=values.value(SOURCES, ()),
        imports=values.value(INVENTORY, ()),
        settings=replace(settings.read_settings(values), rules=said.bends, rule_specs=said.specs),
    )


def _rules(tree: Map, values: Values, problems: Problems) -> tuple[Said, list[str]]:
    """Read the rules of the configuration and of its rule files; also tell which files those are."""
    own = values.get(RULES)
    files = [str(path) for path in _paths(tree.get("rule_files"), problems)]
    others = [read_rule_file(Path(path), problems) for path in files]
    if own is None and not others:
        return Said(), files
    parts = [*others, *([own] if own is not None else [])]
    return joined(parts, shipped_rules(), problems), files


def _secrets_are_named(tree: Node, secrets: Mapping[str, str], problems: Problems) -> None:
    """Tell each `secret:NAME` that `secrets:` does not name."""
    for mark, name in _secrets_in(tree):
        if name not in secrets:
            near = did_you_mean(name, secrets)
            problems.add(mark, f"secret {name} is not named under `secrets:`{near}")


def _secrets_in(node: Node, key: str = "") -> Iterator[tuple[Mark, str]]:
    """Find them in headers, and where one stands alone; what is told to plugins is theirs."""
    match node:
        case Map():
            for word, below in node.entries.items():
                if word != "plugin_config":
                    yield from _secrets_in(below, "headers" if key == "headers" else word)
        case Seq():
            for item in node.items:
                yield from _secrets_in(item)
        case Scalar() if key == "headers" or (key in _ALONE and _SECRET.fullmatch(node.text)):
            yield from ((node.mark, name) for name in _SECRET.findall(node.text))


def _trees(main: Path, problems: Problems) -> Mapping[str, Map]:
    """Read the main file and, file by file, what it includes; each file once."""
    trees: dict[str, Map] = {}
    waiting = [main]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop(0)
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        if len(seen) > _FILE_LIMIT:
            problems.add(Mark(str(path)), f"more than {_FILE_LIMIT} files are included")
            break
        tree = read_file(path, problems)
        if isinstance(tree, Map):
            trees[str(path)] = tree
            waiting += _paths(tree.get("include"), problems)
        else:
            problems.add(
                tree.mark, "the configuration is a mapping of keys; begin with `version: 1`"
            )
    return trees


def _paths(node: Node | None, problems: Problems) -> list[Path]:
    """Give the files that paths and patterns name, each pattern's in order."""
    if node is None:
        return []
    found: list[Path] = []
    for item in node.items if isinstance(node, Seq) else (node,):
        pattern = kinds.path().read(item, Problems())
        if pattern is None:
            continue  # told when the table reads the key
        if not any(char in pattern for char in "*?["):
            found.append(Path(pattern))
            continue
        try:
            found += sorted(Path("/").glob(pattern.lstrip("/")))
        except (ValueError, NotImplementedError, OSError) as error:
            problems.add(item.mark, f"{pattern}: {error}")
    return found


def _join(trees: tuple[Map, ...], problems: Problems) -> Map:
    """Make one mapping of several files: lists add up, tables merge, everything else is said once."""
    entries: dict[str, Node] = {}
    keys: dict[str, Mark] = {}
    for tree in trees:
        for key, node in tree.entries.items():
            before = entries.get(key)
            if before is None:
                entries[key], keys[key] = node, tree.keys[key]
            elif (
                isinstance(before, Seq)
                and isinstance(node, Seq)
                and key in (_ADDS_UP | {"include", "rule_files"})
            ):
                entries[key] = Seq((*before.items, *node.items), before.mark)
            elif isinstance(before, Map) and isinstance(node, Map) and key in _MERGES:
                _told_twice(before, node, problems)
                entries[key] = Map(
                    {**node.entries, **before.entries}, {**node.keys, **before.keys}, before.mark
                )
            elif key not in ("version", "include"):
                problems.add(tree.keys[key], f"{key} was already said in {keys[key]}")
    return Map(entries, keys, trees[0].mark)


def _told_twice(before: Map, node: Map, problems: Problems) -> None:
    for key in node.entries:
        if key in before.entries:
            problems.add(node.keys[key], f"{key} was already said in {before.keys[key]}")
