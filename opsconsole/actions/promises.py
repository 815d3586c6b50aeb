"""Whether a plugin's code is what its manifest says, and the entry that would say it."""

from collections.abc import Iterator
from typing import Final

import msgspec

from opsconsole.actions.lazy_action import broken_promises
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.python_action import make_action
from opsconsole.actions.python_plugin import PluginCodeError
from opsconsole.actions.spec import SpecError
from opsconsole.model.action import ActionSpec

_SAID: Final = (
    "title", "scope", "effect", "idempotent", "arity", "match", "needs", "confirm", "max_parallel",
    "stop_on_failure", "max_targets", "keys", "output",
)  # fmt: skip


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


def entry_of(spec: ActionSpec) -> str:
    """Write an action's entry for `contributes: actions:`, in YAML's flow style."""
    entry: dict[str, object] = {"id": spec.id.partition(".")[2]}
    plain = ActionSpec("", "", spec.effect, "")
    for field in _SAID:
        value = getattr(spec, field)
        if field in ("title", "scope", "effect", "idempotent") or value != getattr(plain, field):
            entry[field] = value
    entry["timeout"] = f"{spec.timeout:g}s"
    if spec.outage:
        entry["outage"] = f"{spec.outage:g}s"
    entry["params"] = {param.name: _param(msgspec.to_builtins(param)) for param in spec.params}
    return msgspec.json.encode(entry).decode()


def _param(param: dict[str, object]) -> dict[str, object]:
    kept = {
        key: value
        for key, value in param.items()
        if key not in ("name", "required") and value not in ("", None, [], False)
    }
    if "default" not in kept and not param["required"]:
        kept["required"] = False
    return kept
