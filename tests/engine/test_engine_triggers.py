"""Rules that start runs: in shadow they only tell, live they go the way of every run, useless ones stop."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from opsconsole.engine.triggers import KILL_SWITCH, TriggerDesk
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun, Started, StartRun
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory, Settings
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import (
    AlertState,
    Confirm,
    Effect,
    RunState,
    Severity,
    TargetState,
)
from opsconsole.model.trigger import Trigger

NOW = 1_000_000.0
RULE = Trigger("heal", "UnitFailed", "core.unit-restart", after=60, cooldown=60, per_hour=6)
RESTART = ActionSpec("core.unit-restart", "Restart", Effect.WRITE, "host", idempotent=True)
FIRE = Alert(
    "fp", "fp-1", "UnitFailed", Severity.WARNING, "warning", AlertState.FIRING, NOW - 120, "host:web-01", "rules",
)  # fmt: skip


class Hands:
    """A clock that is moved, a store that is looked at, a run service that notes what it is asked."""

    def __init__(self) -> None:
        self.at = NOW
        self.told: list[str] = []
        self.asked: list[object] = []
        self.refusal = ""
        self.error: Exception | None = None
        self.snapshot = Snapshot(
            now=NOW,
            hosts={"web-01": HostRecord("web-01")},
            alerts={"fp-1": FIRE},
            actions={RESTART.id: RESTART},
        )
        self.inventory = Inventory(settings=Settings(triggers=(RULE,)))

    def now(self) -> float:
        return self.at

    def put_event(self, event: Event) -> None:
        self.told.append(event.text)

    async def plan(self, call: PlanRun, actor: str, snapshot: Snapshot) -> Plan:
        self.asked.append((actor, call))
        if self.error is not None:
            raise self.error
        return Plan(
            "p1", call.action, "Restart", Effect.WRITE, {}, (PlannedTarget("web-01"),), Confirm.COUNT,
            "1", 1, True, 60.0, "h", refusal=self.refusal,
        )  # fmt: skip

    async def start(self, call: StartRun, actor: str, snapshot: Snapshot) -> Started:
        self.asked.append((actor, call))
        return Started(f"r{len(self.asked)}")

    def use(self, **change: object) -> None:
        self.inventory = Inventory(settings=Settings(triggers=(replace(RULE, **change),)))

    def burn(self, episode: str) -> None:
        self.snapshot = replace(
            self.snapshot, alerts={episode: replace(FIRE, episode=episode, since=self.at - 120)}
        )

    def ran(self, name: str, actor: str, at: float) -> None:
        run = Run(
            name, RESTART.id, "Restart", Effect.WRITE, actor, RunState.SUCCEEDED, at, {},
            (RunTarget("web-01", TargetState.CHANGED),), "h", ended=at + 1,
        )  # fmt: skip
        self.snapshot = replace(self.snapshot, runs={**self.snapshot.runs, name: run})


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def desk(hands: Hands, tmp_path: Path) -> TriggerDesk:
    return TriggerDesk(hands, hands, hands, tmp_path, hands)  # type: ignore[arg-type]  # it plays all parts


async def test_in_shadow_nothing_is_asked_for_and_it_is_told_once(
    hands: Hands, desk: TriggerDesk
) -> None:
    await desk.step()
    await desk.step()

    assert hands.asked == []
    assert hands.told == ["would have run core.unit-restart on web-01 for UnitFailed"]


async def test_what_people_did_is_set_beside_it(hands: Hands, desk: TriggerDesk) -> None:
    await desk.step()
    hands.at += 40
    hands.ran("r7", "op1", hands.at)
    await desk.step()

    assert hands.told[-1] == "was right: op1 ran core.unit-restart 40 s later"


async def test_a_fire_that_went_by_itself_is_told_too(hands: Hands, desk: TriggerDesk) -> None:
    await desk.step()
    hands.snapshot = replace(hands.snapshot, alerts={})
    await desk.step()

    assert hands.told[-1] == "was not needed: UnitFailed cleared without core.unit-restart"


async def test_live_it_goes_by_plan_and_start_under_its_own_name(
    hands: Hands, desk: TriggerDesk
) -> None:
    hands.use(mode="live")
    await desk.step()
    await desk.step()

    (actor, planned), (starter, started) = hands.asked
    assert (actor, starter) == ("trigger:heal", "trigger:heal")
    assert planned == PlanRun("core.unit-restart", ("host:web-01",), {}, "fp-1")
    assert (started.plan, started.hash, started.confirm) == ("p1", "h", "1")
    assert hands.told == ["runs core.unit-restart on web-01 for UnitFailed (r2)"]


async def test_a_plan_that_is_refused_is_told_and_not_started(
    hands: Hands, desk: TriggerDesk
) -> None:
    hands.use(mode="live")
    hands.refusal = "prod is LOCKED"
    await desk.step()

    assert len(hands.asked) == 1
    assert hands.told[-1].endswith("for UnitFailed: prod is LOCKED")


async def test_an_engine_that_says_no_is_not_argued_with(hands: Hands, desk: TriggerDesk) -> None:
    hands.use(mode="live")
    hands.error = RefusedError("held", "web-01 is held by op1")
    await desk.step()
    await desk.step()

    assert len(hands.asked) == 1
    assert hands.told[-1].endswith("web-01 is held by op1")


async def test_the_kill_switch_file_stops_every_rule(
    hands: Hands, desk: TriggerDesk, tmp_path: Path
) -> None:
    hands.use(mode="live")
    (tmp_path / KILL_SWITCH).touch()
    await desk.step()
    assert hands.asked == []
    assert hands.told[-1].endswith("the kill switch is on")

    (tmp_path / KILL_SWITCH).unlink()
    await desk.step()
    assert len(hands.asked) == 2


async def test_two_runs_that_did_not_help_open_the_breaker_and_a_reload_closes_it(
    hands: Hands, desk: TriggerDesk
) -> None:
    hands.use(mode="live")
    for number in (1, 2):
        hands.burn(f"fp-{number}")
        await desk.step()
        hands.ran(f"r{number * 2}", "trigger:heal", hands.at)
        hands.at += 1_000
        await desk.step()
    assert hands.told[-1] == "stops: 2 runs in a row did not clear the fire"

    hands.burn("fp-3")
    await desk.step()
    assert len(hands.asked) == 4
    assert hands.told[-1].endswith("2 runs did not clear the fire: it waits for a reload")

    hands.use(mode="live")
    await desk.step()
    assert len(hands.asked) == 6
