"""The bulkhead around actions: whatever an implementation does, what comes back is an outcome or a trouble."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.steps import Door, Impl, Target, Undo
from opsconsole.actions.wards import Wards, kind_of, stack_of
from opsconsole.errors import ActionError, OpsConsoleError, OutcomeUnknownError, TransportError
from opsconsole.model.plugin import Contribution
from opsconsole.model.text import clean
from opsconsole.runs.attempt import ClosedError, WrongHostError
from opsconsole.runs.chain import JournalError
from opsconsole.runs.verdict import Kind, Trouble

log = logging.getLogger(__name__)


async def run_guarded(
    impl: Impl, door: Door, target: Target, values: Values
) -> tuple[Outcome | None, Trouble | None]:
    """Run an action on one target; only cancellation passes through."""
    return await _guarded(impl.run(door, target, values), target.name)


async def undo_guarded(undo: Undo, door: Door, name: str) -> Trouble | None:
    """Take one step back; only cancellation passes through."""
    return (await _guarded(_undone(undo, door), name))[1]


async def _undone(undo: Undo, door: Door) -> None:
    await undo.run(door)


async def _guarded(
    work: Awaitable[Outcome | None], name: str
) -> tuple[Outcome | None, Trouble | None]:
    try:
        outcome = await work
    except OpsConsoleError as error:
        return None, trouble_of(error)
    except (Exception, SystemExit) as error:  # bulkhead: an action is other people's code
        log.exception("an action failed on %s", name)
        why = f"plugin error: {type(error).__name__}: {error}"
        return None, Trouble(Kind.PLUGIN, clean(why, 400))
    return _read_outcome(outcome)


def _read_outcome(given: object) -> tuple[Outcome | None, Trouble | None]:
    """Take what an action returned; its summary often quotes a host."""
    if given is None:
        return None, None
    if not isinstance(given, Outcome):
        return None, Trouble(Kind.PLUGIN, f"plugin error: returned {type(given).__name__}")
    summary: object = given.summary
    if not isinstance(summary, str):
        why = f"plugin error: an outcome's summary is text, not {type(summary).__name__}"
        return None, Trouble(Kind.PLUGIN, why)
    return Outcome(given.state, clean(summary, 400)), None


class Call(Struct, frozen=True):
    """What one call of a contribution gave, or why there is nothing."""

    answer: object = None
    error: str = ""
    """Empty: there is an answer."""


async def call_guarded(
    wards: Wards, spec: Contribution, work: Callable[[], Awaitable[object]]
) -> Call:
    """Call a contribution within its deadline; only cancellation passes through."""
    if why := wards.why_closed(spec.plugin):
        return Call(error=why)
    try:
        async with asyncio.timeout(spec.timeout) as scope:
            return Call(await work())
    except (ActionError, OutcomeUnknownError, TransportError) as error:
        return Call(error=clean(str(error), 400))  # the far side's fault, not the plugin's
    except TimeoutError as error:
        late = scope.expired()
        said = f"no answer in {spec.timeout:g} s" if late else f"TimeoutError: {error}"
        return _faulty(wards, spec, "deadline" if late else "error", said, error)
    except OpsConsoleError as error:
        return _faulty(wards, spec, kind_of(error), str(error), error)
    except (Exception, SystemExit) as error:  # bulkhead: a contribution is other people's code
        log.warning("%s failed", spec.id, exc_info=error)
        return _faulty(wards, spec, "error", f"{type(error).__name__}: {error}", error)


def _faulty(wards: Wards, spec: Contribution, kind: str, said: str, error: BaseException) -> Call:
    wards.fault(spec.plugin, kind, spec.id, said, stack_of(error))
    return Call(error=clean(said, 400))


async def run_contained(work: Callable[[], Awaitable[object]], name: str) -> None:
    """Carry one run out; a fault of ours in it ends this run and no other."""
    try:
        await work()
    except Exception:  # bulkhead: one run's fault stays in that run
        log.exception("run %s failed inside", name)


def trouble_of(error: OpsConsoleError) -> Trouble:
    """Name what an error of ours means for a target."""
    why = clean(str(error), 400)
    match error:
        case ActionError():
            return Trouble(Kind.FAILED, why, error.code, error.step)
        case OutcomeUnknownError():
            return Trouble(Kind.LOST, clean(f"{error.step}: {error.why}", 400))
        case TransportError():
            return Trouble(Kind.UNREACHABLE, clean(error.reason, 400))
        case WrongHostError():
            return Trouble(Kind.WRONG_HOST, why)
        case ClosedError() | JournalError():
            return Trouble(Kind.CLOSED, why)
        case _:
            return Trouble(Kind.PLUGIN, f"plugin error: {why}")
