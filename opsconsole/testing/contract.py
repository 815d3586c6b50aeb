"""What every action must keep, whoever wrote it: plans change nothing, values stay data, unseen is not good."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.actions.grammars import GRAMMARS, World
from opsconsole.actions.params import read_value
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.states import Effect
from opsconsole.testing.kit import Fleet
from opsconsole.testing.views import RunView

HOSTILE: Final = (
    "; touch /tmp/x", "$(touch /tmp/x)", "`touch /tmp/x`", "' ; touch /tmp/x ; '", '" ; touch /tmp/x ; "',
    "\\'; touch /tmp/x; \\'", "-rf", "--help", "${params.word}", "%s%n", "a\nb", "* ? [a-z]", "~root",
    "!! !$", "| tee /tmp/x", "&& touch /tmp/x", "> /tmp/x", "ключ 鍵 🔑", "\x1b[2J", "a\tb", "\u202egnp.exe",
    "x" * 5_000,
)  # fmt: skip
"""Twenty-two values that have broken tools of this field."""
SAMPLES: Final[Mapping[str, str]] = {
    "str": "abc", "text": "abc\n", "int": "2", "float": "2.5", "bool": "true", "percent": "10%",
    "duration": "10s", "bytes": "100MiB", "when": "10m ago", "enum": "abc", "multi": "abc", "host": "web1",
    "hosts": "web1", "service": "shop", "alert": "none", "unit": "nginx.service", "pid": "4242",
    "path": "/srv/x", "hostname": "example.org", "ip": "192.0.2.1", "cidr": "192.0.2.0/24",
    "port": "8080", "url": "https://example.org/",
}  # fmt: skip
SEEDS: Final = 8
_HEALTHY: Final = "web[1-3]"
_FACTS: Final = {"init": "systemd", "os": "Debian GNU/Linux 12", "kernel": "6.1"}


class Broken(Struct, frozen=True):
    """One promise that an action does not keep."""

    action: str
    promise: str
    text: str


async def examine(fleet: Fleet, spec: ActionSpec) -> tuple[Broken, ...]:
    """Try one action every way; gives what it broke, nothing when it kept all.

    Args:
        fleet: With the plugin loaded; hosts are added here.
        spec: The action.
    """
    fleet.add(_HEALTHY, labels={"rack": lambda i: f"r{i}"}, service="shop", **_FACTS)
    exam = _Examination(fleet, spec)
    broken = [
        *(Broken(spec.id, "a plan changes nothing", said) for said in await exam.plan()),
        *(Broken(spec.id, "a value stays one argument", said) for said in await exam.hostile()),
        *(Broken(spec.id, "its code does not raise", said) for said in await exam.healthy()),
        *(Broken(spec.id, "nothing unseen is good", said) for said in await exam.chaos()),
    ]
    return tuple(broken)


class _Examination:
    """One action under examination."""

    def __init__(self, fleet: Fleet, spec: ActionSpec) -> None:
        self._fleet = fleet
        self._spec = spec
        self._values = {param.name: sample(param) for param in spec.params if _is_given(param)}
        self._targets = "shop" if spec.scope == "service" else "web1"

    async def plan(self) -> list[str]:
        """Plan it; whatever left for a host must have been a read."""
        before = len(self._fleet.remote.dispatched)
        try:
            plan = await self._fleet.plan(self._spec.id, targets=self._targets, **self._values)
        except RefusedError as error:
            return [] if error.code == "match" else [str(error)]
        writes = [list(s.argv) for t in plan.record.targets for s in t.steps if _writes(s.effect)]
        sent = [list(each.command.argv) for each in self._fleet.remote.dispatched[before:]]
        return [f"the plan sent {argv}" for argv in sent if argv in writes]

    async def hostile(self) -> list[str]:
        """Put each hostile value into each parameter: refused, or one argument like any other value."""
        if "adhoc" in self._spec.tags:  # its parameter is an argument list
            return []
        usual = await self._shapes(self._values)
        return [
            f"{param.name}={value[:40]!r} made other commands than usual"
            for param in self._spec.params
            for value in HOSTILE
            if await self._shapes({**self._values, param.name: value}) - usual
        ]

    async def _shapes(self, values: Mapping[str, str]) -> set[tuple[str, int]]:
        """Plan with these values; gives each command's program and number of arguments."""
        try:
            plan = await self._fleet.plan(self._spec.id, targets=self._targets, **values)
        except RefusedError:
            return set()
        steps = [step for target in plan.record.targets for step in target.steps if step.argv]
        return {(step.argv[0], len(step.argv)) for step in steps}

    async def healthy(self) -> list[str]:
        """Run it on a fleet where every command exits with 0 and says nothing."""
        run = await self._run()
        if run is None:
            return []
        raised = [t.why for t in run if t.why.startswith("plugin error")]
        wrote = bool(run.touched) and self._spec.effect is Effect.READ
        return [*raised, *(["a reading action wrote"] if wrote else [])]

    async def chaos(self) -> list[str]:
        """Run it while connections drop, hang and lie."""
        said: list[str] = []
        for seed in range(SEEDS):
            self._fleet.remote.down.clear()
            self._fleet.chaos(seed)
            run = await self._run()
            self._fleet.remote.chaos = None
            if run is not None:
                said += [f"seed {seed}: {each}" for each in unsettled(run)]
        return said

    async def _run(self) -> RunView | None:
        try:
            return await self._fleet.run(
                self._spec.id, targets=self._targets, confirm=True, rollout=None, **self._values
            )
        except RefusedError:
            return None


def unsettled(run: RunView) -> Iterator[str]:
    """Say what is called good though a write of it was never seen to end, and runs that do not end."""
    if not run.record.state.is_over:
        yield f"the run is {run.state}"
    for target in run.unsettled & run.good:
        yield f"{target} is {run[target].state} with a write nobody saw end"


def sample(param: ParamSpec) -> str:
    """Give a value of a parameter's grammar."""
    if param.choices:
        return param.choices[0]
    if param.default and "${" not in param.default:
        return param.default
    for text in (SAMPLES.get(param.type, "abc"), f"{param.min or 2:g}", *param.under):
        try:
            read_value(param, text, World({"web1"}, {"shop"}))
        except ValueError:
            continue
        return text
    return SAMPLES.get(param.type, "abc")


def _is_given(param: ParamSpec) -> bool:
    return param.required and param.type in GRAMMARS


def _writes(effect: Effect) -> bool:
    return effect is not Effect.READ


def examine_folder(folder: Path) -> tuple[tuple[str, tuple[Broken, ...]], ...]:
    """Examine every action of the plugin in a folder: id, and what it broke.

    Raises:
        RefusedError: The plugin cannot be loaded.
    """
    return asyncio.run(_examine_folder(folder))


async def _examine_folder(folder: Path) -> tuple[tuple[str, tuple[Broken, ...]], ...]:
    results = []
    with tempfile.TemporaryDirectory(prefix="opsconsole-contract-") as state:
        for name in _own_actions(folder, Path(state)):
            async with Fleet(Path(state) / name, [folder]) as fleet:
                results.append((name, await examine(fleet, fleet.registry.specs[name])))
    return tuple(results)


def _own_actions(folder: Path, state: Path) -> list[str]:
    registry = Fleet(state / "look", [folder]).registry
    own = [record for record in registry.plugins.values() if record.level != "shipped"]
    for record in own:
        if record.error:
            raise RefusedError("capability", f"{record.id} cannot be loaded: {record.error}")
    return [name for record in own for name in record.actions]
