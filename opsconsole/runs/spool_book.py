"""Which hosts can keep how a step ended: asked once a host before the first plan that changes it."""

import asyncio
from collections.abc import Iterable
from typing import Final

from opsconsole.clock import Clock
from opsconsole.model.inventory import Host
from opsconsole.model.text import clean
from opsconsole.transport.base import Remote
from opsconsole.transport.spooled import probe_spool

GOOD_FOR: Final = 3600.0
AT_ONCE: Final = 16
BUDGET: Final = 5.0
"""Seconds that a plan waits for all of it."""


class SpoolBook:
    """Asks, and remembers for an hour."""

    def __init__(self, remote: Remote, clock: Clock) -> None:
        self._remote = remote
        self._clock = clock
        self._known: dict[object, tuple[float, str]] = {}

    async def why_not(self, hosts: Iterable[Host]) -> str:
        """Say for a plan where a lost outcome could not be settled later; empty: nowhere that is known."""
        asked = list(hosts)
        slots = asyncio.Semaphore(AT_ONCE)

        async def ask(host: Host) -> None:
            async with slots:
                said = clean(await probe_spool(self._remote, host), 160)
                self._known[host.way] = (self._clock.monotonic(), said)

        stale = [host for host in asked if not self._is_known(host)]
        try:
            async with asyncio.timeout(BUDGET), asyncio.TaskGroup() as group:
                for host in stale:
                    group.create_task(ask(host), name=f"spool {host.name}")
        except TimeoutError:
            pass  # what is not known is not claimed
        lacking = {host.name: why for host in asked if (why := self._said(host))}
        return _sentence(lacking)

    def _is_known(self, host: Host) -> bool:
        known = self._known.get(host.way)
        return known is not None and self._clock.monotonic() - known[0] < GOOD_FOR

    def _said(self, host: Host) -> str:
        return self._known.get(host.way, (0.0, ""))[1]


def _sentence(lacking: dict[str, str]) -> str:
    if not lacking:
        return ""
    names = ", ".join(list(lacking)[:5]) + (f" and {len(lacking) - 5} more" * (len(lacking) > 5))
    return f"resolver: none on {names}: {next(iter(lacking.values()))}"
