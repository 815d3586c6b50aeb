"""Carries out a runbook: the implementation behind every YAML action."""

from collections.abc import Sequence

from msgspec.structs import replace

from opsconsole.actions.api import Outcome, Result
from opsconsole.actions.params import Values
from opsconsole.actions.reference import Scope, fill_text
from opsconsole.actions.requests import (
    call_request,
    exec_request,
    get_request_for,
    put_request_for,
    seconds,
)
from opsconsole.actions.retries import execute
from opsconsole.actions.runbook import (
    Ask,
    Call,
    Check,
    Exec,
    Get,
    Note,
    Pause,
    Put,
    Runbook,
    Step,
    Until,
    Use,
    Wait,
)
from opsconsole.actions.steps import CheckAnswer, Door, Request, Target, Undo
from opsconsole.actions.using import ask_check, use
from opsconsole.errors import ActionError, OutcomeUnknownError, TransportError
from opsconsole.model.run import Question
from opsconsole.model.states import Effect
from opsconsole.query.evaluator import holds

_ANY_CODE = tuple(range(256))


class RunbookImpl:
    """Runs the steps in order; the first that fails ends it, `finally` runs after."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run preflight, steps and finally on one target."""
        scope = Scope(values, target, door.alert, door.run_id, door.service)
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

    @property
    def has_rollback(self) -> bool:
        """Tell whether there are steps for the way back."""
        return bool(self._runbook.rollback)

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run the steps for the way back, after the undos of single steps."""
        scope = Scope(values, target, door.alert, door.run_id, door.service)
        for step in self._runbook.rollback:
            await _run_step(step, door, scope)
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
        if step.place == "once":
            await _once(step, door, scope, preflight=preflight)
        else:
            await _do(step, door, scope, preflight=preflight)
    except ActionError as error:
        if step.on_fail == "stop":
            raise
        if step.on_fail == "ask":
            await door.inquire(Question("", "", f"{error}; go on with the next step?"))
        said = f"{error}; going on"
        door.log.warning(said)


async def _once(step: Step, door: Door, scope: Scope, *, preflight: bool) -> None:
    """The first target does it; what it got is everybody's."""

    async def work() -> object:
        await _do(step, door, scope, preflight=preflight)
        return scope.saved.get(step.id), scope.answers.get(step.id)

    got = await door.once(step.id, work)
    assert isinstance(got, tuple)
    saved, answers = got
    if saved is not None:
        _save(step, saved, scope)
    if answers is not None:
        scope.answers[step.id] = answers


async def _do(step: Step, door: Door, scope: Scope, *, preflight: bool) -> None:
    verb = step.verb
    if step.undo:
        await _push(step, door, scope)
    match verb:
        case Exec() | Call() | Put() | Get():
            await _execute(step, door, scope, preflight=preflight)
        case Until():
            await _wait_until(step, verb, door, scope)
        case Use():
            outcome = await use(step.id, verb, door, scope, preflight=preflight)
            if outcome is not None and outcome.state == "failed":
                raise ActionError(step.id, outcome.summary)
        case Check():
            _judge(step, await ask_check(step.id, verb, door, scope), door)
        case _:
            await _speak(step, door, scope)


async def _speak(step: Step, door: Door, scope: Scope) -> None:
    """Do what is about people and time."""
    match step.verb:
        case Ask() as verb:
            scope.answers[step.id] = await door.inquire(
                Question("", "", step.title or step.id, verb.params)
            )
        case Pause() as verb:
            await door.inquire(Question("", "", fill_text(verb.text, scope)))
        case Note() as verb:
            door.log.info(fill_text(verb.text, scope))
        case Wait() as verb:
            await door.wait(seconds(verb.seconds, scope))


async def _push(step: Step, door: Door, scope: Scope) -> None:
    """Before it is dispatched: a half-done step must be undone too."""

    async def take_back(back: Door) -> None:
        for each in step.undo:
            await _run_step(each, back, scope)

    titles = ", ".join(each.title or each.id for each in step.undo)
    plain = () if door.planning else await _plain(step.undo, door, scope)
    await door.push_undo(Undo(step.id, titles, take_back, plain))


async def _plain(undo: Sequence[Step], door: Door, scope: Scope) -> tuple[Request, ...]:
    """Write an undo as requests that stand for themselves; empty where it looks, asks or waits first."""
    found: list[Request] = []
    for step in undo:
        decides = step.when is not None or step.expect is not None or step.place == "once"
        try:
            match step.verb:
                case Exec(stdin=None) as verb if not decides:
                    found.append(await exec_request(step, verb, door, scope, ok=step.ok))
                case Call() as verb if not decides:
                    found.append(call_request(step, verb, scope))
                case _:
                    return ()
        except ActionError:  # it rests on what is only known when it is done
            return ()
    return tuple(found)


async def _execute(step: Step, door: Door, scope: Scope, *, preflight: bool) -> None:
    verb = step.verb
    match verb:
        case Call():
            request = call_request(step, verb, scope)
        case Put():
            request, back = await put_request_for(step, verb, door, scope)
            await door.push_undo(
                Undo(step.id, back.shown, lambda other: other.execute(back), (back,))
            )
        case Get():
            request = get_request_for(step, verb, scope)
        case _:
            assert isinstance(verb, Exec)
            request = await exec_request(step, verb, door, scope, ok=step.ok)
    result = await execute(door, replace(request, preflight=preflight), step.retries)
    _save(step, result, scope)
    if isinstance(verb, Get) and not door.planning:
        await door.artifact(f"{step.id}.{verb.dest}", result.data)
    if step.expect is not None and not _is_planned(door, request, preflight=preflight):
        missed = step.expect.miss(result)
        if missed:
            raise ActionError(step.id, missed)


def _is_planned(door: Door, request: Request, *, preflight: bool) -> bool:
    """Tell whether an answer is only planned; looking at it would end the plan where it need not end."""
    return door.planning and not preflight and not door.tells(request)


def _save(step: Step, result: Result, scope: Scope) -> None:
    scope.saved[step.id] = result
    if step.save:
        scope.saved[step.save] = result


def _judge(step: Step, answer: CheckAnswer, door: Door) -> None:
    if door.planning:
        return
    if answer.state != "ok":
        raise ActionError(step.id, f"{answer.state}: {answer.said}".rstrip(": "))
    door.log.info(f"{step.id}: ok {answer.said}".rstrip())


async def _wait_until(step: Step, verb: Until, door: Door, scope: Scope) -> None:
    request = None
    if isinstance(verb.look, Exec):
        request = await exec_request(step, verb.look, door, scope, ok=_ANY_CODE)
        request = replace(request, effect=Effect.READ, show=False)
    if door.planning:
        await _look(step, verb, door, scope, request, planning=True)
        return
    limit = seconds(verb.hold, scope)
    passes, last = 0, "never asked"
    async for tick in door.until(limit, every=verb.every):
        last = await _look(step, verb, door, scope, request)
        passes = 0 if last else passes + 1
        tick.note(last or f"holds {passes}/{verb.stable}")
        if passes >= verb.stable:
            return
    raise ActionError(step.id, f"not so within {limit:g} s: {last or 'not stable'}")


async def _look(
    step: Step,
    verb: Until,
    door: Door,
    scope: Scope,
    request: Request | None,
    *,
    planning: bool = False,
) -> str:
    """Ask once; say what does not hold yet. Not being able to ask is one more thing that does not hold."""
    try:
        if request is None:
            assert isinstance(verb.look, Check)
            answer = await ask_check(step.id, verb.look, door, scope)
            return "" if answer.state == "ok" else f"{answer.state}: {answer.said}"
        result = await door.execute(request)
    except (OutcomeUnknownError, TransportError, ActionError) as error:
        return str(error)
    if planning:
        return ""
    if verb.expect is not None:
        return verb.expect.miss(result)
    return "" if result.code in step.ok else _exit_words(result)


def _exit_words(result: Result) -> str:
    words = (result.text or result.stderr).strip().splitlines()
    return f"exit {result.code}" + (f": {words[-1][:120]}" if words else "")
