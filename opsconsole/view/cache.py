"""Rows kept from one snapshot to the next: an unchanged record costs a look, not a row.

Belongs to one pane and is handed to its table function; without one everything is made anew.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from opsconsole.query.filter_line import Filter
from opsconsole.query.nodes import Binary, Call, Expr, Name, Unary
from opsconsole.query.values import Env

R = TypeVar("R")
V = TypeVar("V")

_TIMED = frozenset({"age", "for", "now", "is"})


class _Entry(NamedTuple):
    record: object
    stamp: object
    value: object


class RowCache:
    """What was made of records, found again by the record's identity and a stamp of what else counts."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, _Entry]] = {}
        self._keys: set[str] = set()
        self._ones: dict[type[object], object] = {}

    def once(self, kind: type[V]) -> V:
        """Give the pane's one object of a class, made at the first call."""
        return self._ones.setdefault(kind, kind())  # type: ignore[return-value]  # stored by its class

    def value(self, kind: str, key: str, record: R, stamp: object, make: Callable[[], V]) -> V:
        """Give what was made of this very record under this stamp, or make it."""
        entries = self._entries.setdefault(kind, {})
        entry = entries.get(key)
        if entry is not None and entry.record is record and entry.stamp == stamp:
            return entry.value  # type: ignore[return-value]  # the kind says what was stored
        value = make()
        entries[key] = _Entry(record, stamp, value)
        self._keys.add(key)
        return value

    def forget(self, present: Mapping[str, object]) -> None:
        """Drop what belongs to objects that are gone; looks only when there may be some."""
        if len(self._keys) <= len(present):
            return
        for gone in self._keys - present.keys():
            for kind in self._entries.values():
                kind.pop(gone, None)
        self._keys &= present.keys()


class Sieve(Generic[R]):
    """A filter over records that looks again only at what changed."""

    def __init__(
        self, line: Filter, cache: RowCache, kind: str, env: Callable[[R], Env], now: float
    ) -> None:
        self._line = line
        self._cache = cache
        self._kind = f"{kind}?"
        self._env = env
        # An expression without time in it can only change with its record or its staleness.
        self._tick = int(now) if line.expr is not None and uses_time(line.expr) else 0

    def passing(self, records: Iterable[tuple[str, R, bool]]) -> list[R]:
        """Keep the records that pass; each comes with its key and whether it is stale."""
        if self._line.expr is None:
            return [record for _, record, _ in records]
        return [record for key, record, stale in records if self._passes(key, record, stale=stale)]

    def _passes(self, key: str, record: R, *, stale: bool) -> bool:
        stamp = (self._line.source, stale, self._tick)
        return self._cache.value(
            self._kind, key, record, stamp, lambda: self._line.matches(self._env(record))
        )


def uses_time(expr: Expr) -> bool:
    """Tell whether an expression can change while its record does not."""
    match expr:
        case Name():
            return expr.name in _TIMED
        case Unary():
            return uses_time(expr.operand)
        case Binary():
            return uses_time(expr.left) or uses_time(expr.right)
        case Call():
            return expr.function == "age" or any(uses_time(each) for each in expr.arguments)
        case _:
            return False
