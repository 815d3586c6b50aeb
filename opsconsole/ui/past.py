"""What the engine remembers of a span: the fires that burnt in it and what happened."""

from typing import Final, NamedTuple

from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.ui.source import Source

_EVENTS: Final = 2_000


class Past(NamedTuple):
    """One span, newest first."""

    fires: tuple[Episode, ...]
    events: tuple[Event, ...]


async def read_past(source: Source, since: float, until: float) -> Past:
    """Ask for a span (epoch seconds); raises EngineError."""
    fires = await source.call(ReadEpisodes(since, until), Episodes)
    told = await source.call(ReadEvents(since, until, _EVENTS), Events)
    return Past(fires.episodes, told.events)
