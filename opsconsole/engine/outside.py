"""What reaches out of this process: hosts over SSH or locally, and HTTP; tests hand in their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from opsconsole.clock import Clock
from opsconsole.collect.asker import Asker
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host, Settings
from opsconsole.transport.base import Remote


class Keys(Protocol):
    """What of the SSH transport is about host keys."""

    async def scan(self, host: Host) -> HostKey:
        """Fetch the key a host shows.

        Raises:
            TransportError: It cannot be reached.
        """
        ...

    async def trust(self, host: Host, key: HostKey, *, who: str, replace: bool = False) -> str:
        """Write a key to known_hosts; returns the file.

        Raises:
            TransportError: It cannot be written.
        """
        ...

    def retry(self, host: Host) -> None:
        """Forget refused logins and back-off."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """What is wrong in known_hosts files."""
        ...


class Web(Asker, Protocol):
    """An HTTP client that can be closed."""

    async def close(self) -> None:
        """Close every kept connection."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything an engine reaches out with."""

    remote: Remote
    keys: Keys
    web: Web
    with_agent: Callable[[str], Remote]
    """The same hosts over connections of their own, logged in with another agent."""


Dial = Callable[[Settings, Clock, Callable[[str], Host | None], Callable[[], str | None]], Outside]
"""Builds it from the settings, a way to find hosts by name, and one to find the agent to use."""


def dial(
    settings: Settings,
    clock: Clock,
    hosts: Callable[[str], Host | None],
    agent: Callable[[], str | None],
) -> Outside:
    """Reach the real outside."""
    from opsconsole.transport.http import HttpClient  # these load the SSH and HTTP libraries
    from opsconsole.transport.local import LocalTransport
    from opsconsole.transport.router import Router
    from opsconsole.transport.ssh import SshTransport

    ssh = SshTransport(settings, clock, hosts=hosts, agent=agent)

    def with_agent(agent: str) -> Remote:
        return Router(ssh.with_agent(lambda: agent), LocalTransport(clock), clock)

    return Outside(Router(ssh, LocalTransport(clock), clock), ssh, HttpClient(clock), with_agent)
