"""An SSH connection without what its library does for others: few words, few packets, no text made of them.

Written against the insides of asyncssh 2.24 (`FITS`). Of any other version the public `connect` is used: the same
logins for twice the packets.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import asyncssh
from asyncssh.logging import SSHLogger

from opsconsole.transport.handshake import Handshake, Trusted
from opsconsole.transport.session import LeanChannel
from opsconsole.transport.wire import DirectWire, TunnelWire

FITS: Final = asyncssh.__version__.startswith("2.24.")
_GRID: Final = 1 / 15
"""Of the time between two keepalives: how much later one may be, so that a fleet's are thought of all at once."""


def time_to_ask(heard: float, interval: float) -> float:
    """Tell when to ask for a sign of life: not before a host was silent for `interval` seconds.

    It comes up to a fifteenth of that later, when it is another host's moment too: a timer that rings alone costs
    several times as much.
    """
    grid = interval * _GRID
    return math.ceil((heard + interval) / grid) * grid


class _Logger(SSHLogger):
    """The library's logger; it makes no text of what nobody listens to."""

    def log(self, level: int, msg: object, *args: object, **kwargs: object) -> None:
        """Log, where somebody listens."""
        if level >= logging.WARNING or self.isEnabledFor(level):
            super().log(level, msg, *args, **kwargs)


class Connection(Handshake):
    """One login.

    Args:
        loop: Where it lives.
        shared: Options of all logins alike.
        place: Address and port.
        trusted: The keys that the host may show.
        client: Is asked, and told.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        shared: asyncssh.SSHClientConnectionOptions,
        place: tuple[str, int],
        trusted: Trusted,
        client: asyncssh.SSHClient,
    ) -> None:
        self.logged_in: asyncio.Future[None] = loop.create_future()
        """Done at the login's end; raises what ended it."""
        self._heard = 0.0
        shared.waiter = self.logged_in
        super().__init__(loop, shared, wait="auth")
        self._host, self._port = place
        self._known_hosts = (*trusted, (), (), (), ())
        self._trusted = trusted
        self._protocol_factory = lambda: client
        self._logger = _Logger()
        self.set_extra_info(host=place[0], port=place[1])

    def settle(self) -> None:
        """Forget what only a login needs: some 4 KiB, for as long as the connection lives."""
        self._client_kexinit = self._server_kexinit = b""
        self._server_sig_algs = set()

    async def open_channel(self, session: asyncssh.SSHClientSession[bytes], packet: int) -> None:
        """Open a session channel, with packets of so many bytes at most; nothing runs there yet.

        Raises:
            asyncssh.ChannelOpenError: The host refuses, or is gone.
        """
        self._update_recv_pktlen(packet)
        window = self._options.window
        channel = LeanChannel(self, self._loop, "strict", None, "strict", window, packet)
        await channel.open(session)

    def _reset_keepalive_timer(self) -> None:
        """Note that the host was heard; a timer that would ring no later than a new one is left running."""
        timer, now = self._keepalive_timer, self._loop.time()
        if timer is None or timer.when() > now + self._keepalive_interval * (1 + _GRID):
            super()._reset_keepalive_timer()
        self._heard = now

    def _keepalive_timer_callback(self) -> None:
        """Ask whether the host is alive, unless it was heard meanwhile."""
        if self._heard + self._keepalive_interval <= self._loop.time():
            super()._keepalive_timer_callback()
        else:
            due = time_to_ask(self._heard, self._keepalive_interval)
            self._keepalive_timer = self._loop.call_at(due, self._keepalive_timer_callback)

    async def is_heard(self, within: float) -> bool:
        """Ask for a sign of life; whatever the host says within so many seconds is one."""
        heard = self._heard
        try:
            async with asyncio.timeout(within):
                await self._make_global_request(b"keepalive@openssh.com")
        except TimeoutError:
            return self._heard > heard
        return not self.is_closed()


async def connect(
    wire: DirectWire | TunnelWire,
    shared: asyncssh.SSHClientConnectionOptions,
    place: tuple[str, int],
    trusted: Trusted,
    client: asyncssh.SSHClient,
    *,
    lean: bool = FITS,
) -> asyncssh.SSHClientConnection:
    """Log in over a wire, `lean` or by the library's public way; bounded by the caller.

    Raises:
        OSError: The way did not open, or closed.
        ValueError: What came is not SSH.
        asyncssh.Error: The host was not accepted, or we were not.
    """
    if not lean:
        return await _connect_publicly(wire, shared, place, trusted, client)
    loop = asyncio.get_running_loop()
    _way, made = await wire.create_connection(
        lambda: Connection(loop, shared, place, trusted, client), *place
    )
    assert isinstance(made, Connection)
    async with AsyncExitStack() as held:
        held.push_async_callback(_hang_up, made)
        await made.logged_in
        held.pop_all()
    made.settle()
    wire.pass_on(made)
    return made


async def _hang_up(made: Connection) -> None:
    made.abort()
    await made.wait_closed()


async def _connect_publicly(
    wire: DirectWire | TunnelWire,
    shared: asyncssh.SSHClientConnectionOptions,
    place: tuple[str, int],
    trusted: Trusted,
    client: asyncssh.SSHClient,
) -> asyncssh.SSHClientConnection:
    factory: Callable[[], asyncssh.SSHClient] = lambda: client  # noqa: E731 # its type is checked
    return await asyncssh.connect(
        *place, tunnel=wire, options=shared, client_factory=factory, known_hosts=trusted
    )
