"""Trying a step again: only after an end that was seen, or where nothing was started."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.doors import Result
from opsconsole.actions.steps import Door, Request
from opsconsole.errors import ActionError, TransportError
from opsconsole.model.states import Effect

MOST: Final = 10


class Retries(Struct, frozen=True):
    """How often, and after what."""

    count: int = 0
    delay: float = 2.0
    """Seconds before each further try."""
    on_exit: bool = True
    """After a bad exit that was seen."""
    on_unreachable: bool = True
    """When nothing could be started."""


async def execute(door: Door, request: Request, retries: Retries) -> Result:
    """Execute a request; a further try is a step of its own in the journal, `step-2`.

    An outcome that was not seen is never tried again.
    """
    if retries.count and request.effect is not Effect.READ and not door.action.spec.idempotent:
        raise ActionError(request.step, "only an idempotent action may try a write again")
    tried = request
    for number in range(2, retries.count + 2):
        try:
            return await door.execute(tried)
        except ActionError as error:
            if not retries.on_exit or error.code is None:
                raise
            said = f"{error}; try {number} of {retries.count + 1}"
        except TransportError as error:
            if not retries.on_unreachable:
                raise
            said = f"{error}; try {number} of {retries.count + 1}"
        door.log.warning(said)
        await door.wait(retries.delay)
        tried = replace(request, step=f"{request.step}-{number}")
    return await door.execute(tried)
