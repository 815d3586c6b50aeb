"""The one reader of YAML: files and texts become trees that know where each value stands.

Plain scalars follow the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema), so that
`on:` is a word, `22:30` is text and `no` is not false. Duplicate keys are refused.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct

from opsconsole.config.problems import Mark, Problems

SIZE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of one file."""
_NODE_LIMIT: Final = 500_000
_DEPTH_LIMIT: Final = 40

_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
_OTHER_BASE: Final = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[Mapping[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_STR_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")


class Scalar(Struct, frozen=True):
    """One value and how it was written."""

    value: str | int | float | bool | None
    text: str
    """As written, without quotes: `10m`, `0640`."""
    mark: Mark
    inset: int = 0
    """Characters between the mark and the text's first one: 1 for a quote; -1 for a block."""


class Seq(Struct, frozen=True):
    """A list."""

    items: "tuple[Node, ...]"
    mark: Mark


class Map(Struct, frozen=True):
    """A mapping; keys are text as written, in file order."""

    entries: "Mapping[str, Node]"
    keys: Mapping[str, Mark]
    """Where each key stands."""
    mark: Mark

    def get(self, key: str) -> "Node | None":
        """Give the value of a key, or None."""
        return self.entries.get(key)


Node = Scalar | Seq | Map


def load_yaml(path: Path) -> Node:
    """Read one file; an empty one is an empty Map.

    Raises:
        ConfigError: It cannot be read, or is not good YAML; every mistake has its line.
    """
    problems = Problems()
    node = read_file(path, problems)
    problems.raise_if_any()
    return node


def parse_yaml(text: str, file: str) -> Node:
    """Read a text as `load_yaml` reads a file; `file` is what mistakes call it.

    Raises:
        ConfigError: It is not good YAML.
    """
    problems = Problems()
    node = read_text(text, file, problems)
    problems.raise_if_any()
    return node


def plain(node: Node) -> Any:  # noqa: ANN401  (the one place where a file's shape is still open)
    """Turn a tree into dicts, lists and values, without marks."""
    match node:
        case Scalar():
            return node.value
        case Seq():
            return [plain(item) for item in node.items]
        case Map():
            return {key: plain(value) for key, value in node.entries.items()}


def read_file(path: Path, problems: Problems, *, foreign_tags: bool = False) -> Node:
    """Read one file into a tree; what is wrong goes to `problems` and leaves an empty Map."""
    mark = Mark(str(path))
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        problems.add(mark, f"cannot be read: {error.strerror or error}")
        return _empty(mark)
    if len(raw) > SIZE_LIMIT:
        problems.add(mark, f"is larger than {SIZE_LIMIT // 1024 // 1024} MiB")
        return _empty(mark)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.add(Mark(str(path), line, 1), "is not UTF-8")
        return _empty(mark)
    return read_text(text, str(path), problems, foreign_tags=foreign_tags)


def read_text(text: str, file: str, problems: Problems, *, foreign_tags: bool = False) -> Node:
    """Read a text into a tree; `foreign_tags` keeps values like Ansible's `!vault` as text."""
    builder = _Builder(file, problems, foreign_tags=foreign_tags)
    try:
        return builder.build(text)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(file, at.line + 1, at.column + 1) if at else Mark(file)
        problems.add(mark, f"not YAML: {_reason(error, text, mark)}")
    except yaml.YAMLError as error:
        problems.add(Mark(file), f"not YAML: {str(error).splitlines()[0]}")
    except _TooMuchError as error:
        problems.add(error.mark, str(error))
    except UnicodeEncodeError:
        problems.add(Mark(file), "not YAML: holds half of a surrogate pair")
    return _empty(Mark(file))


def _reason(error: yaml.MarkedYAMLError, text: str, mark: Mark) -> str:
    """Say what is wrong; a tab is what people cannot see."""
    line = next(islice(text.splitlines(), max(0, mark.line - 1), None), "")
    if line[max(0, mark.column - 1) :].startswith("\t"):
        return "a tab; indent with spaces"
    return error.problem or error.context or "not to be read"


def _empty(mark: Mark) -> Map:
    return Map({}, {}, mark)


class _TooMuchError(Exception):
    def __init__(self, mark: Mark, text: str) -> None:
        super().__init__(text)
        self.mark = mark


class _Builder:
    """Builds a tree from the parser's events, counting as it goes: aliases cost what they unfold to."""

    def __init__(self, file: str, problems: Problems, *, foreign_tags: bool) -> None:
        self._file = file
        self._problems = problems
        self._foreign_tags = foreign_tags
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._nodes = 0
        self._events: Iterator[yaml.Event] = iter(())

    def build(self, text: str) -> Node:
        self._events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._problems.add(self._mark(event), "a second document (---) in one file")
                    break
                root = self._node(next(self._events), 0)[0]
        if root is None or (isinstance(root, Scalar) and root.value is None):
            return _empty(Mark(self._file, 1, 1))
        return root

    def _mark(self, event: yaml.Event) -> Mark:
        at = event.start_mark
        return Mark(self._file, at.line + 1, at.column + 1) if at else Mark(self._file)

    def _node(self, event: yaml.Event, depth: int) -> tuple[Node, int]:
        """Build the node that begins with an event; also tell how many levels it has."""
        mark = self._mark(event)
        before = self._nodes
        self._count(1, depth, mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth, mark)
        assert isinstance(event, yaml.NodeEvent)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node, height = self._scalar(event, mark), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            node, height = self._sequence(mark, depth)
        else:
            node, height = self._mapping(mark, depth)
        if event.anchor:
            self._anchors[event.anchor] = (node, self._nodes - before, height)
        return node, height

    def _count(self, nodes: int, depth: int, mark: Mark) -> None:
        self._nodes += nodes
        if self._nodes > _NODE_LIMIT:
            raise _TooMuchError(mark, f"unfolds to more than {_NODE_LIMIT} values")
        if depth > _DEPTH_LIMIT:
            raise _TooMuchError(mark, f"is nested deeper than {_DEPTH_LIMIT} levels")

    def _alias(self, event: yaml.AliasEvent, depth: int, mark: Mark) -> tuple[Node, int]:
        found = self._anchors.get(event.anchor or "")
        if found is None:
            self._problems.add(mark, f"*{event.anchor} refers to nothing above it")
            return _empty(mark), 1
        node, size, height = found
        self._count(size, depth + height, mark)
        return node, height

    def _sequence(self, mark: Mark, depth: int) -> tuple[Seq, int]:
        items: list[Node] = []
        tallest = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, height = self._node(event, depth + 1)
            items.append(item)
            tallest = max(tallest, height)
        return Seq(tuple(items), mark), tallest + 1

    def _mapping(self, mark: Mark, depth: int) -> tuple[Map, int]:
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        merged: list[Node] = []
        tallest = 0
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, _ = self._node(event, depth + 1)
            value, height = self._node(next(self._events), depth + 1)
            tallest = max(tallest, height)
            if not isinstance(key, Scalar):
                self._problems.add(key.mark, "a key must be a word, not a list or mapping")
            elif key.text == "<<" and key.inset == 0:
                merged.append(value)
            elif key.text in entries:
                self._problems.add(
                    key.mark, f"{key.text} is given twice; first in line {keys[key.text].line}"
                )
            else:
                entries[key.text] = value
                keys[key.text] = key.mark
        for node in merged:
            self._merge(node, entries, keys)
        return Map(entries, keys, mark), tallest + 1

    def _merge(self, node: Node, entries: dict[str, Node], keys: dict[str, Mark]) -> None:
        for source in node.items if isinstance(node, Seq) else (node,):
            if not isinstance(source, Map):
                self._problems.add(node.mark, "<<: takes a mapping or a list of mappings")
                continue
            for key, value in source.entries.items():
                if key not in entries:
                    entries[key] = value
                    keys[key] = source.keys[key]

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Scalar:
        text = event.value
        if event.tag not in _STR_TAGS and not self._foreign_tags:
            self._problems.add(mark, f"the tag {event.tag} is not known here")
        inset = {"": 0, "'": 1, '"': 1}.get(event.style or "", -1)
        if event.implicit[0] and event.tag is None:
            return Scalar(_resolve(text), text, mark, inset)
        return Scalar(text, text, mark, inset)


def _resolve(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
