"""Where the time of one HTTP exchange went: dns, connect, tls, first_byte, transfer."""

from collections.abc import Mapping
from typing import Final, Protocol, runtime_checkable

from opsconsole.clock import Clock

_EVENTS: Final = {
    "connection.connect_tcp": "connect",
    "connection.start_tls": "tls",
}

_NEXT: Final = {"dns": "pool", "first_byte": "transfer"}
"""What is under way behind a phase; `pool` is the wait for a connection of ours."""


@runtime_checkable
class _Stream(Protocol):
    async def aclose(self) -> None: ...


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
        self._plain: _Stream | None = None

    @property
    def took(self) -> float:
        """Seconds since the begin."""
        return self._clock.monotonic() - self._start

    @property
    def is_sending(self) -> bool:
        """Tell whether something of the request may have left."""
        return self.name in ("first_byte", "transfer")

    def begin(self, name: str) -> None:
        """Start a phase."""
        self.name = name
        self._since = self._clock.monotonic()

    def end(self, name: str) -> None:
        """End a phase; the next one, if it is a silent one, begins here."""
        now = self._clock.monotonic()
        self._seconds[name] = now - self._since
        self._since = now
        self.name = _NEXT.get(name, "first_byte")

    def seconds(self) -> Mapping[str, float]:
        """Durations of what happened, in order."""
        return dict(self._seconds)

    async def close_half_open(self) -> None:
        """Close a connection whose TLS handshake was cut short: the library lets go of it without closing."""
        if self.name == "tls" and self._plain is not None:
            await self._plain.aclose()

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Take one event of the library."""
        step, _, moment = event.rpartition(".")
        if self.name == "pool":
            self.name = "first_byte"
        phase = _EVENTS.get(step)
        if phase is None:
            return
        self.is_fresh = True
        if moment == "started":
            self.begin(phase)
        elif moment == "complete":
            self.end(phase)
            stream = info.get("return_value")
            self._plain = stream if isinstance(stream, _Stream) else None
