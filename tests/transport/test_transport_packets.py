"""What a login and a poll say to a host, counted on the way to a real sshd and in its own log."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opsconsole.clock import SystemClock
from opsconsole.collect.scripts import script
from opsconsole.model.inventory import Host, Settings
from opsconsole.transport.base import Command
from opsconsole.transport.connection import FITS
from opsconsole.transport.login import Dialler
from opsconsole.transport.pace import Handshakes
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

pytestmark = pytest.mark.real
LOUD = {"LogLevel": "DEBUG3"}
NEWKEYS = 21
TAG = 16


class Counted:
    """The packets of one direction: AES-GCM leaves their lengths to be read (RFC 5647, as OpenSSH has it)."""

    def __init__(self) -> None:
        self.count = 0
        self.sends: list[int] = []
        """How many packets ended with the bytes of each send."""
        self._rest = b""
        self._greeted = False
        self._tag = 0

    def feed(self, data: bytes) -> None:
        """Count the packets that end in these bytes."""
        before = self.count
        self._take(data)
        self.sends.append(self.count - before)

    def _take(self, data: bytes) -> None:
        self._rest += data
        if not self._greeted:
            greeting, end, self._rest = self._rest.partition(b"\n")
            self._greeted = bool(end)
            self._rest = self._rest if end else greeting
        while self._greeted and len(self._rest) >= 6:
            whole = 4 + int.from_bytes(self._rest[:4], "big") + self._tag
            if len(self._rest) < whole:
                return
            if not self._tag and self._rest[5] == NEWKEYS:
                self._tag = TAG
            self._rest = self._rest[whole:]
            self.count += 1


class Relay:
    """Stands before a server and counts."""

    def __init__(self, server: RealSshd) -> None:
        self.there, self.back = Counted(), Counted()
        self._server = server
        self._ways: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; give the port."""
        self._door = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return int(self._door.sockets[0].getsockname()[1])

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await asyncio.open_connection("127.0.0.1", self._server.port)
        ways = ((reader, far[1], self.there), (far[0], writer, self.back))
        self._ways |= {asyncio.create_task(_pass_on(*way)) for way in ways}

    async def close(self) -> None:
        """Hang up."""
        self._door.close()
        await asyncio.gather(*self._ways)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: Counted
) -> None:
    while data := await reader.read(1 << 16):
        counted.feed(data)
        writer.write(data)
    writer.close()


@pytest.fixture
async def relay(make_sshd: MakeSshd) -> AsyncIterator[tuple[Relay, Host]]:
    """A relay and the host behind it."""
    server = make_sshd()
    way = Relay(server)
    port = await way.start()
    server.write_known_hosts(server.known_line(pattern=f"[127.0.0.1]:{port}"))
    yield way, host_of(server, port=port)
    await way.close()


async def ask(transport: SshTransport, host: Host) -> bytes:
    """Poll a host's fast tier once."""
    return await transport.ask(host, script("fast"), {}, timeout=8, max_output=1 << 17)


async def test_a_poll_is_one_packet_there_and_one_back(
    relay: tuple[Relay, Host], make_transport: MakeTransport
) -> None:
    way, host = relay
    transport = make_transport(host)
    await ask(transport, host)
    before = way.there.count, way.back.count

    for _ in range(5):
        assert b" end\n" in await ask(transport, host)

    assert (way.there.count - before[0], way.back.count - before[1]) == (5, 5)
    await transport.close()


async def test_a_login_and_its_first_poll_are_eight_packets(
    relay: tuple[Relay, Host], make_transport: MakeTransport
) -> None:
    way, host = relay
    transport = make_transport(host)

    await ask(transport, host)

    # algorithms, key exchange, new keys, service, user; session, command, script and round
    assert way.there.count == 8
    # the greeting goes with the algorithms, and who we are with the new keys
    assert way.there.sends == [1, 1, 3, 1, 1, 1]
    await transport.close()


async def test_a_command_is_five_packets_there(
    relay: tuple[Relay, Host], make_transport: MakeTransport
) -> None:
    way, host = relay
    transport = make_transport(host)
    command = Command(argv=("cat", "/proc/loadavg"))
    assert (await transport.run(host, command)).status == 0
    before = way.there.count

    assert (await transport.run(host, command)).status == 0

    # session, request, line, end of file; and its close
    assert way.there.count - before == 5
    await transport.close()


async def test_a_login_with_a_key_of_our_own_asks_once_and_says_nothing_empty(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(options=LOUD)
    host = host_of(server)

    await ask(make_transport(host), host)

    assert server.log_count("receive packet: type 50") == 1  # USERAUTH_REQUEST
    assert server.log_count("receive packet: type 90") == 1  # CHANNEL_OPEN
    assert server.log_count("SSH2_MSG_IGNORE") == 0


@pytest.mark.parametrize(
    "lean", [pytest.param(True, marks=pytest.mark.skipif(not FITS, reason="")), False]
)
async def test_both_ways_to_log_in_bring_the_same_answer(
    make_sshd: MakeSshd, *, lean: bool
) -> None:
    server = make_sshd()
    host = host_of(server)
    clock, settings = SystemClock(), Settings()
    dialler = Dialler(clock, settings.keepalive, lean=lean)
    transport = SshTransport(
        settings, clock, hosts={}.get, agent=lambda: None, shared=(dialler, Handshakes(4, 4))
    )
    try:
        assert b"loadavg" in await ask(transport, host)
    finally:
        await transport.close()
        dialler.resolver.close()
