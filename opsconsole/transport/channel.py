"""One exec channel and its bounded reader: bytes, a cap, and an end that is seen or is not."""

import asyncio
from collections.abc import Callable
from typing import Final

import asyncssh
from asyncssh.constants import OPEN_REQUEST_SESSION_FAILED

from opsconsole.transport.base import OnOutput
from opsconsole.transport.bootstrap import BOOTSTRAP
from opsconsole.transport.connection import Connection
from opsconsole.transport.resident import Rounds, question
from opsconsole.transport.session import LeanChannel

QUIET: Final = 1.0
"""Seconds without output after the exit, when a child in the background holds the streams open."""
_PACKET: Final = 1 << 15


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

    async def open(self, connection: asyncssh.SSHClientConnection) -> None:
        """Open it. Where we can, nothing is asked to run there yet: `request` does that.

        Raises:
            asyncssh.ChannelOpenError: The host refuses.
            OSError, asyncssh.DisconnectError: The connection was lost.
        """
        if isinstance(connection, Connection):
            await connection.open_channel(self, _PACKET)
        else:
            await connection.create_session(
                lambda: self, command=BOOTSTRAP, encoding=None, max_pktsize=_PACKET
            )

    async def request(self, data: bytes = b"") -> None:
        """Have BOOTSTRAP run, and wait until the host has agreed.

        `data`, what it reads, is sent with the request, before the host has agreed: nothing may change by it.

        Raises:
            asyncssh.ChannelOpenError: The host refuses.
        """
        if not isinstance(self._chan, LeanChannel):
            if data:
                self.write(data, eof=False)
            return
        agreed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._chan.request_exec(
            BOOTSTRAP, lambda yes: None if agreed.done() else agreed.set_result(yes)
        )
        if data:
            self._chan.write(data)
        if not await agreed:
            self.hang_up()
            raise asyncssh.ChannelOpenError(OPEN_REQUEST_SESSION_FAILED, "Session request failed")

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
    """A channel whose output is kept up to a cap, behind the bootstrap's start marker."""

    def __init__(
        self,
        on_closed: Callable[[Channel], None],
        *,
        marker: bytes,
        cap: int,
        on_output: OnOutput | None,
    ) -> None:
        super().__init__(on_closed)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it is closed, flooded, refused, or has exited and fallen quiet."""
        self._timer: asyncio.TimerHandle | None = None
        self._data = b""
        self.is_agreed = False
        """True once the host lets BOOTSTRAP run; nothing of the command leaves before."""
        self.is_refused = False
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
        if self.has_ended or self.is_flooded:
            self._changed()

    def begin(self, data: bytes, within: float) -> None:
        """Have BOOTSTRAP run, and as soon as the host has agreed send it these bytes, then end of file.

        A host that does not answer that within so many seconds is waited for no longer.

        Raises:
            OSError: The channel is closed; nothing was sent.
        """
        if not isinstance(self._chan, LeanChannel):
            self.is_agreed = True
            self.write(data, eof=True)
            return
        if self.is_closed:
            raise BrokenPipeError("channel is closed")
        self._data = data
        self._timer = asyncio.get_running_loop().call_later(within, self._finish)
        self._chan.request_exec(BOOTSTRAP, self._answered)

    def _answered(self, is_agreed: bool) -> None:  # a reply is yes or no
        data, self._data = self._data, b""
        if self.is_given_up or self.is_closed or self.over.done():
            return
        self._stop_timer()
        if is_agreed:
            self.is_agreed = True
            self.write(data, eof=True)
        else:
            self.is_refused = True
            self._finish()

    def hang_up(self) -> None:
        """Close our side, and wait for nothing more."""
        self._stop_timer()
        super().hang_up()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self) -> None:
        if self.is_closed or self.is_flooded:
            self._finish()
        elif self.has_ended:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(QUIET, self._finish)

    def _finish(self) -> None:
        self._stop_timer()
        if not self.over.done():
            self.over.set_result(None)

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
    """A channel that a resident loop lives on.

    Args:
        on_closed: Told when the channel is closed on both sides.
        begin: The loop's first words, which belong to no answer.
        script: The line that BOOTSTRAP runs.
        nonce: The first round's; it is asked for in the same packet.
        cap: Bytes of its answer.
    """

    def __init__(
        self,
        on_closed: Callable[[Channel], None],
        begin: bytes,
        script: bytes,
        nonce: str,
        cap: int,
    ) -> None:
        super().__init__(on_closed)
        self.rounds = Rounds(self.hang_up, begin)
        self._script = script
        self._first = (nonce, cap)
        self._answer: asyncio.Future[bytes] | None = None

    async def request(self, data: bytes = b"") -> None:
        """Have the loop run, and ask for its first round.

        Raises:
            asyncssh.ChannelOpenError: The host refuses.
        """
        script, self._script = self._script, b""
        nonce, cap = self._first
        self._answer = self.rounds.expect(nonce, cap)
        await super().request(data + script + question(nonce))

    def ask(self, nonce: str, cap: int) -> asyncio.Future[bytes]:
        """Ask for a round, if it is not the first, which was asked for already; see `Rounds.expect`.

        Raises:
            OSError: The channel is closed; nothing was sent.
        """
        if self._answer is not None and self._first[0] == nonce:
            first, self._answer = self._answer, None
            return first
        answer = self.rounds.expect(nonce, cap)
        self.write(question(nonce), eof=False)
        if isinstance(self._chan, LeanChannel):
            self._chan.send_at_once()
        return answer

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Pass stdout on; what it says on stderr is nobody's."""
        if datatype is None:
            self.rounds.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop is over."""
        self.rounds.ended()
        super().connection_lost(exc)
