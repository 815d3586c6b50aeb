"""What trips a budget, what a gate's looks come to, who is healthy, and how a run is called in the end."""

import pytest
from msgspec.structs import replace
from runs_fakes import make_snapshot

from opsconsole.model.alert import Alert
from opsconsole.model.rollout import Budget, Gate, MinHealthy, Size
from opsconsole.model.run import RunTarget
from opsconsole.model.snapshot import ServiceRecord, Snapshot
from opsconsole.model.states import (
    AlertState,
    HostState,
    RunState,
    ServiceState,
    Severity,
    TargetState,
)
from opsconsole.runs.budget import Meter
from opsconsole.runs.ending import judge_run
from opsconsole.runs.gates import FAIL, INCONCLUSIVE, PASS, Look, Watch
from opsconsole.runs.healthy import capacity, members_of
from opsconsole.runs.looks import Scene, look_at
from opsconsole.runs.steering import Situation, choices_of

S = TargetState
TRIPS: list[tuple[Budget, list[TargetState], bool]] = [
    (Budget(), [S.CHANGED], False),
    (Budget(), [S.FAILED], True),
    (Budget(count=1), [S.FAILED], False),
    (Budget(count=1), [S.FAILED, S.UNKNOWN], True),
    (Budget(count=1), [S.UNREACHABLE, S.WRONG_HOST], True),
    (Budget(count=0, unreachable="ignore"), [S.UNREACHABLE], False),
    (Budget(percent=20), [S.FAILED, S.FAILED], False),
    (Budget(percent=20), [S.FAILED, S.FAILED, S.FAILED], True),
    (Budget(percent=5), [S.FAILED], True),
    (Budget(percent=100), [S.FAILED] * 10, False),
    (Budget(consecutive=1), [S.FAILED, S.CHANGED, S.FAILED], False),
    (Budget(consecutive=1), [S.CHANGED, S.FAILED, S.UNKNOWN], True),
    (Budget(count=5, consecutive=1), [S.FAILED, S.FAILED], True),
    (Budget(count=0), [S.CANCELLED, S.NOT_STARTED], False),
]


@pytest.mark.parametrize(("budget", "states", "trips"), TRIPS)
def test_a_limit_that_is_exceeded_trips_and_one_that_is_reached_does_not(
    budget: Budget, states: list[TargetState], trips: bool
) -> None:
    meter = Meter(budget, total=10)
    for number, state in enumerate(states):
        meter.settle(f"h{number}", state)

    assert bool(meter.why_tripped()) is trips


def test_a_bad_canary_trips_whatever_the_budget_allows() -> None:
    meter = Meter(Budget(count=5), 10, canary=["h0"])
    meter.settle("h0", S.FAILED)

    assert meter.why_tripped() == "the canary h0 is failed"


def test_what_a_person_accepted_counts_no_more_and_what_is_tried_again_neither() -> None:
    meter = Meter(Budget(), 10)
    meter.settle("h0", S.FAILED)
    meter.forgive()
    accepted = meter.why_tripped()
    meter.settle("h1", S.FAILED)
    again = meter.why_tripped()
    meter.forget("h1")

    assert (accepted, bool(again), meter.why_tripped(), meter.bad) == ("", True, "", 1)


LOOKS = [
    (1, [PASS], PASS),
    (1, [INCONCLUSIVE, PASS], PASS),
    (2, [PASS, INCONCLUSIVE, PASS, PASS], PASS),
    (1, [FAIL], FAIL),
    (2, [FAIL, PASS, FAIL, FAIL], FAIL),
    (1, [INCONCLUSIVE] * 4, INCONCLUSIVE),
    (3, [PASS, FAIL, PASS, FAIL], INCONCLUSIVE),
]


@pytest.mark.parametrize(("stable", "looks", "verdict"), LOOKS)
def test_a_gate_opens_or_shuts_by_looks_in_a_row_and_time_decides_nothing(
    stable: int, looks: list[str], verdict: str
) -> None:
    watch = Watch(Gate("g", "x", every=5, hold=19, stable=stable), now=0.0)
    for number, look in enumerate(looks):
        assert not watch.is_over
        watch.take(Look(look), now=number * 5.0)

    assert watch.status.verdict == verdict


def fleet(**states: HostState) -> Snapshot:
    base = make_snapshot(
        "web1", "web2", "web3", "web4", services={"shop": ("web1", "web2", "web3", "web4")}
    )
    hosts = {
        name: replace(record, at=base.now, state=states.get(name, HostState.OK))
        for name, record in base.hosts.items()
    }
    return replace(base, hosts=hosts)


def left(snapshot: Snapshot, *away: str, bad: tuple[str, ...] = ()) -> bool:
    rule = MinHealthy(Size(percent=50))
    members = members_of(rule, ["web1"], snapshot)
    return capacity(rule, members, snapshot, away=away, bad=bad).allows


def test_so_many_stay_healthy_that_those_in_flight_can_be_missed() -> None:
    assert left(fleet(), "web1", "web2")
    assert not left(fleet(), "web1", "web2", "web3")
    assert not left(fleet(web4=HostState.CRITICAL), "web1", "web2")


def test_working_on_a_host_that_is_sick_already_costs_no_healthy_one() -> None:
    sick = fleet(web1=HostState.CRITICAL, web2=HostState.UNKNOWN)

    assert left(sick, "web1")
    assert not left(sick, "web3")


def test_a_host_that_was_not_seen_lately_or_that_the_run_broke_is_not_healthy() -> None:
    snapshot = fleet()
    old = {name: replace(record, at=1.0) for name, record in snapshot.hosts.items()}

    assert not left(replace(snapshot, hosts=old), "web1")
    assert not left(snapshot, "web1", "web2", bad=("web3",))


def scene(now: Snapshot, **more: object) -> Scene:
    made = Scene(now, fleet(), {"web1": now.now - 60}, ("web2", "web3", "web4"), ("shop",))
    return replace(made, **more)


def shop(state: ServiceState, at: float = 0.0, **more: object) -> Snapshot:
    snapshot = fleet()
    record = ServiceRecord("shop", state, at=snapshot.now + at, hosts=("web1",), **more)  # type: ignore[arg-type]
    return replace(snapshot, services={"shop": record})


HEALTH = [
    (shop(ServiceState.UP), PASS),
    (shop(ServiceState.DOWN), FAIL),
    (shop(ServiceState.UNKNOWN), INCONCLUSIVE),
    (shop(ServiceState.UP, at=-61), INCONCLUSIVE),
    (shop(ServiceState.UP, failed=True), INCONCLUSIVE),
    (replace(fleet(), services={}), INCONCLUSIVE),
]


@pytest.mark.parametrize(("now", "verdict"), HEALTH)
def test_a_service_speaks_for_the_run_only_when_it_was_looked_at_since(
    now: Snapshot, verdict: str
) -> None:
    look = look_at(Gate("g", "core.service-health"), scene(now))

    assert look is not None
    assert look.verdict == verdict, look


def test_a_service_that_was_degraded_before_may_still_be_and_one_that_was_up_may_not() -> None:
    gate, now = Gate("g", "core.service-health"), shop(ServiceState.DEGRADED)
    was_up, was_not = shop(ServiceState.UP), shop(ServiceState.DEGRADED)

    assert look_at(gate, scene(now, before=was_up)).verdict == FAIL  # type: ignore[union-attr]
    assert look_at(gate, scene(now, before=was_not)).verdict == PASS  # type: ignore[union-attr]


def fire(on: str, since: float) -> Alert:
    return Alert(
        "f", "e1", "Boom", Severity.CRITICAL, "critical", AlertState.FIRING, since, on, "rules"
    )


@pytest.mark.parametrize(
    ("on", "age", "verdict"),
    [
        ("host:web1", 5, FAIL),
        ("service:shop", 5, FAIL),
        ("host:db1", 5, PASS),
        ("host:web1", -5, PASS),
    ],
)
def test_only_a_new_fire_on_what_was_touched_shuts_the_gate(
    on: str, age: float, verdict: str
) -> None:
    snapshot = fleet()
    before = replace(snapshot, now=snapshot.now - 100)
    now = replace(snapshot, alerts={"e1": fire(on, before.now + age)})

    look = look_at(Gate("g", "core.no-new-alerts"), scene(now, before=before))

    assert look is not None
    assert look.verdict == verdict


def test_silence_of_a_host_that_was_not_looked_at_since_is_no_good_news() -> None:
    now = fleet()
    unseen = scene(now, touched={"web1": now.now + 5})

    for check in ("core.no-new-alerts", "core.peer-errors"):
        assert look_at(Gate("g", check), unseen).verdict == INCONCLUSIVE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sick", "verdict"),
    [({}, PASS), ({"web1": HostState.CRITICAL}, FAIL), ({"web2": HostState.CRITICAL}, PASS)],
)
def test_touched_hosts_may_not_do_worse_than_the_others(
    sick: dict[str, HostState], verdict: str
) -> None:
    look = look_at(Gate("g", "core.peer-errors"), scene(fleet(**sick)))

    assert look is not None
    assert look.verdict == verdict


@pytest.mark.parametrize(
    ("latency", "verdict"), [(0.10, PASS), (0.14, PASS), (0.2, FAIL), (None, INCONCLUSIVE)]
)
def test_a_service_may_not_be_slower_than_when_the_run_began(
    latency: float | None, verdict: str
) -> None:
    before = shop(ServiceState.UP, latency=0.1)

    look = look_at(
        Gate("g", "core.latency"), scene(shop(ServiceState.UP, latency=latency), before=before)
    )

    assert look is not None
    assert look.verdict == verdict


ENDINGS = [
    ([S.CHANGED, S.SKIPPED], False, False, RunState.SUCCEEDED),
    ([S.CHANGED, S.FAILED], False, False, RunState.PARTIAL),
    ([S.FAILED, S.NOT_STARTED], False, True, RunState.FAILED),
    ([S.CHANGED, S.NOT_STARTED], True, False, RunState.ABORTED),
    ([S.CHANGED, S.CHANGED], True, False, RunState.SUCCEEDED),
    ([S.CHANGED, S.CHANGED], False, True, RunState.FAILED),
    ([S.UNDONE, S.UNDO_FAILED], True, True, RunState.ROLLBACK_FAILED),
    ([S.UNDONE, S.NOT_STARTED], True, True, RunState.ROLLED_BACK),
    ([S.UNDONE, S.UNDO_UNKNOWN], True, False, RunState.INDETERMINATE),
    ([S.UNKNOWN, S.UNDO_FAILED, S.FAILED], True, True, RunState.INDETERMINATE),
]


@pytest.mark.parametrize(("states", "stopped", "halted", "ending"), ENDINGS)
def test_the_worst_that_holds_is_the_ending(
    states: list[TargetState], stopped: bool, halted: bool, ending: RunState
) -> None:
    targets = [RunTarget(f"h{n}", state) for n, state in enumerate(states)]

    assert judge_run(targets, stopped=stopped, halted=halted, rolled_back=True) is ending


def test_a_run_that_left_something_behind_is_not_called_rolled_back() -> None:
    targets = [
        RunTarget("h1", S.UNDONE),
        RunTarget("h2", S.FAILED, left="drain stands; undo: undrain"),
    ]

    assert judge_run(targets, stopped=False, halted=True, rolled_back=True) is RunState.FAILED


@pytest.mark.parametrize("state", RunState)
def test_nothing_may_be_chosen_in_a_run_that_is_over_and_something_in_any_other(
    state: RunState,
) -> None:
    choices = choices_of(Situation(state, is_busy=True, has_undo=True, has_retry=True))

    assert bool(choices) is (not state.is_over and state is not RunState.PLANNED)
