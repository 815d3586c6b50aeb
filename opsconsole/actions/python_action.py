"""Makes an action of a function declared with `@plugin.action`: its dataclass becomes the parameters."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping

from opsconsole.actions.api import (
    PARAM_KEY,
    ActionFunction,
    Declared,
    Outcome,
    ParamType,
)
from opsconsole.actions.aside import beside
from opsconsole.actions.grammars import read_limit
from opsconsole.actions.params import Values
from opsconsole.actions.spec import SpecError, make_spec
from opsconsole.actions.steps import Action, Door, Target
from opsconsole.model.action import ParamSpec

_PLAIN: Mapping[type, str] = {str: "str", int: "int", float: "float", bool: "bool"}


class PythonImpl:
    """Calls the author's function."""

    def __init__(
        self,
        function: ActionFunction,
        params: type | None,
        rollback: ActionFunction | None = None,
    ) -> None:
        self._function = function
        self._params = params
        self._rollback = rollback
        self._names = () if params is None else tuple(f.name for f in dataclasses.fields(params))

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Call it with its parameters as a frozen dataclass."""
        given = self._given(values)
        return await beside(door, lambda ctx: self._function(ctx, target, *given))

    @property
    def has_rollback(self) -> bool:
        """Tell whether the author declared one."""
        return self._rollback is not None

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Call what takes it back."""
        back, given = self._rollback, self._given(values)
        if back is None:
            return None
        return await beside(door, lambda ctx: back(ctx, target, *given))

    def _given(self, values: Values) -> tuple[object, ...]:
        if self._params is None:
            return ()
        make: Callable[..., object] = self._params
        return (make(**{name: values.value(name) for name in self._names}),)


def make_action(declared: Declared, plugin: str, source: str, content: bytes) -> Action:
    """Make an action of a declaration.

    Args:
        declared: What the decorator kept.
        plugin: The plugin's id.
        source: The file, for people.
        content: The file's bytes, for the digest.

    Raises:
        SpecError: The declaration is wrong.
    """
    params = _params_type(declared)
    specs = () if params is None else tuple(_param_specs(params, declared.name))
    spec = make_spec(
        f"{plugin}.{declared.name}", declared.fields, specs, source=source, content=content
    )
    if declared.rollback is not None and not inspect.iscoroutinefunction(declared.rollback):
        raise SpecError(f"{declared.name}: its rollback is not an async function")
    return Action(spec, PythonImpl(declared.function, params, declared.rollback), plugin)


def _params_type(declared: Declared) -> type | None:
    function = declared.function
    if not inspect.iscoroutinefunction(function):
        raise SpecError(f"{declared.name} is not an async function")
    names = list(inspect.signature(function).parameters)
    if len(names) == 2:
        return None
    if len(names) != 3:
        raise SpecError(f"{declared.name} takes (ctx, target) or (ctx, target, params)")
    found = typing.get_type_hints(function).get(names[2])
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise SpecError(f"{declared.name}: its third parameter must be a frozen dataclass")
    return found


def _param_specs(params: type, action: str) -> typing.Iterator[ParamSpec]:
    hints = typing.get_type_hints(params, include_extras=True)
    for field in dataclasses.fields(params):
        told = field.metadata.get(PARAM_KEY)
        if told is None:
            raise SpecError(f"{action}: {field.name} must be declared with Param(...)")
        yield _param_spec(field.name, hints[field.name], told, action)


def _param_spec(name: str, hint: object, told: Mapping[str, object], action: str) -> ParamSpec:
    type_name = _type_name(hint)
    if type_name is None:
        raise SpecError(f"{action}: {name} has no parameter type")
    kept = {key: value for key, value in told.items() if key not in ("min", "max")}
    if kept["choices"] and type_name == "str":
        type_name = "enum"
    limits = {
        key: None if told[key] is None else read_limit(type_name, str(told[key]))
        for key in ("min", "max")
    }
    make: Callable[..., ParamSpec] = ParamSpec
    return make(name=name, type=type_name, **kept, **limits)


def _type_name(hint: object) -> str | None:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next((arm for arm in typing.get_args(hint) if arm is not types.NoneType), hint)
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, ParamType):
            return mark.name
    return _PLAIN.get(hint) if isinstance(hint, type) else None
