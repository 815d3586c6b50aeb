"""Typed reading of one mapping of a runbook: each key asked for once, what is left over is a mistake."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from opsconsole.config.loader import Map, Node, Scalar, Seq
from opsconsole.config.problems import Mark, Problems, did_you_mean

T = TypeVar("T")


class Keys:
    """Reads a mapping's keys; mistakes go to `problems`, and a wrong value reads as None."""

    def __init__(self, node: Node | None, problems: Problems, what: str) -> None:
        self.problems = problems
        self._what = what
        self._map = (
            node if isinstance(node, Map) else Map({}, {}, Mark() if node is None else node.mark)
        )
        if node is not None and not isinstance(node, Map):
            problems.add(node.mark, f"{what} must be a mapping")

    @property
    def mark(self) -> Mark:
        """Where the mapping begins."""
        return self._map.mark

    @property
    def given(self) -> Collection[str]:
        """The keys that are there."""
        return self._map.entries.keys()

    def mark_of(self, key: str) -> Mark:
        """Where a key stands, or the mapping when it is not there."""
        return self._map.keys.get(key, self._map.mark)

    def node(self, key: str) -> Node | None:
        """Give a key's value as it stands."""
        return self._map.get(key)

    def wrong(self, key: str, text: str) -> None:
        """Note a mistake at a key."""
        self.problems.add(self.mark_of(key), f"{key}: {text}")

    def only(self, known: Collection[str], later: Collection[str] = ()) -> None:
        """Note every key that is neither known nor, with other words, known to later versions."""
        for key, mark in self._map.keys.items():
            if key in later:
                self.problems.add(mark, f"{key}: is not supported by this version")
            elif key not in known:
                self.problems.add(
                    mark, f"{key}: {self._what} has no such key{did_you_mean(key, known)}"
                )

    def text(self, key: str) -> str | None:
        """Read a scalar as it was written."""
        node = self._map.get(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and node.value is not None:
            return node.text
        self.problems.add(node.mark, f"{key}: must be text")
        return None

    def required(self, key: str) -> str:
        """Read a scalar that must be there; empty when it is not."""
        if key not in self._map.entries:
            self.problems.add(self.mark, f"{key}: is missing in {self._what}")
        return self.text(key) or ""

    def flag(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        node = self._map.get(key)
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.problems.add(node.mark, f"{key}: must be true or false")
        return default

    def read(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Read a scalar through a parser that raises ValueError with a sentence."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(key, str(error))
            return None

    def words(self, key: str) -> tuple[str, ...] | None:
        """Read a list of scalars as they were written."""
        node = self._map.get(key)
        if node is None:
            return None
        if not isinstance(node, Seq):
            self.problems.add(node.mark, f"{key}: must be a list")
            return None
        for item in node.items:
            if not isinstance(item, Scalar) or item.value is None:
                self.problems.add(item.mark, f"{key}: each element must be text")
                return None
        return tuple(item.text for item in node.items if isinstance(item, Scalar))

    def mapping(self, key: str) -> Mapping[str, Node]:
        """Read a mapping's entries; empty when there is none."""
        node = self._map.get(key)
        if node is None:
            return {}
        if isinstance(node, Map):
            return node.entries
        self.problems.add(node.mark, f"{key}: must be a mapping")
        return {}

    def items(self, key: str) -> tuple[Node, ...]:
        """Read a list's elements; empty when there is none."""
        node = self._map.get(key)
        if node is None:
            return ()
        if isinstance(node, Seq):
            return node.items
        self.problems.add(node.mark, f"{key}: must be a list")
        return ()
