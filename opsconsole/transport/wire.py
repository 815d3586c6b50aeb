"""Open the way to an SSH server, and listen in until its greeting is over.

The library is handed our connection through its `tunnel` door; so the server's first bytes, which it would drop,
are kept, and names, addresses and socket options are ours.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

import asyncssh

from opsconsole.transport.faults import Phase, Trace
from opsconsole.transport.resolver import ADDRESSES_TRIED

_CONNECT_BUDGET: Final = 5.0


class Tee:
    """A protocol that passes everything on to another and shows the first bytes to a trace."""

    def __init__(self, inner: asyncssh.SSHClientConnection, trace: Trace) -> None:
        self.inner = inner
        self._trace = trace

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The way is open."""
        self._trace.phase = Phase.ACCEPTED
        self.inner.connection_made(transport)

    def session_started(self) -> None:
        """The way through a jump host is open."""
        self.inner.session_started()

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Bytes came."""
        self._trace.received(data)
        self.inner.data_received(data, datatype)

    def eof_received(self) -> None:
        """The far side will say no more."""
        self.inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The way is closed."""
        self.inner.connection_lost(error)

    def pause_writing(self) -> None:
        """Too much is on its way."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """There is room again."""
        self.inner.resume_writing()


Factory = Callable[[], asyncssh.SSHClientConnection]


class DirectWire:
    """A way over TCP to the first address that answers."""

    def __init__(self, addresses: Sequence[str], trace: Trace, *, user_timeout: float) -> None:
        self._addresses = addresses[:ADDRESSES_TRIED]
        self._trace = trace
        self._user_timeout = user_timeout
        self._way: asyncio.BaseTransport | None = None

    async def create_connection(
        self, factory: Factory, _host: str, port: int
    ) -> tuple[asyncio.BaseTransport, asyncssh.SSHClientConnection]:
        """Connect, as the library's tunnels do.

        Raises:
            OSError: No address answers; the last one's error.
        """
        sock = await self._first_answer(port)
        loop = asyncio.get_running_loop()
        tee: Tee
        self._way, tee = await loop.create_connection(  # type: ignore[type-var] # Tee is both kinds of protocol
            lambda: Tee(factory(), self._trace), sock=sock
        )
        return self._way, tee.inner

    def pass_on(self, connection: asyncssh.SSHClientConnection) -> None:
        """Let the connection hear by itself: the greeting is over, and so is listening in."""
        if self._way is not None:
            self._way.set_protocol(connection)

    async def _first_answer(self, port: int) -> socket.socket:
        self._trace.phase = Phase.CONNECTING
        last: OSError = OSError("no address")
        for address in self._addresses:
            try:
                async with asyncio.timeout(_CONNECT_BUDGET / len(self._addresses)):
                    return await open_socket(address, port, user_timeout=self._user_timeout)
            except OSError as error:
                last = error
        raise last


class TunnelWire:
    """A way through a jump host that we are logged in to."""

    def __init__(self, jump: asyncssh.SSHClientConnection, trace: Trace) -> None:
        self._jump = jump
        self._trace = trace

    async def create_connection(
        self, factory: Factory, host: str, port: int
    ) -> tuple[object, asyncssh.SSHClientConnection]:
        """Ask the jump host to connect.

        Raises:
            asyncssh.ChannelOpenError: It cannot, or will not.
        """
        self._trace.phase = Phase.CONNECTING
        channel, tee = await self._jump.create_connection(
            lambda: Tee(factory(), self._trace),  # type: ignore[arg-type,return-value] # duck-typed session
            host,
            port,
        )
        return channel, tee.inner  # type: ignore[attr-defined] # the Tee made above

    def pass_on(self, connection: asyncssh.SSHClientConnection) -> None:
        """Leave it as it is: a channel keeps whom it tells."""


async def open_socket(address: str, port: int, *, user_timeout: float = 0.0) -> socket.socket:
    """Connect to an address; the kernel gives up on unacknowledged data after `user_timeout` seconds.

    Raises:
        OSError: It did not connect.
    """
    version = ipaddress.ip_address(address.partition("%")[0]).version
    sock = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    is_connected = False
    try:
        sock.setblocking(False)  # noqa: FBT003 # the standard library's own signature
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if option is not None and user_timeout:
            sock.setsockopt(socket.IPPROTO_TCP, option, int(user_timeout * 1000))
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
        is_connected = True
    finally:
        if not is_connected:
            sock.close()
    return sock
