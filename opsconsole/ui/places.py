"""Where one stands and where one was: the back stack, as in a browser."""

from typing import Final

from msgspec import Struct

_LIMIT: Final = 100


class Place(Struct, frozen=True):
    """A view of something: `overview`, `runs`, or a `host`, `service`, `alert` or `run` by its key."""

    kind: str
    key: str = ""
    tab: str = ""

    @property
    def words(self) -> str:
        """The place as one reads it."""
        return " ".join(word for word in (self.kind, self.key, self.tab) if word)


HOME: Final = Place("overview")


class Trail:
    """The places visited; one of them is here."""

    def __init__(self) -> None:
        self._places = [HOME]
        self._at = 0
        self._last = HOME

    @property
    def here(self) -> Place:
        """Where one stands."""
        return self._places[self._at]

    @property
    def visited(self) -> tuple[Place, ...]:
        """The places one was at, newest first, each once."""
        return tuple(dict.fromkeys(reversed(self._places)))

    def go(self, place: Place) -> Place:
        """Go on to a place; what lay ahead is forgotten."""
        if place != self.here:
            self._last = self.here
            self._places = [*self._places[: self._at + 1], place][-_LIMIT:]
            self._at = len(self._places) - 1
        return self.here

    def turn(self, tab: str) -> Place:
        """Turn to another tab of the same place; that is no step of its own."""
        here = self.here
        self._places[self._at] = Place(here.kind, here.key, tab)
        return self.here

    def back(self) -> Place | None:
        """Go one back; None at the beginning."""
        return self._step(-1)

    def forward(self) -> Place | None:
        """Go one forward again; None at the end."""
        return self._step(1)

    def swap(self) -> Place:
        """Go to where one was before, and with the next swap here again."""
        return self.go(self._last)

    def _step(self, step: int) -> Place | None:
        if not 0 <= self._at + step < len(self._places):
            return None
        self._last = self.here
        self._at += step
        return self.here
