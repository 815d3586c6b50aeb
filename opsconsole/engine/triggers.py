"""The duty that carries rules out: looks at the fires, tells what it would do, and does it where it may."""

from pathlib import Path
from typing import Final, Protocol

from opsconsole.clock import Clock
from opsconsole.errors import OpsConsoleError
from opsconsole.model.action import Plan
from opsconsole.model.calls import PlanRun, StartRun
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.run import Run
from opsconsole.model.trigger import Trigger
from opsconsole.runs.service import RunService
from opsconsole.runs.triggers import (
    ACTOR,
    GIVES_UP_AFTER,
    Ground,
    Wish,
    did_not_help,
    is_ours,
    wishes,
)
from opsconsole.state.store import Store

KILL_SWITCH: Final = "triggers.off"
"""A file of this name in the engine's folder stops every rule at once."""
_STEP: Final = 5.0
"""Seconds between two looks."""


class Configured(Protocol):
    """Who knows the inventory in force."""

    @property
    def inventory(self) -> Inventory:
        """The newest one."""
        ...


class TriggerDesk:
    """Considers each fire once a rule, and remembers what came of it."""

    def __init__(
        self,
        store: Store,
        runs: RunService,
        configuration: Configured,
        folder: Path,
        clock: Clock,
    ) -> None:
        """Set up; the rules in force are the same tuple for as long as the file is."""
        self._store = store
        self._runs = runs
        self._configuration = configuration
        self._folder = folder
        self._clock = clock
        self._seen_file: tuple[Trigger, ...] = ()
        self._considered: dict[tuple[str, str], str] = {}
        """Rule and episode to what was told of it."""
        self._shadows: dict[tuple[str, str], tuple[Wish, float]] = {}
        """What a rule would have done, and when, until it is seen what people did."""
        self._started: dict[str, Wish] = {}
        """Runs whose effect is not known yet."""
        self._useless: dict[str, int] = {}
        """Rule to runs in a row that did not help."""

    def _triggers(self) -> tuple[Trigger, ...]:
        return self._configuration.inventory.settings.triggers

    async def run(self) -> None:
        """Look at the fires again and again, until cancelled."""
        while True:
            if self._triggers():
                await self.step()
            await self._clock.sleep(_STEP)

    async def step(self) -> None:
        """Look once."""
        triggers, now = self._triggers(), self._clock.now()
        if triggers is not self._seen_file:
            self._seen_file = triggers
            self._useless.clear()  # a person looked at the file: that closes the breakers
        self._learn(now)
        given_up = frozenset(n for n, count in self._useless.items() if count >= GIVES_UP_AFTER)
        ground = Ground(now, (self._folder / KILL_SWITCH).exists(), given_up)
        for wish in wishes(self._store.snapshot, triggers, ground):
            await self._consider(wish, now)
        self._compare(now)

    async def _consider(self, wish: Wish, now: float) -> None:
        """A fire asks once; what only speaks against it for now is looked at again, and told once."""
        key = (wish.trigger.name, wish.episode)
        said = wish.refusal or "yes"
        if self._considered.get(key) in ("yes", said):
            return
        self._considered[key] = said
        what = f"{wish.action} on {wish.target.partition(':')[2]} for {wish.alert}"
        if wish.refusal:
            word = "would not run" if wish.trigger.mode == "shadow" else "does not run"
            self._tell(wish, f"{word} {what}: {wish.refusal}")
        elif wish.trigger.mode == "shadow":
            self._shadows[key] = (wish, now)
            self._tell(wish, f"would have run {what}")
        else:
            await self._start(wish, what)

    async def _start(self, wish: Wish, what: str) -> None:
        """Go the way of every run: plan, policy, locks, journal; a refusal there is told, not argued with."""
        actor = f"{ACTOR}{wish.trigger.name}"
        shown = self._store.snapshot
        try:
            plan: Plan = await self._runs.plan(
                PlanRun(wish.action, (wish.target,), {}, wish.episode), actor, shown
            )
            going = [target for target in plan.targets if not target.skip]
            if len(going) != 1 or plan.refusal or plan.peer:
                peer = plan.peer and f"a second person has to agree: {plan.peer}"
                why = plan.refusal or peer or f"it would be {len(going)} targets"
                self._tell(wish, f"does not run {what}: {why}")
                return
            reason = f"{wish.alert} burns, nobody has it"
            call = StartRun(plan.id, plan.hash, plan.expect, reason)
            started = await self._runs.start(call, actor, shown)
        except OpsConsoleError as error:
            self._tell(wish, f"does not run {what}: {error}")
            return
        self._started[started.run] = wish
        self._tell(wish, f"runs {what} ({started.run})")

    def _learn(self, now: float) -> None:
        """See whether a run helped; rules that do not help stop."""
        shown = self._store.snapshot
        for run_id, wish in list(self._started.items()):
            run = shown.runs.get(run_id)
            useless = None if run is None else did_not_help(shown, run, wish.episode, now)
            if useless is None:
                continue
            del self._started[run_id]
            name = wish.trigger.name
            self._useless[name] = self._useless.get(name, 0) + 1 if useless else 0
            if self._useless[name] == GIVES_UP_AFTER:
                said = f"stops: {GIVES_UP_AFTER} runs in a row did not clear the fire"
                self._tell(wish, said)

    def _compare(self, now: float) -> None:
        """Set what a rule in shadow would have done beside what people did."""
        shown = self._store.snapshot
        for key, (wish, at) in list(self._shadows.items()):
            same = next((r for r in shown.runs.values() if _is_same(r, wish, at)), None)
            alert = shown.alerts.get(wish.episode)
            if same is not None:
                after = f"{now - at:.0f} s later"
                self._tell(wish, f"was right: {same.actor} ran {wish.action} {after}")
            elif alert is None or not alert.is_firing:
                self._tell(wish, f"was not needed: {wish.alert} cleared without {wish.action}")
            else:
                continue
            del self._shadows[key]

    def _tell(self, wish: Wish, text: str) -> None:
        actor = f"{ACTOR}{wish.trigger.name}"
        self._store.put_event(Event(0, self._clock.now(), actor, "run", wish.target, text))


def _is_same(run: Run, wish: Wish, since: float) -> bool:
    name = wish.target.partition(":")[2]
    return (
        not is_ours(run)
        and run.at >= since
        and run.action == wish.action
        and any(target.name == name for target in run.targets)
    )
