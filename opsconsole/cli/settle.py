"""Wait until an engine has looked at everything once."""

import asyncio
import contextlib
from typing import Final

from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import HostState, Reach, ServiceState
from opsconsole.rpc.client import Client

_WHOLE: Final = ("cpu.busy", "fs.worst_used_ratio")
"""What a Linux host has once every tier answered: rates need two samples, disks the slow tier."""

_SECOND: Final = 2
"""A host that moves but was too slow for its first look gets another one: the first includes the login."""
_JUDGED: Final = 1.1
"""Seconds until the engine has evaluated its rules over the last result: it does so once a second."""


def is_settled(snapshot: Snapshot) -> bool:
    """Tell whether every host, service and feed has had a result."""
    pending = ServiceState.PENDING
    return (
        all(_is_looked_at(host) for host in snapshot.hosts.values())
        and all(service.state is not pending for service in snapshot.services.values())
        and all(check.state is not pending for check in snapshot.checks.values())
        and all(feed.state is not pending for feed in snapshot.feeds.values())
    )


def _is_looked_at(host: HostRecord) -> bool:
    if host.reach is Reach.SLOW and host.fails < _SECOND:
        return False
    if host.state is HostState.PENDING or host.reach is not Reach.UP:
        return host.state is not HostState.PENDING
    is_linux = host.facts.get("system", "Linux") == "Linux"
    return not is_linux or all(name in host.metrics for name in _WHOLE)


async def settled(client: Client, within: float) -> bool:
    """Wait until everything has a result and was judged, or so many seconds; tells whether everything has."""
    if is_settled(client.snapshot):
        return True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not is_settled(client.snapshot):
                await client.wait_change()
            judged = client.snapshot.now + _JUDGED
            while client.snapshot.now < judged:
                await client.wait_change()
    return is_settled(client.snapshot)
