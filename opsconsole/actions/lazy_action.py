"""An action whose manifest says all of it: its Python is run when it is first used, and must keep the promise."""

from typing import Final

from msgspec.structs import replace

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.python_action import make_action
from opsconsole.actions.python_plugin import Code, PluginCodeError, PythonCode
from opsconsole.actions.steps import Action, Door, Impl, Reversible, Target
from opsconsole.model.action import ActionSpec

PROMISED: Final = (
    "effect",
    "scope",
    "arity",
    "idempotent",
    "needs",
    "params",
    "confirm",
    "timeout",
    "rollout",
    "max_parallel",
    "max_targets",
    "stop_on_failure",
    "undo_policy",
    "targets",
    "locks",
)
"""What a manifest may not say otherwise than the code: a person confirmed by it."""


class LazyImpl:
    """Loads the code at the first run."""

    def __init__(self, code: PythonCode, plugin: str, spec: ActionSpec) -> None:
        self._code = code
        self._plugin = plugin
        self._spec = spec
        self._impl: Impl | None = None

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run the author's function."""
        return await (await self._loaded()).run(door, target, values)

    @property
    def has_rollback(self) -> bool:
        """Tell whether the code has a way back; asked after a run, when it is loaded."""
        impl: object = self._impl
        return isinstance(impl, Reversible) and impl.has_rollback

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run the author's way back."""
        impl = await self._loaded()
        assert isinstance(impl, Reversible)
        return await impl.rollback(door, target, values)

    async def _loaded(self) -> Impl:
        if self._impl is None:
            self._impl = resolve(await self._code.loaded(), self._plugin, self._spec).impl
        return self._impl


def resolve(code: Code, plugin: str, spec: ActionSpec) -> Action:
    """Find the action that a manifest's entry promised.

    Raises:
        PluginCodeError: The code has none such, or another than was promised.
        SpecError: The code's own declaration is wrong.
    """
    name = spec.id.partition(".")[2]
    declared = code.actions.get(name)
    if declared is None:
        raise PluginCodeError(f"{spec.id}: the manifest names it, the code has none such")
    action = make_action(declared, plugin, spec.source, b"")
    if broken := broken_promises(spec, action.spec):
        raise PluginCodeError(f"{spec.id}: {broken[0]}; opsconsole plugin lint")
    return action


def broken_promises(told: ActionSpec, done: ActionSpec) -> tuple[str, ...]:
    """List what the manifest says otherwise than the code, a sentence each."""
    return tuple(
        f"the manifest says {field} {_shown(getattr(told, field))}, the code {_shown(getattr(done, field))}"
        for field in PROMISED
        if _meant(told, field) != _meant(done, field)
    )


def _meant(spec: ActionSpec, field: str) -> object:
    """Give what is promised: how a form words a parameter is not."""
    if field != "params":
        return getattr(spec, field)
    return tuple(replace(param, title="", help="") for param in spec.params)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(getattr(each, "name", str(each)) for each in value) or "none"
    return str(value)
