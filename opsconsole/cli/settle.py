"""Wait until an engine has looked at everything once."""

import asyncio
import contextlib
from typing import Final

from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import HostState, Reach, ServiceState
from opsconsole.rpc.client import Client

_WHOLE: Final = ("cpu.busy", "fs.worst_used_ratio")
"""What a Linux host has once every tier answered: rates need two samples, disks the slow tier."""


def is_settled(snapshot: Snapshot) -> bool:
    """Tell whether every host, service and feed has had a result."""
    services = (*snapshot.services.values(), *snapshot.checks.values())
    feeds = snapshot.feeds.values()
    return (
        all(_is_looked_at(host) for host in snapshot.hosts.values())
        and all(service.state != ServiceState.PENDING for service in services)
        and all(feed.state is not ServiceState.PENDING for feed in feeds)
    )


def _is_looked_at(host: HostRecord) -> bool:
    if host.state is HostState.PENDING or host.reach is not Reach.UP:
        return host.state is not HostState.PENDING
    is_linux = host.facts.get("system", "Linux") == "Linux"
    return not is_linux or all(name in host.metrics for name in _WHOLE)


async def settled(client: Client, within: float) -> bool:
    """Wait until everything has a result, or so many seconds; tells whether everything has."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not is_settled(client.snapshot):
                await client.wait_change()
    return is_settled(client.snapshot)
