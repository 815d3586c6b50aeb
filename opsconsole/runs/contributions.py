"""Calls what plugins contribute beside actions: each call in its bulkhead, with a deadline, and read-only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from opsconsole.actions.api import Host as TargetHost
from opsconsole.actions.api import Outcome, Result
from opsconsole.actions.argv import build_argv
from opsconsole.actions.contributing import Verdict
from opsconsole.actions.conversation import Child, converse
from opsconsole.actions.executable import Desk, describe
from opsconsole.actions.params import Values
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import Invoke
from opsconsole.actions.python_plugin import PluginCodeError
from opsconsole.actions.reference import Scope, fill_slot, parse_template
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Request, Target
from opsconsole.actions.wards import Wards
from opsconsole.clock import Clock
from opsconsole.errors import ActionError
from opsconsole.model.action import ActionSpec
from opsconsole.model.inventory import Host
from opsconsole.model.plugin import Contribution
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.parsers.perfdata import parse_plugin_output
from opsconsole.runs.boundary import Call, call_guarded
from opsconsole.runs.planning import LookAhead
from opsconsole.runs.ports import Ports
from opsconsole.runs.stage import Shared, Stage
from opsconsole.transport.base import Remote

_NAGIOS: Final[Mapping[int, str]] = {0: "ok", 1: "warning", 2: "critical"}
"""Exit codes of the Monitoring Plugins Development Guidelines; anything else is unknown."""
NOWHERE: Final = TargetHost("")
AT_ONCE: Final = 16
"""Calls under way, all plugins together."""


class _NoImpl:
    """A contribution is called by its kind, not as an action."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        raise ActionError("contribution", f"{door.run_id} {target.name} {len(values)}")


_NO_IMPL: Final = _NoImpl()


class ReadDoor(LookAhead):
    """`ctx` of a contribution: reads are run, a change is refused."""

    async def execute(self, request: Request) -> Result:
        """Run a read."""
        if request.effect is not Effect.READ:
            raise ActionError(request.step, "only an action may change something")
        return await super().execute(request)


class Contributions:
    """Finds a contribution's code or program, and calls it."""

    def __init__(
        self,
        registry: Registry,
        wards: Wards,
        remote: Remote,
        host: Callable[[str], Host | None],
        clock: Clock,
    ) -> None:
        """Set up.

        Args:
            registry: What is loaded; `use` takes another.
            wards: Who counts faults.
            remote: How hosts are asked.
            host: Finds a host of the inventory.
            clock: Time.
        """
        self._registry = registry
        self._wards = wards
        self._remote = remote
        self._host = host
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    def use(self, registry: Registry) -> None:
        """Take another set of plugins."""
        self._registry = registry

    def blame(self, spec: Contribution, why: str) -> None:
        """Note that a contribution gave back something else than its kind does."""
        self._wards.fault(spec.plugin, "protocol", spec.id, why)

    def find(self, kind: str, id: str) -> Contribution | None:
        """Find a contribution by its kind and id."""
        return self._registry.contributions.get((kind, id))

    async def call(
        self,
        spec: Contribution,
        target: Target = NOWHERE,
        values: Values | None = None,
        given: tuple[object, ...] = (),
    ) -> Call:
        """Call one.

        Args:
            spec: Which.
            target: What it is called for; nothing for panes, notifiers, inventories.
            values: Parameters of a check or a gate.
            given: What else its function is handed: a notifier's event, a secret's name.

        Returns:
            What it gave, or why there is nothing; never an exception of the plugin's.
        """
        work = self._work(spec, target, values or Values({}), given)
        async with self._slots:
            return await call_guarded(self._wards, spec, work)

    def _work(
        self, spec: Contribution, target: Target, values: Values, given: tuple[object, ...]
    ) -> Callable[[], Awaitable[object]]:
        found = self._registry.found(spec.plugin)
        if found is None:
            return _not_there(spec)
        door = self._door(spec, target)
        program = found.programs.get(f"{spec.kind} {spec.id}")
        if program is None:
            return lambda: self._python(spec, found, door, (target, values, given))
        if spec.protocol == "nagios":
            return lambda: _nagios(program, door, target, values)
        return lambda: _json(spec, program, door, target, values, given)

    def _door(self, spec: Contribution, target: Target) -> ReadDoor:
        action = ActionSpec(
            spec.id, spec.title, Effect.READ, spec.scope, needs=spec.needs, timeout=spec.timeout
        )
        shared = Shared(Snapshot(), Effect.READ)
        stage = Stage(Action(action, _NO_IMPL, spec.plugin), target.name, "", shared)
        host = self._host(target.name)
        ports = Ports(self._remote, self._host)
        return ReadDoor(stage, host, ports, now=self._clock.now(), every_read=True)

    async def _python(
        self,
        spec: Contribution,
        found: Found,
        door: ReadDoor,
        told: tuple[Target, Values, tuple[object, ...]],
    ) -> object:
        if found.code is None:
            raise PluginCodeError(f"{spec.id}: has neither run: nor a file in actions/")
        code = await found.code.loaded()
        name = spec.id.partition(".")[2]
        declared = code.others.get((spec.kind, name))
        if declared is None:
            raise PluginCodeError(
                f"{spec.id}: the manifest names it, the code has no such {spec.kind}"
            )
        arguments = _arguments(spec.kind, *told)
        function: Callable[..., Any] = declared.function
        return await function(door, *arguments)


def _arguments(
    kind: str, target: Target, values: Values, given: tuple[object, ...]
) -> tuple[object, ...]:
    match kind:
        case "collector":
            return (target,)
        case "check" | "gate":
            return (target, {name: parsed.value for name, parsed in values.items()})
        case _:
            return given


def _not_there(spec: Contribution) -> Callable[[], Awaitable[object]]:
    async def fail() -> object:
        await asyncio.sleep(0)
        raise PluginCodeError(f"the plugin {spec.plugin} is not loaded")

    return fail


async def _json(
    spec: Contribution,
    program: Program,
    door: ReadDoor,
    target: Target,
    values: Values,
    given: tuple[object, ...],
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


async def _nagios(program: Program, door: ReadDoor, target: Target, values: Values) -> Verdict:
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
