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
    outcome, error = await _contained(work)
    if error is None:
        return _read_outcome(outcome)
    if not isinstance(error, OpsConsoleError):
        log.error("an action failed on %s", name, exc_info=error)
    return None, trouble_of(error)


async def _contained(work: Awaitable[object]) -> tuple[object, BaseException | None]:
    """Wait for other people's code, or for a run of ours: gives what it gave, or what it raised, to be told."""
    try:
        return await work, None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the bulkhead; whoever asked logs it
        return None, error


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
    scope = asyncio.timeout(spec.timeout)
    answer, error = await _contained(_within(scope, work))
    match error:
        case None:
            return Call(answer)
        case ActionError() | OutcomeUnknownError() | TransportError():
            return Call(error=clean(str(error), 400))  # the far side's fault, not the plugin's
        case TimeoutError() if scope.expired():
            return _faulty(wards, spec, "deadline", f"no answer in {spec.timeout:g} s", error)
        case OpsConsoleError():
            return _faulty(wards, spec, kind_of(error), str(error), error)
        case _:
            log.warning("%s failed", spec.id, exc_info=error)
            return _faulty(wards, spec, "error", f"{type(error).__name__}: {error}", error)


async def _within(scope: asyncio.Timeout, work: Callable[[], Awaitable[object]]) -> object:
    async with scope:
        return await work()


def _faulty(wards: Wards, spec: Contribution, kind: str, said: str, error: BaseException) -> Call:
    wards.fault(spec.plugin, kind, spec.id, said, stack_of(error))
    return Call(error=clean(said, 400))


async def run_contained(work: Callable[[], Awaitable[object]], name: str) -> None:
    """Carry one run out; a fault of ours in it ends this run and no other."""
    _, error = await _contained(work())
    if error is not None:
        log.error("run %s failed inside", name, exc_info=error)


def trouble_of(error: BaseException) -> Trouble:
    """Name what an error means for a target; one that is none of ours is a plugin's."""
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
        case OpsConsoleError():
            return Trouble(Kind.PLUGIN, f"plugin error: {why}")
        case _:
            return Trouble(
                Kind.PLUGIN, clean(f"plugin error: {type(error).__name__}: {error}", 400)
            )
