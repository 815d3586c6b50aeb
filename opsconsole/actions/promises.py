"""Whether a plugin's code is what its manifest says, and the entry that would say it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from opsconsole.actions.lazy_action import broken_promises
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.python_action import make_action
from opsconsole.actions.python_plugin import PluginCodeError
from opsconsole.actions.rollout_form import say_rollout
from opsconsole.actions.spec import SpecError, confirm_floor
from opsconsole.config.units import show_duration
from opsconsole.model.action import ActionSpec, may_be_empty
from opsconsole.model.states import Confirm

_SAID: Final = (
    "title", "scope", "effect", "idempotent", "arity", "doc", "owner", "tags", "runbook_url", "match",
    "needs", "confirm", "max_parallel", "stop_on_failure", "max_targets", "keys", "output", "undo_policy",
    "targets", "locks", "notify",
)  # fmt: skip
_ALWAYS: Final = ("title", "scope", "effect", "idempotent")
_BARE: Final = re.compile(r"(?!(true|false|null|yes|no|on|off)\Z)[A-Za-z][A-Za-z0-9_./-]*")


def broken(found: Found) -> Iterator[str]:
    """Run the code and list every promise it does not keep, a sentence each."""
    if found.code is None:
        return
    try:
        code = found.code.load()
    except PluginCodeError as error:
        yield str(error)
        return
    plugin = found.record.id
    told = {action.spec.id: action.spec for action in found.actions}
    for name, declared in code.actions.items():
        spec = told.pop(f"{plugin}.{name}", None)
        if spec is None:
            yield f"{name} is in the code and not in the manifest: nobody is offered it"
            continue
        try:
            done = make_action(declared, plugin, "", b"").spec
        except SpecError as error:
            yield f"{name}: {error}"
            continue
        yield from (f"{name}: {said}" for said in broken_promises(spec, done))
    yield from (f"{spec.id} has no code" for spec in told.values() if spec.front == "python")
    yield from _contributions(found, set(code.others))


def _contributions(found: Found, declared: set[tuple[str, str]]) -> Iterator[str]:
    said = {
        (each.kind, each.id.partition(".")[2])
        for each in found.record.contributes
        if not each.run and each.kind != "param_type"
    }
    yield from (f"the {kind} {name} has no code" for kind, name in sorted(said - declared))
    for kind, name in sorted(declared - said):
        yield f"the {kind} {name} is in the code and not in the manifest: nothing calls it"


def entry_of(spec: ActionSpec) -> Iterator[str]:
    """Write an action's entry for `contributes: actions:`, line by line, in YAML."""
    yield f"- id: {spec.id.partition('.')[2]}"
    plain = ActionSpec("", "", spec.effect, "", confirm=confirm_floor(Confirm.NONE, spec.effect))
    both: Mapping[str, int] = {}  # said once, one of two numbers would hold for the other
    if spec.rollout is not None and spec.rollout.max_parallel != spec.max_parallel:
        both = {"max_parallel": spec.rollout.max_parallel}
    for field in _SAID:
        value = getattr(spec, field)
        if field in _ALWAYS or field in both or value != getattr(plain, field):
            yield f"  {field}: {_flow(value)}"
    yield f"  timeout: {show_duration(spec.timeout)}"
    if spec.outage:
        yield f"  outage: {show_duration(spec.outage)}"
    if spec.rollout is not None:
        yield f"  rollout: {_flow({**say_rollout(spec.rollout), **both})}"
    yield "  params:" if spec.params else "  params: {}"
    for param in spec.params:
        yield f"    {param.name}: {_flow(_param(msgspec.to_builtins(param)))}"


def _param(param: dict[str, object]) -> dict[str, object]:
    kept = {
        key: value
        for key, value in param.items()
        if key not in ("name", "required") and (value or value == 0) and value is not False
    }
    for limit in ("min", "max") if param["type"] == "duration" else ():
        if limit in kept:
            kept[limit] = show_duration(float(str(kept[limit])))
    if param["required"] is not may_be_empty(
        None if "default" not in kept else str(kept["default"])
    ):
        kept["required"] = param["required"]
    return kept


def _flow(value: object) -> str:
    """Write a value in YAML's flow style; a text that could be read as anything else is quoted."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_flow(each) for each in value) + "]"
        case float():
            return f"{value:.12f}".rstrip("0").rstrip(".")
        case str() if _BARE.fullmatch(value):
            return str(value)
        case _:
            return msgspec.json.encode(value, enc_hook=str).decode()
