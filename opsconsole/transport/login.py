"""Log in to one host, once: strict host keys, named keys, one time limit, and a named reason for every failure."""

import asyncio
import logging
import os
import pwd
from collections.abc import Callable
from functools import cache
from typing import Final

import asyncssh

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport import faults
from opsconsole.transport.connection import FITS, connect
from opsconsole.transport.faults import Phase, Trace
from opsconsole.transport.handshake import Trusted
from opsconsole.transport.keys import Identity, Keyring
from opsconsole.transport.known_hosts import KnownHosts, Match, describe, files_of
from opsconsole.transport.resolver import Resolver
from opsconsole.transport.wire import DirectWire, TunnelWire

_KEEPALIVES: Final = 3
_SHARE: Final = 0.95
"""Of the budget, so that whoever waits just as long hears what went wrong."""
_WINDOW: Final = 1 << 20
_CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
"""AES-GCM first: a poll costs a third of what it does with ChaCha20; nothing of OpenSSH's defaults is left out."""
_KEY_ALGORITHMS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_CERTIFICATE_ALGORITHMS: Final = tuple(
    f"{name.removesuffix('@openssh.com')}-cert-v01@openssh.com" for name in _KEY_ALGORITHMS
)


class _Client(asyncssh.SSHClient):
    """The library's questions during one login."""

    def __init__(
        self, trace: Trace, identity: Identity | None, on_lost: Callable[[], None]
    ) -> None:
        self._trace = trace
        self._pairs = identity.pairs if identity else []
        self._on_lost = on_lost
        self.shown: asyncssh.SSHKey | None = None
        self.is_authority = False

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Refuse: a key that is not on file; remember it, to say which."""
        self.shown = key
        return False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Refuse: an authority that is not on file."""
        self.shown, self.is_authority = key, True
        return False

    def begin_auth(self, username: str) -> None:
        """Note that the host has proved itself."""
        self._trace.phase = Phase.LOGGING_IN

    def public_key_auth_requested(self) -> list[asyncssh.SSHKeyPair] | None:
        """Offer our keys, once."""
        pairs, self._pairs = self._pairs, []
        return pairs or None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the keeper."""
        self._on_lost()


class Dialler:
    """Logs in; what all logins share (names, known hosts, keys, options) is kept here."""

    def __init__(self, clock: Clock, keepalive: float, *, lean: bool = FITS) -> None:
        asyncssh.set_log_level(logging.WARNING)  # it tells every channel at INFO
        self.keepalive = keepalive
        self._lean = lean
        self.resolver = Resolver(clock)
        self.known = KnownHosts()
        self.keyring = Keyring()
        self._options: dict[tuple[str, ...], asyncssh.SSHClientConnectionOptions] = {}

    async def login(
        self,
        host: Host,
        trace: Trace,
        *,
        agent: str | None,
        via: tuple[str, asyncssh.SSHClientConnection] | None,
        on_lost: Callable[[], None],
    ) -> asyncssh.SSHClientConnection:
        """Log in within the trace's budget.

        Args:
            host: Who.
            trace: Told how far it got.
            agent: Path of an agent's socket.
            via: The last jump host's name and connection.
            on_lost: Called when the connection ends.

        Raises:
            TransportError: Not logged in, and why.
        """
        identity: Identity | None = None
        try:
            async with asyncio.timeout(trace.budget * _SHARE):
                identity = await self.keyring.identity(host.name, host.identity, agent)
                trace.uses_agent = identity.agent is not None
                client = _Client(trace, identity, on_lost)
                return await self._connect(host, trace, client, via)
        except TimeoutError as error:
            raise faults.of_timeout(trace) from error
        finally:
            if identity is not None:
                identity.close()

    async def scan(
        self, host: Host, trace: Trace, via: tuple[str, asyncssh.SSHClientConnection] | None
    ) -> HostKey:
        """Fetch the host's key; no login is attempted.

        Raises:
            TransportError: It showed none, and why.
        """
        client = _Client(trace, None, lambda: None)
        try:
            async with asyncio.timeout(trace.budget):
                await self._connect(host, trace, client, via, scan=True)
        except TimeoutError as error:
            raise faults.of_timeout(trace) from error
        except TransportError:
            if client.shown is None:
                raise
        if client.shown is None:
            raise trace.fault(Reach.NOT_SSH, "it showed no key")
        return await asyncio.to_thread(self._describe, host, client.shown)

    async def _connect(
        self,
        host: Host,
        trace: Trace,
        client: _Client,
        via: tuple[str, asyncssh.SSHClientConnection] | None,
        *,
        scan: bool = False,
    ) -> asyncssh.SSHClientConnection:
        wire = await self._wire(host, trace, via)
        match = self.known.match_at_once(files_of(host), *_place(host))
        if match is None:
            match = await asyncio.to_thread(self._match, host)
        try:
            connection = await connect(
                wire,
                self._options_for(host, match),
                (host.address, host.port),
                _trusted(Match() if scan else match),
                client,
                lean=self._lean,
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise self._bad_key(host, trace, client, match, error) from error
        except asyncssh.DisconnectError as error:
            raise faults.of_disconnect(trace, error) from error
        except asyncssh.ChannelOpenError as error:
            raise faults.of_tunnel(trace, via[0] if via else "", error) from error
        except OSError as error:
            if trace.phase <= Phase.CONNECTING:
                self.resolver.forget(host.address)
            raise faults.of_os_error(trace, error) from error
        except (ValueError, asyncssh.Error) as error:
            said = clean(str(error), LABEL_LIMIT)
            raise trace.fault(Reach.NOT_SSH, f"its SSH cannot be understood: {said}") from error
        trace.phase = Phase.IN
        trace.first = b""
        return connection

    async def _wire(
        self, host: Host, trace: Trace, via: tuple[str, asyncssh.SSHClientConnection] | None
    ) -> DirectWire | TunnelWire:
        if via is not None:
            return TunnelWire(via[1], trace)
        trace.phase = Phase.RESOLVING
        try:
            addresses = await self.resolver.resolve(host.address)
        except TransportError as error:
            raise trace.fault(Reach(error.reach), error.reason) from error
        patience = self.keepalive * (_KEEPALIVES + 1)
        return DirectWire(addresses, trace, user_timeout=patience)

    def _match(self, host: Host) -> Match:
        return self.known.match(files_of(host), *_place(host))

    def _options_for(self, host: Host, match: Match) -> asyncssh.SSHClientConnectionOptions:
        """Share one options object among all hosts with the same settings."""
        user = host.user or _own_account()
        algorithms = _algorithms(match)
        key = (user, host.key_alias or "", *algorithms)
        if key not in self._options:
            self._options[key] = asyncssh.SSHClientConnectionOptions(
                config=None,
                username=user,
                host_key_alias=host.key_alias,
                server_host_key_algs=list(algorithms),
                encryption_algs=list(_CIPHERS),
                compression_algs=["none"],
                client_keys=None,
                preferred_auth=("publickey",),
                gss_host=None,
                x509_trusted_certs=None,
                known_hosts=_trusted(Match()),
                request_pty=False,
                encoding=None,
                window=_WINDOW,
                login_timeout=0,  # whoever logs in has a budget
                keepalive_interval=self.keepalive,
                keepalive_count_max=_KEEPALIVES,
            )
        return self._options[key]

    def _describe(self, host: Host, key: asyncssh.SSHKey) -> HostKey:
        verdict = self._match(host).verdict(key)
        return describe(key, host.name, *_place(host), verdict)

    def _bad_key(
        self,
        host: Host,
        trace: Trace,
        client: _Client,
        match: Match,
        error: asyncssh.HostKeyNotVerifiable,
    ) -> TransportError:
        said = clean(error.reason, LABEL_LIMIT)
        if "revoked" in said:
            return trace.fault(Reach.KEY_REVOKED, f"its key is revoked in known hosts: {said}")
        if client.shown is None:
            return trace.fault(Reach.KEY_UNKNOWN, f"its host certificate is not valid: {said}")
        shown = client.shown
        kind = shown.get_algorithm()
        text = f"{kind} {shown.get_fingerprint('sha256')}"
        if client.is_authority:
            return trace.fault(Reach.KEY_UNKNOWN, f"its certificate is by an unknown CA {text}")
        if match.keys:
            return trace.fault(
                Reach.KEY_CHANGED,
                f"host key CHANGED, now {text}; if that is right: opsconsole trust --replace {host.name}",
            )
        return trace.fault(
            Reach.KEY_UNKNOWN, f"unknown host key {text}; to trust it: opsconsole trust {host.name}"
        )


@cache
def _own_account() -> str:
    """Name the account we run as; asked once, because a directory far away may be what answers."""
    return pwd.getpwuid(os.getuid()).pw_name


def _algorithms(match: Match) -> tuple[str, ...]:
    """Order host key algorithms: certificates where an authority is on file, then types on file, then all others.

    Types that are not on file stay in, so that a host that shows one is seen to have changed, not to be deaf.
    """
    on_file = {key.get_algorithm() for key in match.keys}
    first = tuple(name for name in _KEY_ALGORITHMS if _type_of(name) in on_file)
    rest = tuple(name for name in _KEY_ALGORITHMS if name not in first)
    return (_CERTIFICATE_ALGORITHMS if match.authorities else ()) + first + rest


def _place(host: Host) -> tuple[str, int]:
    """The name and port to look a host's key up by; an alias has no port, as in OpenSSH."""
    return (host.key_alias, 22) if host.key_alias else (host.address, host.port)


def _type_of(algorithm: str) -> str:
    return "ssh-rsa" if algorithm.startswith("rsa-") else algorithm


def _trusted(match: Match) -> Trusted:
    return (list(match.keys), list(match.authorities), list(match.revoked))
