"""All that a plugin may import: how an action is declared, what it is handed, what it hands back.

`API` grows only when something here is taken away or changes its meaning; additions keep it.
"""

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.argv import Given
from opsconsole.actions.contributing import (
    Contributing,
    Decision,
    FoundAlert,
    FoundHost,
    Proposal,
    Samples,
    Series,
    Table,
    Text,
    Verdict,
)
from opsconsole.actions.ctx import (
    Certificate,
    Ctx,
    Health,
    Host,
    Log,
    Outcome,
    PastRun,
    Service,
    Tick,
)
from opsconsole.actions.doors import Cache, Http, HttpClient, Local, Result, Ssh
from opsconsole.actions.rollout_form import UNSAID, read_rollout
from opsconsole.actions.secret import Secret
from opsconsole.errors import ActionError, OutcomeUnknownError
from opsconsole.model.action import may_be_empty
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.rollout import Rollout as Strategy
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Confirm, Effect, ServiceState

__all__ = [
    "API",
    "ActionError",
    "Alert",
    "Body",
    "Bytes",
    "Cache",
    "Certificate",
    "CheckResult",
    "Cidr",
    "Confirm",
    "Ctx",
    "Decision",
    "Duration",
    "Effect",
    "Event",
    "FoundAlert",
    "FoundHost",
    "Health",
    "Host",
    "Hostname",
    "Http",
    "HttpClient",
    "Ip",
    "Local",
    "Log",
    "Outcome",
    "OutcomeUnknownError",
    "Param",
    "PastRun",
    "Path",
    "Percent",
    "Pid",
    "Plugin",
    "Port",
    "Proposal",
    "Result",
    "Rollout",
    "Samples",
    "Secret",
    "Series",
    "Service",
    "ServiceState",
    "Ssh",
    "Table",
    "Text",
    "Tick",
    "Unit",
    "Url",
    "Verdict",
]

API: Final = 1

PARAM_KEY: Final = "opsconsole.param"
"""Under this key a dataclass field carries what `Param` was told."""


class ParamType(Struct, frozen=True):
    """Marks an annotation with the name of its grammar (actions: the table of types)."""

    name: str


Body = Annotated[str, ParamType("text")]
Percent = Annotated[float, ParamType("percent")]
Duration = Annotated[float, ParamType("duration")]
"""Seconds."""
Bytes = Annotated[int, ParamType("bytes")]
Hostname = Annotated[str, ParamType("hostname")]
Ip = Annotated[str, ParamType("ip")]
Cidr = Annotated[str, ParamType("cidr")]
Port = Annotated[int, ParamType("port")]
Url = Annotated[str, ParamType("url")]
Unit = Annotated[str, ParamType("unit")]
Pid = Annotated[int, ParamType("pid")]
Path = Annotated[str, ParamType("path")]


def Param(  # noqa: N802 - reads as a declaration, like a type
    default: str | None = None,
    *,
    title: str = "",
    help: str = "",
    choices: Sequence[str] = (),
    choices_from: str | None = None,
    pattern: str | None = None,
    min: str | float | None = None,
    max: str | float | None = None,
    under: Sequence[str] = (),
    refuse: Sequence[str] = (),
    required: bool | None = None,
) -> Any:  # noqa: ANN401 - stands where a value of the field's own type stands, as dataclasses.field does
    """Declare one parameter: a field of the action's frozen dataclass.

    Args:
        default: As a person would type it, or references (`${alert.labels.unit}|nginx.service`).
        title: The form's label.
        help: A line below it.
        choices: The closed set of values.
        choices_from: The id of a read action whose lines are offered.
        pattern: An anchored regular expression for `str`.
        min: The least number, or a quantity as typed (`1s`, `100MiB`).
        max: The greatest.
        under: Roots that a path must lie under.
        refuse: Globs of values that are never accepted.
        required: None: it is when it has no default, or one that only refers to what may have no value.
    """
    told = {
        "default": default,
        "title": title,
        "help": help,
        "choices": tuple(choices),
        "choices_from": choices_from,
        "pattern": pattern,
        "min": min,
        "max": max,
        "under": tuple(under),
        "refuse": tuple(refuse),
        "required": may_be_empty(default) if required is None else required,
    }
    return dataclasses.field(kw_only=True, metadata={PARAM_KEY: told})


def Rollout(  # noqa: N802 - reads as a declaration, like a type
    *,
    canary: str | int | Mapping[str, object] | None = None,
    batches: Sequence[str | int] = (),
    mode: str = "barrier",
    max_parallel: int | None = None,
    spread_by: str = "",
    spread: str = "one_domain",
    max_failures: str | int | Mapping[str, object] | None = None,
    min_healthy: str | int | Mapping[str, object] | None = None,
    gate: Sequence[str | Mapping[str, object]] = (),
    between: str = "auto",
    rollback: str = "offer",
) -> Strategy:
    """Say how an action goes over many targets; words as in a YAML runbook.

    Args:
        canary: How many go first: `1`, `5%`, or `{count|percent, bake, pick}`.
        batches: Cumulative: `["10%", "50%", "100%"]`; the rest follows in one.
        mode: barrier or rolling.
        max_parallel: At once, 32 at most; by default as the action says, which is 8 where it says nothing.
        spread_by: A label: a batch holds hosts of one of its values.
        spread: one_domain, or share: a part of each value in every batch.
        max_failures: How many may go bad: `0`, `5%`, or `{count, percent, consecutive, unreachable}`.
        min_healthy: `80%`, or `{count|percent, of}`.
        gate: What must hold between batches: `{check, with, every, for, stable}`.
        between: auto, ask_after_canary or ask_always.
        rollback: offer, or auto when the canary fails.

    Raises:
        RolloutError: A value is wrong.
    """
    told = dict(locals())
    if max_parallel is not None:
        return read_rollout(told)
    del told["max_parallel"]
    return replace(read_rollout(told), max_parallel=UNSAID)


ActionFunction = Callable[..., Awaitable[Outcome | None]]
"""`async def f(ctx, target)` or `async def f(ctx, target, params)`; params is a frozen dataclass."""


class Declared(Struct, frozen=True):
    """One action as its author declared it."""

    name: str
    function: ActionFunction
    fields: Mapping[str, object]
    rollback: ActionFunction | None = None
    """Takes it back on a target that dispatched a write; parameters as the function's own."""


class Handle:
    """A declared action: still the function it was made of, with `.rollback` to declare its inverse."""

    def __init__(self, plugin: "Plugin", place: int, function: ActionFunction) -> None:
        self._plugin = plugin
        self._place = place
        self.function = function

    def __call__(self, *args: Any) -> Awaitable[Outcome | None]:  # noqa: ANN401 - as the function has it
        """Call the function itself, as another action of the plugin may."""
        return self.function(*args)

    def rollback(self, function: ActionFunction) -> ActionFunction:
        """Declare the function below as what takes the action back."""
        actions = self._plugin.actions
        actions[self._place] = replace(actions[self._place], rollback=function)
        return function


class Plugin(Contributing):
    """A module's actions and other contributions; its id is the first half of every id."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id = id
        self.actions: list[Declared] = []

    def action(
        self,
        name: str,
        *,
        title: str,
        scope: str,
        effect: str,
        idempotent: bool,
        arity: str = "many",
        doc: str = "",
        owner: str = "",
        tags: Sequence[str] = (),
        match: str | None = None,
        needs: Sequence[str] = (),
        confirm: str | None = None,
        max_parallel: int | None = None,
        stop_on_failure: bool = False,
        max_targets: int | None = None,
        timeout: str | float = 60.0,
        keys: str = "",
        output: str = "fold",
        rollout: Strategy | None = None,
        undo_policy: str = "if_healthy",
        targets: str = "",
        locks: Sequence[str] = (),
        notify: Sequence[str] = (),
        outage: str | float | None = None,
    ) -> Callable[[ActionFunction], Handle]:
        """Declare the function below as an action; words as in a YAML runbook."""
        fields = {
            key: value
            for key, value in locals().items()
            if key not in ("self", "name") and value is not None
        }

        def declare(function: ActionFunction) -> Handle:
            told = {**fields, "doc": doc or inspect.cleandoc(function.__doc__ or "")}
            self.actions.append(Declared(name, function, told))
            return Handle(self, len(self.actions) - 1, function)

        return declare


def decode_json(text: str) -> object:
    """Read JSON that a command or an HTTP service wrote; its texts stay what somebody else said.

    Raises:
        ActionError: It is no JSON.
    """
    try:
        return _given(msgspec.json.decode(text.encode()))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ActionError("json", str(error)) from None


def _given(value: object) -> object:
    match value:
        case str():
            return Given(value)
        case list():
            return [_given(each) for each in value]
        case dict():
            return {name: _given(each) for name, each in value.items()}
        case _:
            return value
