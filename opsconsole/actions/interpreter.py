"""Carries out a runbook: the implementation behind every YAML action."""

from collections.abc import Sequence

from opsconsole.actions.api import Outcome, Result
from opsconsole.actions.argv import build_argv
from opsconsole.actions.params import Values
from opsconsole.actions.reference import Scope, Template, fill_slot, fill_text
from opsconsole.actions.runbook import Exec, Note, Runbook, Step, Until, Wait
from opsconsole.actions.steps import Door, Request, Target
from opsconsole.config.units import parse_duration
from opsconsole.errors import ActionError, OutcomeUnknownError, TransportError
from opsconsole.model.states import Effect
from opsconsole.query.evaluator import holds

_ANY_CODE = tuple(range(256))


class RunbookImpl:
    """Runs the steps in order; the first that fails ends it, `finally` runs after."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run preflight, steps and finally on one target."""
        scope = Scope(values, target, door.alert, door.run_id)
        for step in self._runbook.preflight:
            await _run_step(step, door, scope, preflight=True)
        try:
            for step in self._runbook.steps:
                await _run_step(step, door, scope)
        except ActionError:
            scope.failed = True
            await _run_final(self._runbook.final, door, scope)
            raise
        await _run_final(self._runbook.final, door, scope)
        return None


async def _run_final(steps: Sequence[Step], door: Door, scope: Scope) -> None:
    """Run the closing reads; what they say changes nothing any more."""
    for step in steps:
        try:
            await _run_step(step, door, scope)
        except (ActionError, OutcomeUnknownError, TransportError) as error:
            said = f"{step.id}: {error}"
            door.log.warning(said)


async def _run_step(step: Step, door: Door, scope: Scope, *, preflight: bool = False) -> None:
    if step.when is not None and holds(step.when, scope) is not True:
        return
    try:
        await _do(step, door, scope, preflight=preflight)
    except ActionError as error:
        if not step.goes_on:
            raise
        said = f"{error}; going on"
        door.log.warning(said)


async def _do(step: Step, door: Door, scope: Scope, *, preflight: bool) -> None:
    match step.verb:
        case Exec():
            await _execute(step, step.verb, door, scope, preflight=preflight)
        case Until():
            await _wait_until(step, step.verb, door, scope)
        case Note():
            door.log.info(fill_text(step.verb.text, scope))
        case Wait():
            await door.wait(_seconds(step.verb.seconds, scope))


async def _execute(step: Step, verb: Exec, door: Door, scope: Scope, *, preflight: bool) -> None:
    request = _request(step, verb, scope, ok=step.ok, preflight=preflight)
    result = await door.execute(request)
    if step.save:
        scope.saved[step.save] = result
    scope.saved[step.id] = result
    if step.expect is None or (door.planning and not preflight):
        return
    if missed := step.expect.miss(result):
        raise ActionError(step.id, missed)


async def _wait_until(step: Step, verb: Until, door: Door, scope: Scope) -> None:
    request = _request(step, verb.command, scope, ok=_ANY_CODE)
    if door.planning:
        await door.execute(request)
        return
    seconds = _seconds(verb.hold, scope)
    passes, last = 0, "never asked"
    async for tick in door.until(seconds, every=verb.every):
        last = await _look(step, verb, door, request)
        passes = 0 if last else passes + 1
        tick.note(last or f"holds {passes}/{verb.stable}")
        if passes >= verb.stable:
            return
    raise ActionError(step.id, f"not so within {seconds:g} s: {last or 'not stable'}")


async def _look(step: Step, verb: Until, door: Door, request: Request) -> str:
    """Ask once; say what does not hold yet. Not being able to ask is one more thing that does not hold."""
    try:
        result = await door.execute(request)
    except (OutcomeUnknownError, TransportError, ActionError) as error:
        return str(error)
    if verb.expect is not None:
        return verb.expect.miss(result)
    return "" if result.code in step.ok else _exit_words(result)


def _exit_words(result: Result) -> str:
    words = (result.text or result.stderr).strip().splitlines()
    return f"exit {result.code}" + (f": {words[-1][:120]}" if words else "")


def _request(
    step: Step, verb: Exec, scope: Scope, *, ok: tuple[int, ...], preflight: bool = False
) -> Request:
    try:
        argv = build_argv([fill_slot(each, scope) for each in verb.argv]) if verb.argv else ()
        args = build_argv(["--", *(fill_slot(each, scope) for each in verb.args)])[1:]
    except ValueError as error:
        raise ActionError(step.id, str(error)) from None
    return Request(
        step=step.id,
        effect=Effect.READ if isinstance(step.verb, Until) else step.effect,
        argv=argv,
        script=verb.script,
        args=args,
        env={name: str(fill_slot(each, scope)) for name, each in verb.env},
        stdin=fill_text(verb.stdin, scope).encode() if verb.stdin is not None else b"",
        sudo=step.sudo,
        timeout=step.timeout,
        ok=ok,
        show=step.shows and not isinstance(step.verb, Until) and not preflight,
        preflight=preflight,
    )


def _seconds(template: Template, scope: Scope) -> float:
    """Read a duration, written out or a parameter (whose text is seconds)."""
    if len(template.parts) == 1 and not isinstance(template.parts[0], str):
        ref = template.parts[0]
        value = scope.values.value(ref.path) if ref.root == "params" else None
        if isinstance(value, int | float):
            return float(value)
    return parse_duration(fill_text(template, scope))
