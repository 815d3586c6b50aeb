"""How a contribution is called: its function, its process over the protocol, or a Nagios plugin."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from opsconsole.actions.api import Host
from opsconsole.actions.argv import build_argv
from opsconsole.actions.aside import beside
from opsconsole.actions.contributing import Verdict
from opsconsole.actions.conversation import Child, converse
from opsconsole.actions.executable import Desk, describe
from opsconsole.actions.grammars import World
from opsconsole.actions.params import Values, read_value
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import Invoke
from opsconsole.actions.python_plugin import PluginCodeError
from opsconsole.actions.reference import Scope, fill_slot, parse_template
from opsconsole.actions.steps import Door, Target
from opsconsole.model.plugin import Contribution
from opsconsole.parsers.perfdata import parse_plugin_output

NOWHERE: Final = Host("")
"""The target of what is called for no host and no service."""
_NAGIOS: Final[Mapping[int, str]] = {0: "ok", 1: "warning", 2: "critical"}
"""Exit codes of the Monitoring Plugins Development Guidelines; anything else is unknown."""
Given = tuple[object, ...]


def work_of(
    spec: Contribution,
    found: Found,
    door: Door,
    target: Target = NOWHERE,
    values: Values | None = None,
    given: Given = (),
) -> Callable[[], Awaitable[object]]:
    """Give the call of a contribution, not begun yet.

    Args:
        spec: Which.
        found: Its plugin, loaded.
        door: Its `ctx`.
        target: What it is called for.
        values: Parameters of a check or a gate.
        given: What else its function is handed: a notifier's event, a secret's name.
    """
    told = _with_defaults(spec, values or Values({}))
    program = found.programs.get(f"{spec.kind} {spec.id}")
    if program is None:
        return lambda: _python(spec, found, door, _arguments(spec.kind, target, told, given))
    if spec.protocol == "nagios":
        return lambda: _nagios(program, door, target, told)
    return lambda: _json(spec, program, door, target, told, given)


def _with_defaults(spec: Contribution, values: Values) -> Values:
    """A gate of a rollout is told nothing: what has a default gets it."""
    missing = {
        param.name: read_value(param, param.default, World())
        for param in spec.params
        if param.default and param.name not in values
    }
    return Values({**missing, **values}) if missing else values


async def _python(spec: Contribution, found: Found, door: Door, arguments: Given) -> object:
    if found.code is None:
        raise PluginCodeError(f"{spec.id}: has neither run: nor a file in actions/")
    code = await found.code.loaded()
    declared = code.others.get((spec.kind, spec.id.partition(".")[2]))
    if declared is None:
        raise PluginCodeError(f"{spec.id}: the manifest names it, the code has no such {spec.kind}")
    function: Callable[..., Any] = declared.function
    return await beside(door, lambda ctx: function(ctx, *arguments))


def _arguments(kind: str, target: Target, values: Values, given: Given) -> Given:
    match kind:
        case "collector":
            return (target,)
        case "check" | "gate":
            return (target, {name: parsed.value for name, parsed in values.items()})
        case _:
            return given


async def _json(
    spec: Contribution,
    program: Program,
    door: Door,
    target: Target,
    values: Values,
    given: Given,
) -> object:
    desk = Desk(door, values)
    params: dict[str, object] = {name: parsed.value for name, parsed in values.items()}
    if given:
        params["given"] = given[0]
    invoke = Invoke(
        1, spec.id, "run", describe(target), params, "", int(spec.timeout * 1000), spec.kind
    )
    line = await converse(program, invoke, desk.serve, desk.hear)
    if spec.kind in ("check", "gate"):
        return {"state": line.state, "summary": line.summary, "perfdata": line.data}
    return line.data


async def _nagios(program: Program, door: Door, target: Target, values: Values) -> Verdict:
    """Run a Nagios plugin here; a reference fills one argument."""
    scope = Scope(values, target, None, door.run_id)
    argv = build_argv([fill_slot(parse_template(word), scope) for word in program.argv])
    child = Child(Program(argv, program.folder, program.plugin, program.content, program.checked))
    try:
        await child.start()
        stdout, status = await child.read_all(b"")
    finally:
        await child.end(0.0)
    said = parse_plugin_output(stdout)
    state = _NAGIOS.get(status, "unknown")
    return Verdict(state, said.summary or child.last_word or f"exit {status}", said.values)
