"""Runs that start by themselves: when a fire asks for one, and everything that speaks against it."""

import pytest
from msgspec.structs import replace

from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import (
    AlertState,
    Confirm,
    Effect,
    Freshness,
    RunState,
    Severity,
    TargetState,
)
from opsconsole.model.trigger import Trigger
from opsconsole.runs.triggers import Ground, did_not_help, wishes

NOW = 1_000_000.0
RULE = Trigger("heal", "UnitFailed", "unit-restart", after=60, cooldown=600, per_hour=2)
RESTART = ActionSpec("core.unit-restart", "Restart", Effect.WRITE, "host", idempotent=True)
FIRE = Alert(
    "fp", "fp-1", "UnitFailed", Severity.WARNING, "warning", AlertState.FIRING, NOW - 120, "host:web-01", "rules",
)  # fmt: skip


def a_run(actor: str, at: float, *, over: bool = True, name: str = "web-01", **more: object) -> Run:
    run = Run(
        f"r{at}", "core.unit-restart", "Restart", Effect.WRITE, actor,
        RunState.SUCCEEDED if over else RunState.RUNNING, at, {},
        (RunTarget(name, TargetState.CHANGED),), "h", ended=at + 5 if over else None,
    )  # fmt: skip
    return replace(run, **more)


def night(fire: Alert = FIRE, *runs: Run, action: ActionSpec = RESTART) -> Snapshot:
    return Snapshot(
        now=NOW,
        hosts={"web-01": HostRecord("web-01")},
        alerts={fire.episode: fire},
        actions={action.id: action},
        runs={run.id: run for run in runs},
    )


def asked(snapshot: Snapshot, rule: Trigger = RULE, ground: Ground = Ground(NOW)) -> list[str]:  # noqa: B008 - frozen
    return [wish.refusal for wish in wishes(snapshot, [rule], ground)]


def test_a_fire_that_burns_with_nobody_on_it_asks_for_one_run() -> None:
    (wish,) = wishes(night(), [RULE], Ground(NOW))

    assert (wish.action, wish.target, wish.episode, wish.refusal) == (
        "core.unit-restart", "host:web-01", "fp-1", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"since": NOW - 30},
        {"name": "Other"},
        {"state": AlertState.PENDING},
        {"state": AlertState.RESOLVED},
        {"suppressed_by": ("silence:1",)},
    ],
)
def test_a_fire_too_young_or_muted_or_another_asks_for_nothing(change: dict[str, object]) -> None:
    assert asked(night(replace(FIRE, **change))) == []


def test_a_rule_that_is_off_asks_for_nothing() -> None:
    assert asked(night(), replace(RULE, mode="off")) == []


def test_names_are_globs() -> None:
    assert asked(night(), replace(RULE, alert="Unit*")) == [""]


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ({"effect": Effect.DESTRUCTIVE}, "core.unit-restart destroys: a person starts it"),
        ({"idempotent": False}, "core.unit-restart is not idempotent"),
        ({"confirm": Confirm.PEER}, "core.unit-restart needs a second person"),
        ({"scope": "fleet"}, "core.unit-restart is not for one host or service"),
    ],
)
def test_only_a_harmless_repeatable_action_on_one_thing_is_run(
    action: dict[str, object], why: str
) -> None:
    assert asked(night(action=replace(RESTART, **action))) == [why]


@pytest.mark.parametrize(
    ("fire", "why"),
    [
        ({"owner": "op1"}, "op1 has it"),
        ({"ack": Ack("op2", NOW, "mine")}, "op2 has it"),
        ({"on": "host:gone"}, "host:gone is nothing of the inventory"),
        ({"no_data": True}, "it burns because nothing is known, not because of what was seen"),
        (
            {"freshness": Freshness.STALE},
            "it burns because nothing is known, not because of what was seen",
        ),
    ],
)
def test_a_fire_somebody_has_or_nobody_saw_is_left_alone(fire: dict[str, object], why: str) -> None:
    assert asked(night(replace(FIRE, **fire))) == [why]


def test_the_kill_switch_and_an_open_breaker_stop_it() -> None:
    assert asked(night(), ground=Ground(NOW, killed=True)) == ["the kill switch is on"]
    assert asked(night(), ground=Ground(NOW, given_up=frozenset({"heal"}))) == [
        "2 runs did not clear the fire: it waits for a reload"
    ]


def test_a_person_at_work_keeps_it_away_but_a_read_does_not() -> None:
    theirs = a_run("op1", NOW - 5, over=False, name="db-01")

    assert asked(night(FIRE, theirs)) == ["op1 is at work: core.unit-restart"]
    assert asked(night(FIRE, replace(theirs, effect=Effect.READ))) == [""]


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ((a_run("trigger:heal", NOW - 300),), "cool-down: core.unit-restart ran on web-01 of late"),
        ((a_run("trigger:heal", NOW - 601),), ""),
        ((a_run("trigger:heal", NOW - 300, name="web-02"),), ""),
        (
            tuple(a_run("trigger:heal", NOW - n, name="web-02") for n in (100, 200)),
            "2 runs of heal within an hour",
        ),
        (
            tuple(a_run("trigger:other", NOW - n, name="web-02") for n in range(100, 700, 100)),
            "6 runs of triggers within an hour",
        ),
        (
            (a_run("trigger:other", NOW - 5, over=False, name="web-02"),),
            "another run of a trigger is under way",
        ),
    ],
)
def test_what_was_done_of_late_counts(runs: tuple[Run, ...], why: str) -> None:
    assert asked(night(FIRE, *runs)) == [why]


def test_an_action_that_is_not_there_is_said() -> None:
    assert asked(replace(night(), actions={})) == ["there is no action unit-restart"]


def test_a_run_helped_when_its_fire_is_gone_and_not_before_its_time() -> None:
    run = a_run("trigger:heal", NOW - 400)

    assert did_not_help(night(), run, "fp-1", NOW) is True
    assert did_not_help(night(), replace(run, ended=NOW - 10), "fp-1", NOW) is None
    assert did_not_help(night(replace(FIRE, state=AlertState.RESOLVED)), run, "fp-1", NOW) is False
