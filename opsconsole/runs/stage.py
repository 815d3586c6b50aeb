"""What a door is about: the action, the target, the fire; and what all targets of one run share."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from opsconsole.actions.api import Service
from opsconsole.actions.grammars import World
from opsconsole.actions.steps import Action
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.runs.redaction import Redactor


class Once:
    """Things that are done once for a whole run: the first who comes does it, the others wait for what it gave.

    Where the first is interrupted, the next of those who wait does it.
    """

    def __init__(self) -> None:
        self._given: dict[str, asyncio.Future[object]] = {}

    async def do(self, step: str, work: Callable[[], Awaitable[object]]) -> object:
        """Do it, or give what the first gave or raised."""
        while (given := self._given.get(step)) is not None and not given.cancelled():
            await asyncio.wait((given,))
            if not given.cancelled():
                return given.result()
        future = self._given[step] = asyncio.get_running_loop().create_future()
        try:
            result = await work()
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                future.cancel()  # not done: one of those who wait does it
            else:
                future.set_exception(error)
                future.exception()  # seen here: nobody else may be waiting
            raise
        future.set_result(result)
        return result


@dataclass(frozen=True, slots=True)
class Shared:
    """What all targets of one run share."""

    before: Snapshot
    """The fleet when the plan was made."""
    effect: Effect = Effect.WRITE
    """The run's action's, with all that it uses."""
    world: World = field(default_factory=World)
    redactor: Redactor = field(default_factory=Redactor)
    once: Once = field(default_factory=Once)


@dataclass(frozen=True, slots=True)
class Stage:
    """What one door is about."""

    action: Action
    target: str
    ref: str
    """The target as checks and events know it (`host:web01`); empty for the fleet."""
    shared: Shared
    run_id: str = "plan"
    alert: Alert | None = None
    service: Service | None = None
    """What a host is worked on for."""
    targets: tuple[str, ...] = ()
    """All that the run goes to."""
    prefix: str = ""
    """Before each step's name: the steps this door is nested in."""
