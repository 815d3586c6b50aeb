"""A run under the hands of a person: seen, paused, halted, retried, backed out, settled, answered, kept."""

import pytest
from msgspec.structs import replace
from run_scene import ASKING, CANARY, HALTED, OUTPUT, UNKNOWN, WAITING, rolled_out_plan, scene
from ui_driving import console_of, press, screen_text, settled
from ui_scene import FakeSource, plan

from opsconsole.model.approval_calls import ApproveRun, ReadPlan
from opsconsole.model.calls import (
    AnswerRun,
    ControlRun,
    PlanRun,
    ReadOutput,
    ResolveRun,
)
from opsconsole.model.states import RunState
from opsconsole.ui.places import Place
from opsconsole.ui.screens.confirm import Confirm
from opsconsole.ui.screens.run import RunView


def source_of(run):
    return FakeSource(scene(run), {ReadOutput: OUTPUT})


async def go(pilot, run):
    await press(pilot, "colon", *f"go {run.id}", "enter")
    await settled(pilot)


def calls(source, kind):
    return [call for call in source.calls if isinstance(call, kind)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_halted_run_says_what_may_be_chosen_and_what_is_left(console, size):
    async with console(source_of(HALTED), size) as pilot:
        await go(pilot, HALTED)
        text = "\n".join(screen_text(pilot))

    assert "HALTED" in text
    assert "C continue 2 held" in text
    assert "left web-11: drain stands" in text
    assert "1 bad, 0 may be" in text


async def test_continue_wants_the_number_of_targets_typed(console):
    source = source_of(HALTED)
    async with console(source) as pilot:
        await go(pilot, HALTED)
        await press(pilot, "C")
        assert isinstance(pilot.app.screen, Confirm)
        await press(pilot, "3", "enter")
        assert calls(source, ControlRun) == []
        await press(pilot, "backspace", "2", "enter")
        await settled(pilot)

    assert calls(source, ControlRun) == [ControlRun(HALTED.id, "continue")]


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (("B", "3", "enter"), ControlRun(HALTED.id, "rollback")),
        (("r", "y"), ControlRun(HALTED.id, "retry")),
        (("X", "y"), ControlRun(HALTED.id, "stop")),
    ],
)
async def test_each_choice_of_a_halted_run_asks_once(console, keys, call):
    source = source_of(HALTED)
    async with console(source) as pilot:
        await go(pilot, HALTED)
        await press(pilot, keys[0])
        assert calls(source, ControlRun) == []
        assert isinstance(pilot.app.screen, Confirm)
        await press(pilot, *keys[1:])
        await settled(pilot)

    assert calls(source, ControlRun) == [call]


async def test_escape_at_the_question_changes_nothing(console):
    source = source_of(HALTED)
    async with console(source) as pilot:
        await go(pilot, HALTED)
        await press(pilot, "B", "escape", "X", "escape", "r", "escape")

    assert calls(source, ControlRun) == []


async def test_what_the_engine_does_not_offer_is_not_asked_for(console):
    source = source_of(CANARY)
    async with console(source) as pilot:
        await go(pilot, CANARY)
        await press(pilot, "C")
        said = list(console_of(pilot).main.notice.said)

    assert calls(source, ControlRun) == []
    assert said[-1] == "the run is gating: no continue now"


async def test_pausing_needs_no_question_and_resuming_is_the_same_key(console):
    source = source_of(CANARY)
    async with console(source) as pilot:
        await go(pilot, CANARY)
        await press(pilot, "P")
        source.show(scene(replace(CANARY, state=RunState.PAUSED, choices=("resume", "stop"))))
        await settled(pilot)
        await press(pilot, "P", "y")
        await settled(pilot)

    assert [call.verb for call in calls(source, ControlRun)] == ["pause", "resume"]


async def test_a_run_without_choices_can_still_be_told_to_stop(console):
    source = source_of(replace(CANARY, choices=()))
    async with console(source) as pilot:
        await go(pilot, CANARY)
        await press(pilot, "X", "y")
        await settled(pilot)

    assert calls(source, ControlRun) == [ControlRun(CANARY.id, "stop")]


async def test_escape_leaves_a_run_going(console):
    source = source_of(CANARY)
    async with console(source) as pilot:
        await go(pilot, CANARY)
        await press(pilot, "escape")

        assert not isinstance(console_of(pilot).main.view, RunView)
    assert not calls(source, ControlRun)


async def test_one_of_several_failed_targets_can_be_retried_alone(console):
    failed = replace(HALTED.targets[0], state=HALTED.targets[3].state, why="exit 3")
    run = replace(HALTED, targets=(failed, *HALTED.targets[1:]))
    source = source_of(run)
    async with console(source) as pilot:
        await go(pilot, run)
        await press(pilot, "r", "o", "y")
        await settled(pilot)

    (call,) = calls(source, ControlRun)
    assert call.verb == "retry"
    assert call.target in ("web-03", "web-11")


async def test_unknown_is_settled_by_asking_the_hosts(console):
    source = source_of(UNKNOWN)
    async with console(source) as pilot:
        await go(pilot, UNKNOWN)
        await press(pilot, "u", "h")
        await settled(pilot)

    assert calls(source, ResolveRun) == [ResolveRun(UNKNOWN.id, ("web-09",))]


async def test_a_person_who_settles_unknown_must_say_why(console):
    source = source_of(UNKNOWN)
    async with console(source) as pilot:
        await go(pilot, UNKNOWN)
        await press(pilot, "u", "c", "enter")
        await settled(pilot)
        assert calls(source, ResolveRun) == []
        await press(pilot, "u", "c", *"seen", "enter")
        await settled(pilot)

    assert calls(source, ResolveRun) == [ResolveRun(UNKNOWN.id, ("web-09",), "changed", "seen")]


async def test_what_is_left_of_a_run_is_planned_anew(console):
    source = source_of(UNKNOWN)
    async with console(source) as pilot:
        await go(pilot, UNKNOWN)
        await press(pilot, "r", "n")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Confirm)
    (call,) = calls(source, PlanRun)
    assert call.rerun == f"{UNKNOWN.id}:not-started"
    assert dict(call.params) == dict(UNKNOWN.params)


async def test_the_list_of_runs_offers_a_rerun_too(console):
    source = source_of(UNKNOWN)
    async with console(source) as pilot:
        await press(pilot, "colon", *"runs", "enter", "r", "f")
        await settled(pilot)

    assert [call.rerun for call in calls(source, PlanRun)] == [f"{UNKNOWN.id}:failed"]


async def test_a_question_is_answered_with_its_values(console):
    source = source_of(ASKING)
    async with console(source) as pilot:
        await go(pilot, ASKING)
        assert "The canary is fine. Go on with 5 more?" in "\n".join(screen_text(pilot))
        await press(pilot, "a", "y", *"fine", "enter")
        await settled(pilot)

    assert calls(source, AnswerRun) == [AnswerRun(ASKING.id, "q1", {"note": "fine"})]


async def test_a_question_can_be_refused_or_left_open(console):
    source = source_of(ASKING)
    async with console(source) as pilot:
        await go(pilot, ASKING)
        await press(pilot, "a", "escape")
        assert calls(source, AnswerRun) == []
        await press(pilot, "a", "n")
        await settled(pilot)

    assert calls(source, AnswerRun) == [AnswerRun(ASKING.id, "q1", {}, refuse=True)]


async def test_output_can_be_seen_four_ways(console):
    async with console(source_of(HALTED), (120, 40)) as pilot:
        await go(pilot, HALTED)
        view = console_of(pilot).main.view
        for key, mode in (("l", "live"), ("f", "folded"), ("d", "diff"), ("m", "merged")):
            await press(pilot, "o", key)
            await settled(pilot)
            assert view.mode == mode
            title = "".join(span.text for span in view.panes["output"].titles[0])
            assert title.startswith(
                {"live": "Output: web-11", "folded": "Folded", "diff": "Difference: web-11",
                 "merged": "Output: all"}[mode]
            )  # fmt: skip


async def test_what_is_taken_out_before_comparing_can_be_chosen(console):
    async with console(source_of(HALTED)) as pilot:
        await go(pilot, HALTED)
        await press(pilot, "o", "p")
        await settled(pilot)

        assert "pid" not in console_of(pilot).main.view.kinds


async def test_ctrl_s_keeps_all_that_a_run_said(console, tmp_path):
    async with console(source_of(HALTED)) as pilot:
        await go(pilot, HALTED)
        await press(pilot, "ctrl+s")
        await settled(pilot)

    (kept,) = (tmp_path / "saved").glob("run*")
    text = kept.read_text()
    assert "web-11  failed  rollback  exit 7  left: drain stands; undo: undrain" in text
    assert text.count("GET health 503") >= 3


async def test_on_a_narrow_screen_tab_reaches_every_pane(console):
    async with console(source_of(HALTED), (80, 24)) as pilot:
        await go(pilot, HALTED)
        seen = set()
        for _ in range(5):
            await press(pilot, "tab")
            view = console_of(pilot).main.view
            seen.add(view.focused_id)
            assert view.focused_id in view.shown

    assert seen == {"targets", "output", "rollout", "folded", "effect"}


async def test_a_command_may_name_the_run_from_anywhere(console):
    source = source_of(CANARY)
    async with console(source) as pilot:
        await press(pilot, "colon", *f"hold {CANARY.id}", "enter")
        await settled(pilot)

    assert calls(source, ControlRun) == [ControlRun(CANARY.id, "pause")]


async def test_a_plan_that_was_made_again_still_needs_its_yes(console):
    source = source_of(UNKNOWN)
    source.answers[PlanRun] = plan(refusal="LOCKED: :unlock 15m REASON")
    async with console(source) as pilot:
        await go(pilot, UNKNOWN)
        await press(pilot, "r", "f", "y")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Confirm)


async def test_choices_come_into_sight_when_a_run_under_watch_halts(console):
    source = FakeSource(answers={ReadOutput: OUTPUT})
    async with console(source, (80, 24)) as pilot:
        main = console_of(pilot).main
        await main.go(Place("run", HALTED.id))
        await settled(pilot)
        source.show(scene(replace(CANARY, choices=("pause",))))
        for _ in range(3):
            await settled(pilot)
        source.show(scene(HALTED))
        for _ in range(5):
            await settled(pilot)

        assert "C continue 2 held" in "\n".join(screen_text(pilot))


async def test_a_run_of_mine_that_halts_or_asks_rings_wherever_one_is(console):
    source = source_of(CANARY)
    async with console(source) as pilot:
        said = console_of(pilot).main.notice.said
        source.show(scene(HALTED))
        await settled(pilot)
        source.show(scene(replace(HALTED, note="again")))
        await settled(pilot)
        source.show(scene(ASKING))
        await settled(pilot)
        heard = list(said)
        source.show(scene(replace(HALTED, operator="op2")))
        await settled(pilot)

        assert list(said) == heard
    assert heard == [
        f"svc-rollback is HALTED: it waits for you  (:go {HALTED.id})",
        f"svc-rollback asks: The canary is fine. Go on with 5 more?  (:go {ASKING.id})",
    ]


def waiting_source(run=WAITING):
    return FakeSource(
        scene(run), {ReadOutput: OUTPUT, ReadPlan: rolled_out_plan(), PlanRun: rolled_out_plan()}
    )


async def test_a_run_that_waits_for_a_second_person_is_a_line_on_every_screen(console):
    async with console(waiting_source(), (80, 24)) as pilot:
        await settled(pilot)
        text = "\n".join(screen_text(pilot))

    assert "a second person is needed, 13m left (:runs, a): op1, Roll a service back" in text


async def test_its_plan_is_opened_before_anybody_can_agree_from_the_list(console):
    source = waiting_source()
    async with console(source) as pilot:
        await press(pilot, "colon", *"runs", "enter", "a")
        await settled(pilot)
        shown = "\n".join(screen_text(pilot))
        asked = calls(source, ApproveRun)
        await press(pilot, "y")
        await settled(pilot)

    assert "op1 asks: Roll a service back" in shown
    assert asked == []
    assert calls(source, ReadPlan) == [ReadPlan(WAITING.id)]
    assert calls(source, ApproveRun) == [ApproveRun(WAITING.id, "h")]


async def test_a_no_takes_a_word_and_leaving_it_is_no_no(console):
    source = waiting_source()
    async with console(source) as pilot:
        await go(pilot, WAITING)
        await press(pilot, "a", "escape", "w")
        await settled(pilot)
        assert calls(source, ApproveRun) == []
        await press(pilot, "a", "escape", "n", *"not now", "enter")
        await settled(pilot)

    assert calls(source, ApproveRun) == [ApproveRun(WAITING.id, "h", deny=True, reason="not now")]


async def test_the_glass_is_broken_with_a_question_and_a_reason(console):
    source = waiting_source()
    async with console(source) as pilot:
        await go(pilot, WAITING)
        await press(pilot, "colon", *"breakglass", "enter", "y", "enter")
        await settled(pilot)
        assert calls(source, ControlRun) == []
        await press(pilot, "colon", *"breakglass", "enter", "y", *"fire", "enter")
        await settled(pilot)

    assert calls(source, ControlRun) == [ControlRun(WAITING.id, "break-glass", "fire")]


async def test_what_went_without_a_second_person_is_marked_in_list_and_run(console):
    broken = replace(WAITING, state=RunState.SUCCEEDED, choices=(), approval=replace(
        WAITING.approval, state="glass", by="op1", reason="the shop is [red]down"
    ))  # fmt: skip
    async with console(waiting_source(broken)) as pilot:
        await press(pilot, "colon", *"runs", "enter")
        await settled(pilot)
        listed = "\n".join(screen_text(pilot))
        await go(pilot, broken)
        shown = "\n".join(screen_text(pilot))

    assert "GLASS svc-rollback" in listed
    assert "BREAK-GLASS by op1: the shop is [red]down" in shown


async def test_the_way_back_of_a_run_that_is_over_is_planned_first(console):
    over = replace(UNKNOWN, choices=("rollback", "close"))
    source = waiting_source(over)
    async with console(source) as pilot:
        await go(pilot, over)
        await press(pilot, "B")
        await settled(pilot)
        await press(pilot, "escape", "colon", *"close", "enter", "y", *"burnt", "enter")
        await settled(pilot)

    assert calls(source, PlanRun) == [PlanRun("", (), rerun=f"{over.id}:undo")]
    assert calls(source, ControlRun) == [ControlRun(over.id, "close", "burnt")]
