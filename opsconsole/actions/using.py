"""Actions within actions: another one on the same target, with parameters of its own and the limits of both."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values, read_params
from opsconsole.actions.reference import Scope, Template, fill_slot, parse_template
from opsconsole.actions.runbook import Check, Use
from opsconsole.actions.steps import CheckAnswer, Door, Target
from opsconsole.errors import ActionError, OutcomeUnknownError, RefusedError, TransportError
from opsconsole.model.action import ParamSpec
from opsconsole.model.states import Effect


async def use(step: str, verb: Use, door: Door, scope: Scope, *, preflight: bool) -> Outcome | None:
    """Run another action inside a step.

    Raises:
        ActionError: A parameter is wrong, or a step of it failed.
    """
    action = door.action.used[verb.action]
    inner = door.within(step, action, preflight=preflight)
    values = _values(step, action.spec.params, verb.params, door, scope)
    target = target_for(action.spec.works_on, scope)
    if action.spec.effect is Effect.READ and not preflight:
        said = f"{action.spec.title}, which only reads ({action.spec.id})"
        return await door.foresee(step, lambda: action.impl.run(inner, target, values), said=said)
    return await action.impl.run(inner, target, values)


async def ask_check(step: str, verb: Check, door: Door, scope: Scope) -> CheckAnswer:
    """Ask a reading action, a built-in gate or a check of the inventory once."""
    action = door.action.used.get(verb.check)
    if action is None:
        params = {name: str(fill_slot(each, scope)) for name, each in verb.params}
        return await door.check(verb.check, params)
    inner = door.within(step, action, preflight=False)
    values = _values(step, action.spec.params, verb.params, door, scope)
    try:
        target = target_for(action.spec.works_on, scope)
        outcome = await door.foresee(step, lambda: action.impl.run(inner, target, values))
    except (OutcomeUnknownError, TransportError) as error:
        return CheckAnswer("unknown", str(error))
    except ActionError as error:
        return CheckAnswer("critical", error.reason)
    if outcome is not None and outcome.state == "failed":
        return CheckAnswer("critical", outcome.summary)
    return CheckAnswer("ok", "" if outcome is None else outcome.summary)


def target_for(works_on: str, scope: Scope) -> Target:
    """Give what a used action works on: this target, or the service it is worked on for."""
    if works_on == "service" and scope.service is not None:
        return scope.service
    return scope.target


def _values(
    step: str,
    specs: Sequence[ParamSpec],
    given: Sequence[tuple[str, Template]],
    door: Door,
    scope: Scope,
) -> Values:
    filled = {name: str(fill_slot(each, scope)) for name, each in given}
    typed = {name: text for name, text in filled.items() if text}
    typed = {**_defaults(specs, scope), **typed}
    plain = tuple(replace(spec, default=None) for spec in specs)
    try:
        return read_params(plain, typed, door.world)
    except RefusedError as error:
        raise ActionError(step, str(error)) from None


def _defaults(specs: Sequence[ParamSpec], scope: Scope) -> Mapping[str, str]:
    """A default may be one reference, or several with `|` between: the first that has a value is taken."""
    found: dict[str, str] = {}
    for spec in specs:
        if spec.default is None:
            continue
        choices = spec.default.split("|") if "${" in spec.default else [spec.default]
        for choice in choices:
            text = _try_fill(choice, scope)
            if text:
                found[spec.name] = text
                break
    return found


def _try_fill(text: str, scope: Scope) -> str:
    try:
        return str(fill_slot(parse_template(text), scope))
    except (ActionError, ValueError):
        return ""
