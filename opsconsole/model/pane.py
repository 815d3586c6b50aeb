"""What a plugin's pane shows: data that the console draws, cleaned before it leaves the engine."""

from collections.abc import Mapping

from msgspec import Struct


class PaneCell(Struct, frozen=True):
    """One cell; its tone is a word of `view.rows.Tone`."""

    text: str
    tone: str = "normal"


class PaneData(Struct, frozen=True):
    """One look at a pane: rows in columns, or lines, or series."""

    pane: str
    """The contribution's id."""
    title: str
    at: float
    """Epoch seconds of the answer; 0: there was none yet."""
    every: float = 30.0
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[PaneCell, ...], ...] = ()
    lines: tuple[str, ...] = ()
    series: Mapping[str, tuple[float, ...]] = {}
    error: str = ""
    """Why there is nothing newer: the plugin failed, is in quarantine, takes too long."""
