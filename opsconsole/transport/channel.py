"""One exec channel and its bounded reader: bytes, a cap, and an end that is seen or is not."""

import asyncio
from collections.abc import Callable

import asyncssh

from opsconsole.transport.base import OnOutput
from opsconsole.transport.resident import Rounds


class Channel(asyncssh.SSHClientSession[bytes]):
    """What one channel said and how it ended."""

    def __init__(self, on_closed: Callable[["Channel"], None]) -> None:
        self._on_closed = on_closed
        self._chan: asyncssh.SSHClientChannel[bytes] | None = None
        self.status: int | None = None
        self.signal = ""
        self.is_granted = False
        self.is_closed = False
        self.is_given_up = False
        """True: we hung up without having seen the end; the host may hold its session slot still."""

    @property
    def has_ended(self) -> bool:
        """Tell whether the command's end was seen."""
        return self.status is not None or bool(self.signal)

    def _changed(self) -> None:
        """Called when something about the channel changed."""

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self._chan = chan

    def exit_status_received(self, status: int) -> None:
        """The command exited."""
        self.status = status
        self._changed()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """The command was killed by a signal."""
        self.signal = signal
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed: output is complete, or the connection is gone."""
        self.is_closed = True
        self._changed()
        self._on_closed(self)

    def write(self, data: bytes, *, eof: bool) -> None:
        """Send bytes.

        Raises:
            OSError: The channel is closed; nothing was sent.
        """
        if self._chan is None or self.is_closed:
            raise BrokenPipeError("channel is closed")
        self._chan.write(data)
        if eof:
            self._chan.write_eof()

    def finish(self) -> None:
        """Send end of file, on which a well-behaved far end goes by itself."""
        if self._chan is not None and not self.is_closed:
            self._chan.write_eof()

    def hang_up(self) -> None:
        """Close our side; whatever runs there is not ended by that."""
        if self._chan is not None and not self.is_closed:
            self.is_given_up = not self.has_ended
            self._chan.abort()


class Reader(Channel):
    """A channel whose output is kept up to a cap, behind the bootstrap's start marker.

    `progress` rings whenever something about it changed.
    """

    def __init__(
        self,
        on_closed: Callable[[Channel], None],
        *,
        marker: bytes,
        cap: int,
        on_output: OnOutput | None,
    ) -> None:
        super().__init__(on_closed)
        self.progress = asyncio.Event()
        self._marker = marker
        self._cap = cap
        self._on_output = on_output
        self._before = bytearray()
        self._kept: dict[str, list[bytes]] = {"out": [], "err": []}
        self._left = cap
        self.has_started = False
        """True once the marker came: the shell obeys us."""
        self.is_flooded = False

    @property
    def stdout(self) -> bytes:
        """What came behind the marker."""
        return b"".join(self._kept["out"])

    @property
    def stderr(self) -> bytes:
        """What came on the other stream, the login shell's own words included."""
        return b"".join(self._kept["err"])

    @property
    def before(self) -> bytes:
        """What the login shell said before our command; all of its output when the command never started."""
        return bytes(self._before)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Keep a chunk, or hang up when there is too much."""
        if self.is_flooded:
            return
        if datatype is None and not self.has_started:
            data = self._skip_to_marker(data)
        if data:
            self._keep("out" if datatype is None else "err", data)
        self._changed()

    def _changed(self) -> None:
        self.progress.set()

    def _skip_to_marker(self, data: bytes) -> bytes:
        self._before += data
        place = self._before.find(self._marker)
        if place < 0:
            self._flood_if(len(self._before) > self._cap)
            return b""
        self.has_started = True
        behind = bytes(self._before[place + len(self._marker) :])
        del self._before[place:]
        return behind

    def _keep(self, stream: str, data: bytes) -> None:
        kept = data[: self._left]
        self._left -= len(kept)
        if kept:
            self._kept[stream].append(kept)
            if self._on_output is not None:
                self._on_output(stream, kept)
        self._flood_if(len(kept) < len(data))

    def _flood_if(self, is_over: bool) -> None:
        if is_over:
            self.is_flooded = True
            self.hang_up()


class Loop(Channel):
    """A channel that a resident loop lives on."""

    def __init__(self, on_closed: Callable[[Channel], None], begin: bytes) -> None:
        super().__init__(on_closed)
        self.rounds = Rounds(self.hang_up, begin)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Pass stdout on; what it says on stderr is nobody's."""
        if datatype is None:
            self.rounds.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop is over."""
        self.rounds.ended()
        super().connection_lost(exc)
