"""Real servers and hosts for the tests of the transport room."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.model.inventory import Host, Settings
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

    def make(
        *hosts: Host, agent: str | None = None, settings: Settings | None = None
    ) -> SshTransport:
        names = {host.name: host for host in hosts}
        transport = SshTransport(
            settings or Settings(), SystemClock(), hosts=names.get, agent=lambda: agent
        )
        made.append(transport)
        return transport

    yield make
    for transport in made:
        await transport.close()
