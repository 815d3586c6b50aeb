"""The kit's other depth: the same fleet over real SSH on loopback, for what only a transport can get wrong."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, cast

from opsconsole.clock import SystemClock
from opsconsole.engine.outside import Outside, dial
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Host
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.states import HostState, Reach
from opsconsole.testing import fleet as simulated
from opsconsole.testing.kit import Fleet
from opsconsole.testing.scripted import ScriptedRemote, VirtualClock
from opsconsole.transport.base import Remote


class _Late:
    """The way to hosts that are only there once the fleet is open."""

    def __init__(self, fleet: "RealFleet") -> None:
        self._fleet = fleet

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a Remote has
        return getattr(self._fleet.outside().remote, name)


class RealFleet(Fleet):
    """Simulated hosts behind real SSH servers; `on` and `chaos` are for scripted ones."""

    def __init__(self, state: Path, plugins: Sequence[Path] = (), *, hosts: int = 4) -> None:
        self.remote = ScriptedRemote(VirtualClock())
        self._build(state, plugins, cast(Remote, _Late(self)), SystemClock())
        self._simulated = simulated.Fleet(state / "fleet", hosts=hosts, story=False)
        self._machines: dict[str, Host] = {}
        self._outside: Outside | None = None

    def outside(self) -> Outside:
        """Give the way out, once the fleet is open."""
        assert self._outside is not None, "use it as an async context manager"
        return self._outside

    async def __aenter__(self) -> Self:
        """Start the servers, then the run service."""
        await self._simulated.__aenter__()
        inventory = await asyncio.to_thread(load, SourceSpec(config=self._simulated.config))
        self._machines = {host.name: host for host in inventory.hosts}
        self._outside = dial(inventory.settings, self.clock, self._machines.get, lambda: None)
        now = self.clock.now()
        for host in inventory.hosts:
            facts = {"hostname": host.name, "init": "systemd", "os": "Debian GNU/Linux 12"}
            self._hosts[host.name] = HostRecord(
                host.name, host.address, host.labels, state=HostState.OK, reach=Reach.UP,
                at=now, tried=now, facts=facts,
            )  # fmt: skip
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        await super().__aexit__(kind, error, trace)
        await self.outside().remote.close()
        await self.outside().web.close()
        await self._simulated.__aexit__(kind, error, trace)

    def _machine(self, name: str) -> Host | None:
        return self._machines.get(name)

    def on(self, *_given: object, **_more: object) -> NoReturn:
        """Nothing can be scripted here."""
        raise TypeError("a real fleet runs its own commands; script with Fleet(...)")

    def chaos(self, seed: int, rate: float = 0.3) -> NoReturn:
        """Nothing can be scripted here."""
        raise TypeError(f"a real fleet has no chaos (seed {seed}, rate {rate:g})")
