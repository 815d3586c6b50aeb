"""An SSH connection without what its library does for others: no empty packets, no question asked twice.

Written against the insides of asyncssh 2.24 (`FITS`). Of any other version the public `connect` is used: the same
logins for twice the packets.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.logging import SSHLogger
from asyncssh.packet import Boolean, SSHPacketLogger
from asyncssh.public_key import SigningKey

from opsconsole.transport.session import LeanChannel
from opsconsole.transport.wire import DirectWire, TunnelWire

FITS: Final = asyncssh.__version__.startswith("2.24.")
Trusted = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
"""Host keys, authorities and revoked keys."""

_NONE: Final = [b"none"]
_PUBLIC_KEY: Final = b"publickey"
_PROBE: Final = Boolean(False)  # noqa: FBT003 # the protocol's flag: no signature follows
_SIGNED: Final = Boolean(True)  # noqa: FBT003
_LOCAL: Final = "local"
"""How the library calls a key that we hold ourselves."""


class _Logger(SSHLogger):
    """The library's logger; it makes no text of what nobody listens to."""

    def log(self, level: int, msg: object, *args: object, **kwargs: object) -> None:
        """Log, where somebody listens."""
        if level >= logging.WARNING or self.isEnabledFor(level):
            super().log(level, msg, *args, **kwargs)


class Connection(asyncssh.SSHClientConnection):
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
        self._offered: asyncssh.SSHKeyPair | None = None
        self._heard = 0.0
        self._corked: list[bytes] | None = None
        """What is to be sent when all that came is read; None: whatever is sent goes at once."""
        shared.waiter = self.logged_in
        super().__init__(loop, shared, wait="auth")
        self._host, self._port = place
        self._known_hosts = (*trusted, (), (), (), ())
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

    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        """Read what came; what it has us send goes out together."""
        with self.together():
            super().data_received(data, datatype)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send at its end what is sent within; not to be waited in."""
        if self._corked is not None:
            yield
            return
        self._corked = []
        try:
            yield
        finally:
            self._uncork()

    def _uncork(self) -> None:
        corked, self._corked = self._corked, None
        if corked:
            self._send(b"".join(corked))

    def _send(self, data: bytes) -> None:
        if self._corked is None:
            super()._send(data)
        else:
            self._corked.append(data)

    def _force_close(self, exc: Exception | None) -> None:
        self._uncork()  # the last word goes out before the way is closed
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

    def _reset_keepalive_timer(self) -> None:
        """Note that the host was heard; a timer that would ring no later than a new one is left running."""
        timer, now = self._keepalive_timer, self._loop.time()
        if timer is None or timer.when() > now + self._keepalive_interval:
            super()._reset_keepalive_timer()
        self._heard = now

    def _keepalive_timer_callback(self) -> None:
        """Ask whether the host is alive, unless it was heard meanwhile."""
        left = self._heard + self._keepalive_interval - self._loop.time()
        if left <= 0:
            super()._keepalive_timer_callback()
        else:
            self._keepalive_timer = self._loop.call_later(left, self._keepalive_timer_callback)

    async def is_heard(self, within: float) -> bool:
        """Ask for a sign of life; whatever the host says within so many seconds is one."""
        heard = self._heard
        try:
            async with asyncio.timeout(within):
                await self._make_global_request(b"keepalive@openssh.com")
        except TimeoutError:
            return self._heard > heard
        return not self.is_closed()

    def try_next_auth(self, *, next_method: bool = False) -> None:
        """Begin with our keys; the library would first ask to be let in without any."""
        if self._auth_methods == _NONE:
            self._auth_methods = [_PUBLIC_KEY]
        super().try_next_auth(next_method=next_method)

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        """Give the key to offer next."""
        self._offered = await super().public_key_auth_requested()
        return self._offered

    async def send_userauth_request(
        self,
        method: bytes,
        *args: bytes,
        key: SigningKey | None = None,
        trivial: bool = True,
    ) -> None:
        """Ask to be let in; with a key of our own signed at once.

        Only for a key that an agent holds it is asked first whether it would do: a person may have to confirm it.
        """
        pair = self._offered
        if method != _PUBLIC_KEY or pair is None or not _is_ours(pair) or args[0] != _PROBE:
            await super().send_userauth_request(method, *args, key=key, trivial=trivial)
            return
        try:
            await super().send_userauth_request(method, _SIGNED, *args[1:], key=pair, trivial=False)
        except ValueError:  # it cannot sign
            self.try_next_auth()


def _is_ours(pair: asyncssh.SSHKeyPair) -> bool:
    return pair.get_key_type() == _LOCAL


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
    try:
        await made.logged_in
    except BaseException:
        made.abort()
        await made.wait_closed()
        raise
    made.settle()
    return made


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
