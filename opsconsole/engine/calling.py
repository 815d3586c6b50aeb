"""All that is about people around fires: who is on call, who is told, incidents, and what helped before."""

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.collect.credentials import Credentials
from opsconsole.engine.fixes import FixMemory
from opsconsole.engine.incidents import Incidents
from opsconsole.engine.notifying import Notifying
from opsconsole.engine.outside import Outside
from opsconsole.engine.rota import Rota
from opsconsole.engine.senders import Senders
from opsconsole.model.calls import AnyCall, Done
from opsconsole.model.incident_calls import Notifiers, ReadNotifiers, ReadOnCall, TestNotifier
from opsconsole.model.inventory import Inventory
from opsconsole.rpc.peer import Peer
from opsconsole.runs.contributions import Contributions
from opsconsole.state.history import History
from opsconsole.state.store import Store


class Calling:
    """Builds these parts, hands calls to them, and runs them side by side."""

    def __init__(
        self,
        store: Store,
        history: History,
        clock: Clock,
        inventory: Inventory,
        outside: Outside,
        credentials: Credentials,
        plugins: Contributions,
    ) -> None:
        senders = Senders(outside.remote, outside.web, credentials, plugins)
        self._clock = clock
        self._rota = Rota(store, clock, inventory)
        self._notifying = Notifying(store, senders, clock, inventory)
        self._incidents = Incidents(store, history, clock)
        self._fixes = FixMemory(store, history, clock)

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory."""
        self._rota.follow(inventory)
        self._notifying.follow(inventory)

    def restore(self, kept: Mapping[str, bytes]) -> None:
        """Take up what an earlier engine left."""
        self._incidents.restore(kept)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rota.run(), name="calling rota")
            group.create_task(self._notifying.run(), name="calling notify")
            group.create_task(self._fixes.run(), name="calling fixes")

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: It cannot be done.
        """
        match call:
            case ReadOnCall():
                return self._rota.at(self._clock.now() if call.at is None else call.at)
            case ReadNotifiers():
                return Notifiers(self._notifying.states())
            case TestNotifier():
                return Done(await self._notifying.test(call.name, peer.actor))
        return await self._incidents.answer(call, peer)
