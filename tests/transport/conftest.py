"""Real servers and hosts for the tests of the transport room."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.model.inventory import Host, Settings
from opsconsole.transport.connection import FITS
from opsconsole.transport.login import Dialler
from opsconsole.transport.pace import Handshakes
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd
from tests.transport.sshhosts import MakeSshd, MakeTransport


@pytest.fixture
def make_sshd(tmp_path: Path) -> Iterator[MakeSshd]:
    """Start real servers; they end with the test."""
    started: list[RealSshd] = []

    def make(name: str = "sshd", **options: object) -> RealSshd:
        server = RealSshd(tmp_path / name, **options)  # type: ignore[arg-type]
        started.append(server)
        return server.start()

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def sshd(make_sshd: MakeSshd) -> RealSshd:
    """One real server with nothing special about it."""
    return make_sshd()


@pytest.fixture
async def make_transport() -> AsyncIterator[MakeTransport]:
    """Make transports that know some hosts; they are closed with the test."""
    made: list[SshTransport] = []
    diallers: list[Dialler] = []

    def make(
        *hosts: Host, agent: str | None = None, settings: Settings | None = None, lean: bool = FITS
    ) -> SshTransport:
        names = {host.name: host for host in hosts}
        clock, ours = SystemClock(), settings or Settings()
        shared = None
        if not lean:
            diallers.append(Dialler(clock, ours.keepalive, lean=False))
            shared = diallers[-1], Handshakes(ours.handshakes, ours.handshakes_per_jump)
        transport = SshTransport(ours, clock, hosts=names.get, agent=lambda: agent, shared=shared)
        made.append(transport)
        return transport

    yield make
    for transport in made:
        await transport.close()
    for dialler in diallers:
        dialler.resolver.close()
