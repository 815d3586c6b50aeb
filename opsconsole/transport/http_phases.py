"""Where the time of one HTTP exchange went: dns, connect, tls, first_byte, transfer."""

from collections.abc import Mapping
from typing import Final

from opsconsole.clock import Clock

_EVENTS: Final = {
    "connection.connect_tcp": "connect",
    "connection.start_tls": "tls",
}


class Phases:
    """Collects durations from the library's trace events (httpcore, "trace" extension)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._since = self._start
        self._seconds: dict[str, float] = {}
        self.name = "dns"
        """What is under way: the word for where a timeout struck."""
        self.is_fresh = False
        """True: a connection was opened for it, none was reused."""

    @property
    def took(self) -> float:
        """Seconds since the begin."""
        return self._clock.monotonic() - self._start

    def begin(self, name: str) -> None:
        """Start a phase."""
        self.name = name
        self._since = self._clock.monotonic()

    def end(self, name: str) -> None:
        """End a phase; the next one, if it is a silent one, begins here."""
        now = self._clock.monotonic()
        self._seconds[name] = now - self._since
        self._since = now
        self.name = "transfer" if name == "first_byte" else "first_byte"

    def seconds(self) -> Mapping[str, float]:
        """Durations of what happened, in order."""
        return dict(self._seconds)

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        """Take one event of the library."""
        step, _, moment = event.rpartition(".")
        phase = _EVENTS.get(step)
        if phase is None:
            return
        self.is_fresh = True
        if moment == "started":
            self.begin(phase)
        elif moment == "complete":
            self.end(phase)
