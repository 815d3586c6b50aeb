"""The whole simulated fleet at one moment, as the story sees and pushes it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opsconsole.testing.alertmanager import FakeAlertmanager
from opsconsole.testing.machine import Machine
from opsconsole.testing.root import Root
from opsconsole.testing.roster import Actor
from opsconsole.testing.services import Backend
from opsconsole.testing.ssh_server import HostServer

Tell = Callable[[str, str, str], None]
"""Told kind, text and the reference an event is on."""


@dataclass
class FakeHost:
    """One simulated host with all its parts."""

    actor: Actor
    machine: Machine
    root: Root
    server: HostServer
    backends: dict[str, Backend] = field(default_factory=dict)
    """By service."""


@dataclass
class World:
    """Everything there is."""

    hosts: Mapping[str, FakeHost]
    alertmanager: FakeAlertmanager
    now: float
    tell: Tell
    silent: set[str] = field(default_factory=set)
    """Names of hosts that should hang; the fleet makes it so."""

    def of_role(self, role: str) -> list[FakeHost]:
        """Give the hosts of a role, by number."""
        return [host for host in self.hosts.values() if host.actor.role == role]

    def log(self, host: FakeHost, source: str, text: str) -> None:
        """Write a line into a host's journal."""
        host.root.log(self.now, source, text)

    async def settle(self) -> None:
        """Make hosts hang and come back as `silent` says."""
        for name, host in self.hosts.items():
            if name in self.silent and not host.server.is_silent:
                await host.server.go_silent()
            elif name not in self.silent and host.server.is_silent:
                await host.server.come_back()
        await asyncio.sleep(0)
