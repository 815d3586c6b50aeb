"""How rows keep their places while somebody is moving among them; pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from opsconsole.view.rows import Row


def keep_order(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Show the new contents in the old order; rows that came are put at the end."""
    fresh = {row.key: row for row in new}
    kept = [fresh.pop(row.key) for row in old if row.key in fresh]
    return [*kept, *fresh.values()]


def with_ghost(rows: list[Row], under_cursor: Row, place: int) -> list[Row]:
    """Keep the row under the cursor where it was, as a ghost, when its object is gone."""
    if any(row.key == under_cursor.key for row in rows):
        return rows
    place = min(place, len(rows))
    return [*rows[:place], replace(under_cursor, ghost=True), *rows[place:]]
