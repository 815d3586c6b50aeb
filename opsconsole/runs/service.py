"""Runs as the engine offers them: plan, start, stop, read, choices; whoever asks, whatever the console does."""

from pathlib import Path

from opsconsole.actions.registry import Registry
from opsconsole.clock import Clock
from opsconsole.model.action import Plan
from opsconsole.model.calls import (
    Choices,
    Done,
    Output,
    PlanRun,
    ReadChoices,
    ReadOutput,
    Started,
    StartRun,
    StopRun,
)
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.runs.ports import Ports


class RunService:
    """Owns every run of this engine: plans, tasks, locks, journals and output."""

    def __init__(self, registry: Registry, ports: Ports, state: Path, clock: Clock) -> None:
        """Set up; `state` is the engine's folder (0700), `runs/` and `locks/` are made below it."""
        self._registry = registry
        self._ports = ports
        self._state = state
        self._clock = clock

    @property
    def live(self) -> int:
        """How many runs are not over."""
        raise NotImplementedError

    def use(self, registry: Registry) -> None:
        """Take another set of actions (a reload); runs under way keep theirs."""
        self._registry = registry

    async def serve(self) -> None:
        """Carry runs out until cancelled; started runs wait for this to be running."""
        raise NotImplementedError

    async def recover(self) -> tuple[Run, ...]:
        """Read earlier runs' journals, oldest first; close those whose engine died (UNKNOWN where dispatched)."""
        raise NotImplementedError

    async def plan(self, call: PlanRun, actor: str, snapshot: Snapshot) -> Plan:
        """Plan an action; nothing changes. `Plan.refusal` says why it could not be started now.

        Raises:
            RefusedError: unknown-action, unknown-target, empty, match, param, capability.
        """
        raise NotImplementedError

    async def start(self, call: StartRun, actor: str, snapshot: Snapshot) -> Started:
        """Start a plan of this actor, once.

        Raises:
            RefusedError: plan (gone, changed, another's), confirm, locked, read-only, frozen, held, journal.
        """
        raise NotImplementedError

    async def stop(self, call: StopRun, actor: str) -> Done:
        """Start nothing new; with interrupt, end what runs too.

        Raises:
            RefusedError: not-running.
        """
        raise NotImplementedError

    async def output(self, call: ReadOutput) -> Output:
        """Give lines behind the cursor, waiting up to `wait` seconds for the first new one.

        Raises:
            RefusedError: not-running: no such run.
        """
        raise NotImplementedError

    async def choices(self, call: ReadChoices, actor: str, snapshot: Snapshot) -> Choices:
        """Ask the first target for a parameter's choices, 2 s at most; best first, cached 30 s."""
        raise NotImplementedError
