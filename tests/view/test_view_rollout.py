"""A run with batches on the screen: where it stands, what may be chosen, what was said; records made by hand."""

import pytest
from fleet_in_trouble import NOW, make_host
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.model.action import Plan, PlannedStep, PlannedTarget
from opsconsole.model.rollout import (
    Budget,
    Canary,
    Gate,
    GateStatus,
    MinHealthy,
    Rollout,
    RolloutStatus,
    Size,
)
from opsconsole.model.run import OutputLine, Question, Run, RunTarget
from opsconsole.model.snapshot import CheckRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Confirm, Effect, RunState, ServiceState, TargetState
from opsconsole.view import (
    live_effect,
    plan_page,
    rollout_page,
    run_choices,
    run_output,
    run_page,
)
from opsconsole.view.cells import plain
from opsconsole.view.fold import differences, fold, majority
from opsconsole.view.normalise import KINDS, normaliser

NAMES = ("web-03", "web-07", "web-09", "web-11", "web-12", "web-13")
STATES = (
    TargetState.CHANGED,
    TargetState.CHANGED,
    TargetState.RUNNING,
    TargetState.FAILED,
    TargetState.PENDING,
    TargetState.PENDING,
)


def target(name: str, state: TargetState, **more: object) -> RunTarget:
    return replace(RunTarget(name, state), **more)


def halted(**more: object) -> Run:
    """The moment of the pictures: a bad canary batch, one left drained, two held."""
    targets = tuple(
        target(name, state, batch=n // 3)
        for n, (name, state) in enumerate(zip(NAMES, STATES, strict=True))
    )
    bad = replace(targets[3], why="exit 7", code=7, left="drain stands; undo: undrain")
    status = RolloutStatus(
        batch=1,
        batches=(NAMES[:1], NAMES[1:4], NAMES[4:]),
        has_canary=True,
        bad=1,
        limit=0,
        healthy=4,
        healthy_limit=3,
        gates=(GateStatus("health", "waiting", 2, 3, "5xx 0.4%", NOW + 41),),
    )
    run = Run(
        "r1", "core.svc-rollback", "Roll back", Effect.WRITE, "op1", RunState.HALTED, NOW - 38,
        {"service": "checkout"}, (*targets[:3], bad, *targets[4:]), "abc", rollout=status,
        choices=("continue", "retry", "rollback", "stop", "take-over"),
    )  # fmt: skip
    return replace(run, **more)


def texts(cells: object) -> list[str]:
    return [plain(cell) for cell in cells]


def test_the_way_shows_each_batch_with_its_progress() -> None:
    shown = texts(rollout_page.section(halted(), NOW, 60).lines)

    assert shown[:3] == [
        "✓ canary  1/1  web-03",
        "✗ batch 2 2/3  web-{07,09,11}  1 bad",
        "· batch 3 0/2  web-{12,13}",
    ]


def test_gates_budget_and_floor_are_said_in_words() -> None:
    shown = texts(rollout_page.section(halted(), NOW, 60).lines)

    assert "gate     ⟳ health  waiting 2 of 3  41s left  5xx 0.4%" in shown
    assert "budget   1 bad, 0 may be: HIT" in shown
    assert "floor    4 healthy, 3 must stay" in shown
    assert "left     web-11 — drain stands; undo: undrain" in shown


def test_a_floor_that_is_not_known_waits_and_says_so() -> None:
    run = halted()
    blind = replace(run, rollout=replace(run.rollout, healthy=None))

    shown = texts(rollout_page.section(blind, NOW, 60).lines)

    assert "floor    3 must stay healthy; how many are is not known: it waits" in shown


def test_a_bake_counts_down_and_is_gone_when_it_is_over() -> None:
    run = halted()
    baking = replace(run, rollout=replace(run.rollout, bake_until=NOW + 23))

    assert "bake     watched for 23s more" in texts(rollout_page.section(baking, NOW, 60).lines)
    later = texts(rollout_page.section(baking, NOW + 24, 60).lines)
    assert not [line for line in later if line.startswith("bake")]


def test_a_batch_with_an_unknown_target_never_has_a_tick() -> None:
    run = halted()
    unsure = (replace(run.targets[0], state=TargetState.UNKNOWN), *run.targets[1:])

    shown = texts(rollout_page.section(replace(run, targets=unsure), NOW, 60).lines)

    assert shown[0].startswith("~ canary")


def test_many_batches_are_cut_around_the_one_under_way() -> None:
    names = tuple(f"web-{n:02}" for n in range(30))
    status = RolloutStatus(batch=20, batches=tuple((name,) for name in names))
    run = halted(targets=tuple(target(n, TargetState.PENDING) for n in names), rollout=status)

    shown = texts(rollout_page.section(run, NOW, 60).lines)

    assert shown[0].startswith("· batch 18")
    assert "… 21 batches more" in shown


def test_what_a_run_asks_is_said_with_the_time_left() -> None:
    run = halted(question=Question("q1", "", "Canary is fine: go on?", until=NOW + 90))

    shown = texts(rollout_page.section(run, NOW, 60).lines)

    assert "asks     Canary is fine: go on?   1m left" in shown


def test_only_what_the_engine_offers_can_be_chosen() -> None:
    run = halted()

    assert [one.verb for one in run_choices.choices(run)] == [
        "continue", "retry", "rollback", "stop", "take-over",
    ]  # fmt: skip
    assert run_choices.choice(replace(run, choices=("stop",)), "continue") is None
    assert plain(run_choices.line(run)) == (
        "C continue 2 held   r retry web-11   B back out on 3   X stop here   :takeover take over"
    )


@pytest.mark.parametrize(
    ("verb", "expect"),
    [("continue", "2"), ("rollback", "3"), ("retry", ""), ("stop", ""), ("take-over", "")],
)
def test_the_choices_that_touch_many_want_their_number_typed(verb: str, expect: str) -> None:
    assert run_choices.written(halted(), verb).expect == expect


def test_a_back_out_never_touches_what_is_unknown() -> None:
    run = halted()
    unsure = (replace(run.targets[0], state=TargetState.UNKNOWN), *run.targets[1:])

    one = run_choices.written(replace(run, targets=unsure), "rollback")

    assert one.says == (
        "Takes back what can be undone on web-{07,11}, the last one first. "
        "1 of unknown outcome are left alone: settle them first."
    )


def test_a_question_says_what_is_left_where() -> None:
    shown = texts(run_choices.explained(halted(), "rollback"))

    assert "web-11: drain stands; undo: undrain" in shown


def test_the_closing_lines_say_state_choices_and_what_is_left() -> None:
    shown = texts(run_page.closing(halted(note="1 failure is over the budget of 0")))

    assert shown[0] == (
        "Halted: nothing new starts until you choose. 1 failure is over the budget of 0"
    )
    assert shown[1].startswith("C continue 2 held")
    assert shown[2] == "left web-11: drain stands; undo: undrain"


def test_sets_for_a_rerun_leave_empty_ones_out() -> None:
    sets = run_choices.rerun_sets(halted())

    assert {name: [t.name for t in found] for name, found in sets.items() if name != "all"} == {
        "failed": ["web-11"],
        "not-started": ["web-12", "web-13"],
    }


def test_an_unknown_target_can_be_settled_whatever_the_run_is() -> None:
    run = halted(state=RunState.INDETERMINATE, choices=())
    unsure = (replace(run.targets[0], state=TargetState.UNKNOWN), *run.targets[1:])

    found = run_choices.choices(replace(run, targets=unsure))

    assert [one.label for one in found] == ["settle web-03", "rerun what is left"]
    assert [one.key for one in found] == ["u", "r"]


def said(name: str, *lines: str) -> list[OutputLine]:
    return [OutputLine(n, NOW, name, "s", "out", text) for n, text in enumerate(lines)]


def test_output_that_differs_only_in_names_and_times_is_one_group() -> None:
    run = halted(targets=tuple(target(n, TargetState.CHANGED, code=0) for n in NAMES[:3]))
    lines = [
        line
        for n, name in enumerate(NAMES[:3])
        for line in said(name, f"2026-11-22T03:12:4{n}Z {name} nginx[{4000 + n}]: up after 1{n}ms")
    ]

    assert [group.title for group in fold(run, lines)] == ["web-[03,07,09]"]
    assert len(fold(run, lines, frozenset())) == 3
    assert len(fold(run, lines, frozenset(KINDS) - {"pid"})) == 3


@pytest.mark.parametrize(
    ("kind", "line", "normal"),
    [
        ("hostname", "web-03 is up, web-031 not", "<host> is up, web-031 not"),
        ("ip", "from 192.0.2.7:22 and 2001:db8::7", "from <ip>:22 and <ip>"),
        ("pid", "nginx[812]: pid=99", "nginx[<pid>]: pid=<pid>"),
        ("timestamp", "Nov 22 03:12:44 x 03:12:44.5", "<time> x <time>"),
        ("duration", "took 12ms, 3.5s, 5xx", "took <took>, <took>, 5xx"),
        ("hex", "id 0xff sha 3f2a9c01de", "id <hex> sha <hex>"),
    ],
)
def test_each_kind_takes_out_only_its_own(kind: str, line: str, normal: str) -> None:
    assert normaliser("web-03", {kind})(line) == normal
    assert normaliser("web-03", set())(line) == line


@given(st.text(max_size=300))
def test_any_line_is_normalised_the_same_once_more(line: str) -> None:
    normal = normaliser("web-03")

    assert isinstance(normal(line), str)
    assert len(normal(line)) <= 6 * len(line) + 6


def test_the_majority_is_the_lowest_code_then_the_largest_group() -> None:
    targets = (
        target("a", TargetState.FAILED, code=7),
        target("b", TargetState.FAILED, code=7),
        target("c", TargetState.FAILED, code=3),
    )
    run = halted(targets=targets)
    lines = [*said("a", "x"), *said("b", "x"), *said("c", "y")]

    most = majority(fold(run, lines))

    assert most is not None
    assert most.targets == ("c",)


def test_unknown_stands_on_top_and_alone() -> None:
    targets = (
        target("a", TargetState.CHANGED, code=0),
        target("b", TargetState.CHANGED, code=0),
        target("c", TargetState.UNKNOWN, why="connection lost"),
    )
    lines = [*said("a", "x"), *said("b", "x"), *said("c", "x")]

    shown = texts(run_output.folded(halted(targets=targets), lines).lines)

    assert shown[0] == "~ c  unknown  connection lost"


def test_a_target_is_set_against_what_most_said() -> None:
    targets = (
        target("a", TargetState.CHANGED, code=0),
        target("b", TargetState.CHANGED, code=0),
        target("c", TargetState.FAILED, code=7),
    )
    lines = [
        *said("a", "stop", "start", "health 200"),
        *said("b", "stop", "start", "health 200"),
        *said("c", "stop", "start", "health 503"),
    ]

    shown = texts(run_output.compared(halted(targets=targets), lines, "c").lines)

    assert shown == [
        "- only a,b   + only c",
        "  stop",
        "  start",
        "- health 200",
        "+ health 503",
    ]
    same = texts(run_output.compared(halted(targets=targets), lines, "a").lines)
    assert same == ["This is what most of them said: nothing to compare it with."]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_differences_give_back_both_sides(one: list[str], other: list[str]) -> None:
    pairs = differences(one, other)

    assert [text for sign, text in pairs if sign in " -"] == one
    assert [text for sign, text in pairs if sign in " +"] == other


def test_the_export_holds_the_state_every_target_and_every_line() -> None:
    lines = [*said("web-11", "GET health 503"), OutputLine(9, NOW, "", "", "run", "halt")]

    text = run_output.export(halted(), lines, NOW)

    assert "HALTED  svc-rollback" in text
    assert "web-11  failed    exit 7  left: drain stands; undo: undrain" in text
    assert text.count("GET health 503") == 2
    assert "web-13  pending" in text


def test_the_live_effect_names_the_service_with_its_checks_and_each_host() -> None:
    checks = tuple(
        CheckRecord(f"c{n}", "http", "", ServiceState.UP if n < 4 else ServiceState.DOWN, at=NOW)
        for n in range(6)
    )
    service = ServiceRecord(
        "checkout", ServiceState.DOWN, hosts=NAMES, checks=checks, at=NOW - 2, error_ratio=0.214,
        p95=2.2, spark="8888777766665555",
    )  # fmt: skip
    snapshot = Snapshot(
        now=NOW,
        hosts={name: make_host(name) for name in NAMES},
        services={"checkout": service, "other": ServiceRecord("other", hosts=("db-01",))},
    )

    shown = live_effect.section(snapshot, halted(), NOW, 100, 4)

    assert plain(shown.title) == "Live effect: checkout"
    first = plain(shown.lines[0])
    assert first == (
        "✗ checkout down  4/6 checks pass  errors ████▇▇▇▇▆▆▆▆▅▅▅▅ 21.4%  p95 2.2s  looked at 2s ago"
    )
    assert plain(shown.lines[1]).startswith("✓ web-03 ")


def test_a_stale_service_is_unknown_whatever_it_was() -> None:
    service = ServiceRecord("checkout", ServiceState.UP, hosts=NAMES, at=NOW - 900)
    snapshot = Snapshot(now=NOW, services={"checkout": service})

    shown = live_effect.section(snapshot, halted(), NOW, 100, 4)

    assert plain(shown.lines[0]).startswith("~ checkout unknown")


def rolled_out(**more: object) -> Plan:
    step = PlannedStep("restart", Effect.WRITE, ("systemctl", "restart", "--", "app.service"))
    drain = PlannedStep("drain", Effect.WRITE, (), shown="PUT lb /pools/web/members/web-03")
    end = PlannedStep("…", Effect.READ, (), "cannot tell: depends on the result of step show")
    targets = tuple(PlannedTarget(name, (drain, step, end)) for name in NAMES)
    rollout = Rollout(
        canary=Canary(Size(count=1), bake=30),
        batches=(Size(percent=50), Size(percent=100)),
        spread_by="rack",
        max_parallel=2,
        budget=Budget(count=0),
        min_healthy=MinHealthy(Size(percent=80)),
        gates=(Gate("health", "core.service-health", every=5, hold=60, stable=3),),
    )
    plan = Plan(
        "p1", "core.svc-rollback", "Roll back", Effect.WRITE, {"service": "checkout"}, targets,
        Confirm.COUNT, "6", 2, True, 60.0, "h", rollout=rollout,
        batches=(NAMES[:1], NAMES[1:3], NAMES[3:]), overshoot=1,
        locks=(*(f"target:{n}" for n in NAMES), "service:checkout"),
    )  # fmt: skip
    return replace(plan, **more)


def test_a_plan_shows_batches_limits_gates_and_locks() -> None:
    shown = texts(plan_page.lines(rolled_out()))

    for line in (
        "batches 3   one after the other, one rack at a time, at most 2 at once",
        "        canary    1  web-03   then watched for 30s",
        "             2    2  web-{07,09}",
        "             3    3  web-{11-13}",
        "budget  0 may go bad; at worst 1 more, in flight when it trips",
        "floor   80% of the service's hosts must stay healthy, else it waits",
        "gate    health: core.service-health, every 5.0s, 3 times in a row, within 1m",
        "undo    offered, not done",
        "locks   6 targets, service:checkout",
    ):
        assert line in shown


def test_a_plan_shows_calls_that_are_no_commands_and_where_it_cannot_tell() -> None:
    cells = plan_page.lines(rolled_out())
    shown = texts(cells)

    assert "    PUT lb /pools/web/members/web-03" in shown
    at = shown.index("    cannot tell: depends on the result of step show")
    assert cells[at][-1].tone == "stale"


def test_a_plan_says_who_holds_a_lock_and_that_a_lost_outcome_stays_lost() -> None:
    shown = texts(
        plan_page.lines(
            rolled_out(
                held_by="op2 holds web-07: unit-restart, since 03:11:50Z",
                spool="resolver: none on web-12: no setsid there",
            )
        )
    )

    assert "held    op2 holds web-07: unit-restart, since 03:11:50Z" in shown
    assert "outcome resolver: none on web-12: no setsid there:" in shown
    assert "        what a lost connection leaves behind stays UNKNOWN" in shown


def test_targets_left_out_for_one_reason_are_one_line() -> None:
    plan = rolled_out()
    out = tuple(
        replace(one, skip="not for this: x", steps=()) if n else one
        for n, one in enumerate(plan.targets)
    )

    shown = texts(plan_page.lines(replace(plan, targets=out)))

    assert "— web-{07,09,11-13}: not for this: x" in shown


def test_between_batches_one_line_says_what_is_waited_for() -> None:
    run = halted(state=RunState.GATING, choices=("pause",))
    baking = replace(run, rollout=replace(run.rollout, bake_until=NOW + 23))

    assert texts(run_page.closing(baking, NOW))[0] == (
        "Between batches: 23s of watching left, health 2 of 3."
    )
    quiet = replace(run, rollout=replace(run.rollout, gates=()))
    assert texts(run_page.closing(quiet, NOW))[0].endswith("watched before more is touched.")
