"""Rows that are made when somebody looks at them: a pane of thousands shows some fifty."""

from collections.abc import Callable, Sequence
from typing import overload

from msgspec.structs import replace

from opsconsole.view.rows import Row


class LazyRows(Sequence[Row]):
    """Rows known by their keys, in order; each is made once, at the first look."""

    __slots__ = ("_made", "_make", "keys")

    def __init__(self, keys: tuple[str, ...], make: Callable[[str], Row]) -> None:
        self.keys = keys
        self._make = make
        self._made: dict[str, Row] = {}

    @property
    def made(self) -> int:
        """How many were looked at."""
        return len(self._made)

    def __len__(self) -> int:
        """Count them without making any."""
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        """Give one row, or make those of a slice."""
        if isinstance(place, slice):
            return tuple(self.row(key) for key in self.keys[place])
        return self.row(self.keys[place])

    def row(self, key: str) -> Row:
        """Give the row of a key."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(key)
        return made


def keys_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Name rows in their order, without making them."""
    return rows.keys if isinstance(rows, LazyRows) else tuple(row.key for row in rows)


def in_keys(rows: Sequence[Row], keys: tuple[str, ...]) -> LazyRows:
    """Show rows in another order, or fewer of them; `keys` are keys of theirs."""
    if isinstance(rows, LazyRows):
        return LazyRows(keys, rows.row)
    return LazyRows(keys, {row.key: row for row in rows}.__getitem__)


def with_ghost(rows: Sequence[Row], gone: Row, place: int, why: str) -> LazyRows:
    """Put in a row whose object is gone, as a ghost that says so in a word, where it stood."""
    ghost = replace(gone, ghost=why)
    keys = keys_of(rows)
    place = min(place, len(keys))
    all_ = in_keys(rows, keys)
    return LazyRows(
        (*keys[:place], gone.key, *keys[place:]),
        lambda key: ghost if key == gone.key else all_.row(key),
    )
