"""What a person has set on a pane: filter, sort, width; nothing of it leaves the screen."""

from typing import Final

from msgspec import Struct

from opsconsole.query.filter_line import Filter
from opsconsole.view.glyphs import UNICODE, Glyphs

NO_FILTER: Final = Filter("")


class ViewOptions(Struct, frozen=True):
    """How a table is to be made; a change of any part makes another table."""

    filter: Filter = NO_FILTER
    sort: str = ""
    """A column's id; empty: the pane's own order (faults first, triage)."""
    inverted: bool = False
    """The sort the other way round."""
    faults_only: bool = False
    wide: bool = False
    """Show the columns of the next wider screen; the rest is reached sideways."""
    glyphs: Glyphs = UNICODE
    me: str = ""
    """Who looks, for `owner:me`."""
    grouped: bool = True
    """Fires: fold equal alerts on many objects into one row."""
    expanded: frozenset[str] = frozenset()
    """Keys of opened groups."""
    time: str = "utc"
    """utc, local or relative."""
