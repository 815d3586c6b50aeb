"""Tables of keys: what a mapping may hold, from which reading, did-you-mean and the JSON Schema come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from opsconsole.config.loader import Map, Node, Scalar, Seq
from opsconsole.config.problems import Mark, Problems, did_you_mean

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema = Mapping[str, object]


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """How a value is read: from a tree, or None after telling what is wrong; and how a schema says it."""

    read: Callable[[Node, Problems], T_co | None]
    schema: Schema


@dataclass(frozen=True)
class Field(Generic[T_co]):
    """One key of a table."""

    name: str
    kind: Kind[T_co]
    doc: str
    required: bool = False


class Values:
    """What was read by a table: typed by the field one asks with."""

    def __init__(self, tree: Map, values: Mapping[str, object]) -> None:
        self.mark = tree.mark
        self.tree = tree
        self._values = values

    def get(self, key: Field[T]) -> T | None:
        """Give what the file says under a key, None when it says nothing (good)."""
        return cast("T | None", self._values.get(key.name))

    def value(self, key: Field[T], default: T) -> T:
        """Give what the file says under a key, or a default."""
        found = self._values.get(key.name)
        return default if found is None else cast("T", found)

    def place(self, key: Field[object]) -> Mark:
        """Tell where a key stands; the mapping itself when it does not."""
        return self.tree.keys.get(key.name, self.mark)

    def node(self, key: Field[object]) -> Node | None:
        """Give the tree under a key, for what must be read again with more known."""
        return self.tree.get(key.name)

    def __contains__(self, key: Field[object]) -> bool:
        return key.name in self.tree.entries


@dataclass(frozen=True)
class Table:
    """The keys that one mapping may have."""

    what: str
    """How mistakes call it: `a host`."""
    fields: tuple[Field[object], ...]
    hints: Mapping[str, str] = field(default_factory=dict)
    """Words people try that are no key here, and what to write instead."""

    def read(self, node: Node, problems: Problems) -> Values | None:
        """Read a mapping; unknown and missing keys are told, what is good is kept."""
        if not isinstance(node, Map):
            problems.add(node.mark, f"{self.what} is a mapping of keys, not {describe(node)}")
            return None
        known = {entry.name: entry for entry in self.fields}
        values: dict[str, object] = {}
        for key, value in node.entries.items():
            if key not in known:
                problems.add(node.keys[key], self._unknown(key))
            elif not (isinstance(value, Scalar) and value.value is None):
                values[key] = known[key].kind.read(value, problems)
        for entry in self.fields:
            if entry.required and entry.name not in node.entries:
                problems.add(node.mark, f"{self.what} needs `{entry.name}:`")
        return Values(node, values)

    def _unknown(self, key: str) -> str:
        if key in self.hints:
            return f"unknown key {key} in {self.what}: {self.hints[key]}"
        names = [entry.name for entry in self.fields]
        return f"unknown key {key} in {self.what}{did_you_mean(key, names)}"

    def schema(self) -> Schema:
        """Describe the table as JSON Schema."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {f.name: {"description": f.doc, **f.kind.schema} for f in self.fields},
            **(
                {"required": names}
                if (names := [f.name for f in self.fields if f.required])
                else {}
            ),
        }


def table(what: str, *fields: Field[object], hints: Mapping[str, str] | None = None) -> Table:
    """Make a table of fields of whatever types."""
    return Table(what, fields, hints or {})


def describe(node: Node) -> str:
    """Say what a value is, for the end of a mistake."""
    match node:
        case Map():
            return "a mapping"
        case Seq():
            return "a list"
        case Scalar():
            return f"{node.text[:40]!r}" if node.value is not None else "nothing"


def list_of(kind: Kind[T], *, or_one: bool = False) -> Kind[tuple[T, ...]]:
    """A list; with `or_one` a single value is a list of one."""

    def read(node: Node, problems: Problems) -> tuple[T, ...] | None:
        if not isinstance(node, Seq) and not or_one:
            problems.add(node.mark, f"must be a list, not {describe(node)}; write [ ... ]")
            return None
        items: Sequence[Node] = node.items if isinstance(node, Seq) else (node,)
        found = [kind.read(item, problems) for item in items]
        return tuple(item for item in found if item is not None)

    array = {"type": "array", "items": kind.schema}
    return Kind(read, {"anyOf": [kind.schema, array]} if or_one else array)


def map_of(key: Kind[str], kind: Kind[T]) -> Kind[Mapping[str, T]]:
    """A mapping from checked words to values."""

    def read(node: Node, problems: Problems) -> Mapping[str, T] | None:
        if not isinstance(node, Map):
            problems.add(
                node.mark, f"must be a mapping, not {describe(node)}; write {{key: value}}"
            )
            return None
        found: dict[str, T] = {}
        for name, value in node.entries.items():
            good = key.read(Scalar(name, name, node.keys[name]), problems)
            item = kind.read(value, problems)
            if good is not None and item is not None:
                found[good] = item
        return found

    return Kind(read, {"type": "object", "additionalProperties": kind.schema})


def record_of(spec: Table, build: Callable[[Values, Problems], T | None]) -> Kind[T]:
    """A mapping read by a table and made into a record."""

    def read(node: Node, problems: Problems) -> T | None:
        values = spec.read(node, problems)
        return None if values is None else build(values, problems)

    return Kind(read, spec.schema())
