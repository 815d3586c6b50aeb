"""A session channel without what its library does for others: no text made of packets, no task to begin to read.

It rests on the insides of asyncssh 2.24, as `connection.Connection` does, which opens it.
"""

from collections.abc import Callable
from typing import cast

import asyncssh
from asyncssh.constants import MSG_CHANNEL_CLOSE
from asyncssh.packet import SSHPacket, String

from opsconsole.transport.corked import Corked


class _Reply:
    """Stands where the library keeps a future for a request's reply: nobody has to be woken up for it."""

    def __init__(self, told: Callable[[bool], None]) -> None:
        self.set_result = told

    def cancelled(self) -> bool:
        """It cannot be."""
        return False

    def set_exception(self, _error: BaseException) -> None:
        """The connection went before there was one."""
        self.set_result(False)  # a reply is yes or no


class LeanChannel(asyncssh.SSHClientChannel[bytes]):
    """A session channel: opened first, and told what to run by whoever opened it."""

    async def open(self, session: asyncssh.SSHClientSession[bytes]) -> None:
        """Open it; nothing runs there yet.

        Raises:
            asyncssh.ChannelOpenError: The host refuses, or is gone.
        """
        packet = await self._open(b"session")
        packet.check_end()
        self._session = session
        self._recv_paused = False
        session.connection_made(self)

    def send_at_once(self) -> None:
        """Send what was written: the loop may be about to stand still, and whoever asked counts the seconds."""
        cast(Corked, self._conn).uncork()  # we are opened by our own connections alone

    def request_exec(self, command: str, told: Callable[[bool], None]) -> None:
        """Ask for a command; `told` hears whether the host agrees."""
        self._request_waiters.append(_Reply(told))  # type: ignore[arg-type] # all that is used of a future
        self._send_request(b"exec", String(command), want_reply=True)

    def log_received_packet(self, *_args: object, **_words: object) -> None:
        """Make no text of a packet."""

    def _process_end(self, _kind: int, _number: int, packet: SSHPacket) -> None:
        """The far side closes: so do we, in this same turn of the loop."""
        if self._recv_state not in {"open", "eof_pending", "eof"}:
            raise asyncssh.ProtocolError("Channel not open")
        packet.check_end()
        self._close_send()
        self._recv_state = "closed"
        self._cleanup()

    _packet_handlers = {  # noqa: RUF012 # the library's own table with one row of ours
        **asyncssh.SSHClientChannel._packet_handlers,  # noqa: SLF001
        MSG_CHANNEL_CLOSE: _process_end,
    }
