"""Wait until an engine has looked at everything once."""

import asyncio
import contextlib

from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import HostState, ServiceState
from opsconsole.rpc.client import Client


def is_settled(snapshot: Snapshot) -> bool:
    """Tell whether every host, service and feed has had a result."""
    hosts = all(host.state is not HostState.PENDING for host in snapshot.hosts.values())
    services = (*snapshot.services.values(), *snapshot.checks.values())
    feeds = snapshot.feeds.values()
    return (
        hosts
        and all(service.state is not ServiceState.PENDING for service in services)
        and all(feed.state is not ServiceState.PENDING for feed in feeds)
    )


async def settled(client: Client, within: float) -> bool:
    """Wait until everything has a result, or so many seconds; tells whether everything has."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not is_settled(client.snapshot):
                await client.wait_change()
    return is_settled(client.snapshot)
