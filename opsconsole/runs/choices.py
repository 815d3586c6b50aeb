"""A parameter's choices, asked of a target by a reading action: bounded, cached, read by its grammar."""

import asyncio
from collections.abc import Callable
from typing import Final

from opsconsole.actions.grammars import World
from opsconsole.actions.params import Values, read_value
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action
from opsconsole.actions.target_words import resolve_targets
from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.action import ParamSpec
from opsconsole.model.calls import Choices, ReadChoices
from opsconsole.model.inventory import Host
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.boundary import run_guarded
from opsconsole.runs.planning import LookAhead
from opsconsole.runs.ports import Ports
from opsconsole.runs.stage import Shared, Stage
from opsconsole.runs.targets import host_target

BUDGET: Final = 2.0
"""Seconds a form waits."""
KEPT: Final = 30.0
LIMIT: Final = 500


class ChoiceBook:
    """Asks, and remembers for half a minute."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        self._ports = ports
        self._clock = clock
        self._kept: dict[tuple[str, str, str], tuple[float, Choices]] = {}

    async def choose(
        self,
        call: ReadChoices,
        registry: Registry,
        host_of: Callable[[str], Host | None],
        snapshot: Snapshot,
    ) -> Choices:
        """Give a parameter's choices: its own, or what its source says on the first target.

        Raises:
            RefusedError: unknown-action, unknown-target, param.
        """
        action = registry.resolve(call.action)
        param = next((each for each in action.spec.params if each.name == call.param), None)
        if param is None:
            raise RefusedError(
                "param", f"{action.spec.id} has no parameter {clean(call.param, 60)}"
            )
        if param.choices or param.choices_from is None:
            return Choices(param.choices)
        source = registry.resolve(param.choices_from)
        names = resolve_targets(call.targets, "host", Effect.READ, snapshot)
        host = host_of(names[0])
        if host is None:
            return Choices((), f"{names[0]} cannot be asked")
        return await self.ask(source, param, host, snapshot)

    async def ask(
        self, source: Action, param: ParamSpec, host: Host, snapshot: Snapshot
    ) -> Choices:
        """Run the reading action on one host; its lines' first words are the choices, in its order."""
        key = (source.spec.id, param.name, host.name)
        at, known = self._kept.get(key, (0.0, Choices(())))
        if known.values and self._clock.monotonic() - at < KEPT:
            return known
        choices = await self._ask(source, param, host, snapshot)
        if choices.values:
            self._kept[key] = (self._clock.monotonic(), choices)
        return choices

    async def _ask(
        self, source: Action, param: ParamSpec, host: Host, snapshot: Snapshot
    ) -> Choices:
        if source.spec.effect is not Effect.READ or source.spec.params:
            return Choices((), f"{source.spec.id} is no reading action without parameters")
        stage = Stage(source, host.name, host.ref, Shared(snapshot, Effect.READ))
        ahead = LookAhead(stage, host, self._ports, now=snapshot.now, every_read=True)
        try:
            async with asyncio.timeout(BUDGET):
                target = host_target(host.name, snapshot)
                _, trouble = await run_guarded(source.impl, ahead, target, Values({}))
        except TimeoutError:
            return Choices((), f"{host.name} did not answer in {BUDGET:g} s")
        if trouble is not None:
            return Choices((), f"{host.name}: {trouble.why}")
        lines = [line for answer in ahead.seen.answers for line in answer.lines]
        return Choices(_good_values(lines, param, snapshot))


def _good_values(lines: list[str], param: ParamSpec, snapshot: Snapshot) -> tuple[str, ...]:
    """What a host says is as hostile as what a person types: the same grammar reads it."""
    world = World(snapshot.hosts, snapshot.services, snapshot.alerts, snapshot.now)
    found: dict[str, None] = {}
    for line in lines:
        word = (line.split() or [""])[0]
        try:
            found[read_value(param, word, world).text] = None
        except ValueError:
            continue
        if len(found) >= LIMIT:
            break
    return tuple(found)
