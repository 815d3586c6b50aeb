"""SSH connections whose packets leave together: what is said in one turn of the loop is sent at its end.

On a busy jump host a send is the dearest thing that a login does, and whoever is sent to wants the processor we
are on: so all that came is read and answered first. Written against the insides of asyncssh 2.24, as
`connection.FITS` has it.
"""

import asyncio

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import SSHPacketLogger


class Corked(asyncssh.SSHClientConnection):
    """A connection that says what it has to at the end of the loop's turn."""

    _corked: list[bytes] | None = None
    """What is to be sent; None: nothing yet."""
    _uncorking: asyncio.Handle | None = None

    def _send(self, data: bytes) -> None:
        if self._corked is None:
            self._corked = []
            self._uncorking = self._loop.call_soon(self.uncork)
        self._corked.append(data)

    def uncork(self) -> None:
        """Send what is to be sent, unless the way is closed: not every event loop takes that in silence."""
        corked, self._corked = self._corked, None
        if corked and self._transport is not None and not self._transport.is_closing():
            super()._send(b"".join(corked))

    def wait_a_turn(self) -> None:
        """Send it behind what the tasks that were made in this turn have to say."""
        if self._uncorking is not None:
            self._uncorking.cancel()
        self._uncorking = self._loop.call_soon(self.uncork)

    def _force_close(self, exc: Exception | None) -> None:
        self.uncork()  # the last word goes out before the way is closed
        super()._force_close(exc)

    def send_packet(
        self, pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None
    ) -> None:
        """Send a packet, but not the empty one before each: it helps CBC ciphers alone, and we offer none."""
        if pkttype != MSG_IGNORE:
            super().send_packet(pkttype, *args)

    def log_sent_packet(self, *_args: object, **_words: object) -> None:
        """Make no text of a packet."""

    def log_received_packet(self, *_args: object, **_words: object) -> None:
        """Make no text of a packet."""
