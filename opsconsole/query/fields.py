"""Tables of names: which fields and functions an expression may use in a context, and what they are."""

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Kind(StrEnum):
    """What a field's values are; decides how literals read and how values are shown."""

    TEXT = "text"
    NUMBER = "number"
    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    TRUTH = "truth"
    WORD = "word"
    """One of a closed set, which is ordered from harmless to bad."""
    FLAGS = "flags"
    """A set of words, asked with `is:word`."""
    LIST = "list"
    MAP = "map"


class Field(Struct, frozen=True):
    """One name of a context."""

    name: str
    """Dotted; a last part `*` stands for any further name (`labels.*`)."""
    kind: Kind = Kind.TEXT
    title: str = ""
    words: tuple[str, ...] = ()
    """WORD and FLAGS: the words that are literals, in rising order."""
    synonyms: Mapping[str, str] = {}
    """Other spellings of words: `crit` for `critical`."""
    alias_of: str = ""
    """The name this one is short for."""


class Context(Struct, frozen=True):
    """Everything an expression may say in one place."""

    name: str
    fields: Mapping[str, Field]
    functions: frozenset[str]

    def find(self, name: str) -> Field | None:
        """Find a field by its name, an alias, or the open table it lies in (`labels.role`)."""
        found = self.fields.get(name)
        if found is not None:
            return self.fields[found.alias_of] if found.alias_of else found
        plain, brace, instance = name.partition("{")
        if brace:
            field = self.find(plain)
            return None if field is None else replace(field, name=f"{field.name}{{{instance}")
        parts = name.split(".")
        for size in range(len(parts) - 1, 0, -1):
            open_table = self.fields.get(".".join(parts[:size]) + ".*")
            if open_table is not None:
                return Field(name, open_table.kind, open_table.title)
        return None

    def suggest(self, name: str) -> str:
        """Phrase what was perhaps meant by an unknown field: `, did you mean latency?` or nothing."""
        return did_you_mean(name, (each for each in self.fields if not each.endswith("*")))


def context(name: str, fields: Iterable[Field], functions: Iterable[str]) -> Context:
    """Build a context from its rows."""
    return Context(name, {field.name: field for field in fields}, frozenset(functions))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Phrase the nearest known word, or give an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""
