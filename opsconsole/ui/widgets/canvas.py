"""What panes and bars are painted on: a widget that gives the same lines again while nobody changed them."""

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Canvas(Widget):
    """Remembers its lines from one frame to the next.

    The screen library asks every widget between the highest and the lowest changed line for all of its lines,
    and looks up its colours and styles each time, though its lines are known and only two bars changed.
    """

    _kept: tuple[Region, list[Strip]] | None = None

    def _set_dirty(self, *regions: Region) -> None:
        # Whatever asks for a new painting, refresh, style sheet or size, comes through here.
        self._kept = None
        super()._set_dirty(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give the lines of a part."""
        if self._kept is None or self._kept[0] != crop:
            self._kept = (crop, super().render_lines(crop))
        return self._kept[1]
