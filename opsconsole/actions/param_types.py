"""Parameter types that plugins bring: data that narrows one of ours, `type: acme.pg-database`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as with_fields

from msgspec.structs import replace

from opsconsole.actions.grammars import GRAMMARS
from opsconsole.actions.steps import Action
from opsconsole.model.action import ParamSpec
from opsconsole.model.plugin import Contribution


def with_types(
    actions: Sequence[Action], types: Mapping[str, Contribution]
) -> tuple[tuple[Action, ...], str]:
    """Put the types in; gives the actions and, for one that nobody brings, the mistake in a sentence."""
    for action in actions:
        for param in action.spec.params:
            if param.type not in GRAMMARS and param.type not in types:
                said = f"{action.spec.id}: nobody brings the parameter type {param.type}"
                return (), said
    return tuple(_with_types(action, types) for action in actions), ""


def _with_types(action: Action, types: Mapping[str, Contribution]) -> Action:
    if all(param.type in GRAMMARS for param in action.spec.params):
        return action
    params = tuple(_narrowed(param, types) for param in action.spec.params)
    return with_fields(action, spec=replace(action.spec, params=params))


def _narrowed(param: ParamSpec, types: Mapping[str, Contribution]) -> ParamSpec:
    if param.type in GRAMMARS:
        return param
    kind = types[param.type]
    return replace(
        param,
        type=kind.type,
        pattern=param.pattern or kind.pattern,
        choices=param.choices or kind.choices,
        under=param.under or kind.under,
        refuse=(*param.refuse, *kind.refuse),
        title=param.title or kind.title,
    )
