"""How rows keep their places while somebody is moving among them; pure."""

from collections.abc import Sequence

from opsconsole.view.lazy_rows import LazyRows, in_keys, keys_of
from opsconsole.view.rows import Row


def keep_order(old: Sequence[str], new: Sequence[Row]) -> LazyRows:
    """Show the new contents in the old order, given by keys; rows that came are put at the end."""
    fresh = dict.fromkeys(keys_of(new))
    kept = [key for key in old if key in fresh]
    there = frozenset(kept)
    return in_keys(new, (*kept, *(key for key in fresh if key not in there)))
