"""Calls what plugins contribute beside actions: each call in its bulkhead, with a deadline, and read-only."""

import asyncio
from collections.abc import Callable
from typing import Final

from opsconsole.actions.api import Outcome
from opsconsole.actions.calling import NOWHERE, work_of
from opsconsole.actions.params import Values
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Target
from opsconsole.actions.wards import Wards
from opsconsole.clock import Clock
from opsconsole.errors import ActionError
from opsconsole.model.action import ActionSpec
from opsconsole.model.inventory import Host
from opsconsole.model.plugin import Contribution
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.runs.boundary import Call, call_guarded
from opsconsole.runs.ports import Ports
from opsconsole.runs.reading import ReadDoor
from opsconsole.runs.stage import Shared, Stage
from opsconsole.runs.standpoint import ref_of
from opsconsole.transport.base import Remote

AT_ONCE: Final = 16
"""Calls under way, all plugins together."""


class _NoImpl:
    """A contribution is called by its kind, not as an action."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        raise ActionError("contribution", f"{door.run_id} {target.name} {len(values)}")


_NO_IMPL: Final = _NoImpl()


class Contributions:
    """Finds a contribution's code or program, and calls it."""

    def __init__(
        self,
        registry: Registry,
        wards: Wards,
        remote: Remote,
        host: Callable[[str], Host | None],
        clock: Clock,
    ) -> None:
        """Set up.

        Args:
            registry: What is loaded; `use` takes another.
            wards: Who counts faults.
            remote: How hosts are asked.
            host: Finds a host of the inventory.
            clock: Time.
        """
        self._registry = registry
        self._wards = wards
        self._ports = Ports(remote, host)
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    def use(self, registry: Registry) -> None:
        """Take another set of plugins."""
        self._registry = registry

    def reach(self, ports: Ports) -> None:
        """Give them what actions have: HTTP clients, secrets, a cache, what the console knows."""
        self._ports = ports

    def blame(self, spec: Contribution, why: str) -> None:
        """Note that a contribution gave back something else than its kind does."""
        self._wards.fault(spec.plugin, "protocol", spec.id, why)

    def find(self, kind: str, id: str) -> Contribution | None:
        """Find a contribution by its kind and id."""
        return self._registry.contributions.get((kind, id))

    async def call(
        self,
        spec: Contribution,
        target: Target = NOWHERE,
        values: Values | None = None,
        given: tuple[object, ...] = (),
    ) -> Call:
        """Call one.

        Args:
            spec: Which.
            target: What it is called for; nothing for panes, notifiers, inventories.
            values: Parameters of a check or a gate.
            given: What else its function is handed: a notifier's event, a secret's name.

        Returns:
            What it gave, or why there is nothing; never an exception of the plugin's.
        """
        found = self._registry.found(spec.plugin)
        if found is None:
            return Call(error=f"the plugin {spec.plugin} is not loaded")
        work = work_of(spec, found, self._door(spec, target, given), target, values, given)
        async with self._slots:
            return await call_guarded(self._wards, spec, work)

    def _door(self, spec: Contribution, target: Target, given: tuple[object, ...]) -> ReadDoor:
        action = ActionSpec(
            spec.id, spec.title, Effect.READ, spec.scope, needs=spec.needs, timeout=spec.timeout
        )
        shared = Shared(Snapshot(), Effect.READ)
        ref = ref_of(action, target.name) if target.name else ""
        stage = Stage(Action(action, _NO_IMPL, spec.plugin), target.name, ref, shared)
        host = self._ports.host(target.name)
        return ReadDoor(stage, host, self._ports, self._clock, spec, *given[:1])
