"""A login in as few words as the protocol allows: nothing is waited for that need not be, nothing asked twice.

- The algorithms are offered with the greeting; RFC 4253, 4.2: the key exchange begins right behind it.
- A server that tells its extensions (RFC 8308) is asked for the service and shown the key in one go: it reads what
  comes in order. That is a round trip less, over a slow link a tenth of a login.
- A key that is on file is the one that was read from there: it is not made of its bytes again.
"""

import socket
from contextlib import suppress
from typing import Final

import asyncssh
from asyncssh.constants import MSG_GLOBAL_REQUEST, MSG_SERVICE_ACCEPT
from asyncssh.packet import Boolean, SSHPacket
from asyncssh.public_key import SigningKey

from opsconsole.transport.corked import Corked

Trusted = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
"""Host keys, authorities and revoked keys."""

_NONE: Final = [b"none"]
_PUBLIC_KEY: Final = b"publickey"
_PROBE: Final = Boolean(False)  # noqa: FBT003 # the protocol's flag: no signature follows
_SIGNED: Final = Boolean(True)  # noqa: FBT003
_LOCAL: Final = "local"
"""How the library calls a key that we hold ourselves."""
_OTHER_KEYS: Final = b"hostkeys-00@openssh.com"
_QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


class Handshake(Corked):
    """A connection that logs in by public key."""

    _offered: asyncssh.SSHKeyPair | None = None
    _trusted: Trusted = ([], [], [])
    _is_ahead = False
    """We began to log in before the service was granted."""

    def _send_version(self) -> None:
        super()._send_version()
        self._send_kexinit()
        self._kexinit_sent = True

    def _send_kexinit(self) -> None:
        if not self._kexinit_sent:  # the library would, once it is greeted
            super()._send_kexinit()

    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        """Read what came; begin to log in, if we know enough of the server by then."""
        super().data_received(data, datatype)  # raises nothing: what goes wrong ends the connection
        if self._next_service and self._server_sig_algs and not self._auth_in_progress:
            self._is_ahead = self._auth_in_progress = True
            self._begin()
            self.wait_a_turn()
            self._loop.call_soon(self._hear_at_once)

    def _hear_at_once(self) -> None:
        """Have the kernel acknowledge at once what comes next.

        The server answers twice, and by Nagle's rule holds the second answer until we acknowledge the first; ours
        would come 40 ms late, with something to say (tcp(7)).
        """
        sock = self.get_extra_info("socket")  # a way through a jump host has none
        if sock is not None and _QUICK is not None:
            with suppress(OSError):  # it may be closed by now
                sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    def _begin(self) -> None:
        if self._owner is not None:
            self._owner.begin_auth(self._username)
            self.try_next_auth()

    def validate_server_host_key(self, key_data: bytes) -> asyncssh.SSHKey:
        """Find the key that the host shows among those on file.

        Raises:
            asyncssh.HostKeyNotVerifiable: It is not, or it is revoked.
        """
        keys, _authorities, revoked = self._trusted
        for key in () if revoked else keys:
            if key.public_data == key_data:
                self._server_host_key = key
                return key
        return super().validate_server_host_key(key_data)

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

    def _process_granted(self, kind: int, number: int, packet: SSHPacket) -> None:
        """The service is granted; where we went ahead, that is all there is to it."""
        if not self._is_ahead:
            self._process_service_accept(kind, number, packet)
            return
        self._is_ahead = False
        service = packet.get_string()
        packet.check_end()
        if service != self._next_service:
            raise asyncssh.ServiceNotAvailable("Unexpected service in service accept")
        self._next_service = None

    def _process_told(self, kind: int, number: int, packet: SSHPacket) -> None:
        """The host asks for something of the whole connection; that it has other keys too is nobody's here."""
        if not packet.get_remaining_payload()[4:].startswith(_OTHER_KEYS):
            self._process_global_request(kind, number, packet)

    _packet_handlers = {  # noqa: RUF012 # the library's own table with two rows of ours
        **asyncssh.SSHClientConnection._packet_handlers,  # noqa: SLF001
        MSG_SERVICE_ACCEPT: _process_granted,
        MSG_GLOBAL_REQUEST: _process_told,
    }


def _is_ours(pair: asyncssh.SSHKeyPair) -> bool:
    return pair.get_key_type() == _LOCAL
