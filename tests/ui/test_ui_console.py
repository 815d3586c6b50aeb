"""The whole console over a fake engine: from a fire to a run by keyboard, and everything on the way."""

import asyncio

import pytest
from msgspec.structs import replace
from ui_driving import console_of, press, screen_text, settled
from ui_scene import ALERTS, NOW, FakeSource, alert, plan, snapshot

from opsconsole.errors import RefusedError
from opsconsole.model.calls import (
    AckAlert,
    NoteAlert,
    PlanRun,
    PollNow,
    StartRun,
    TakeAlert,
    UnlockChanges,
)
from opsconsole.model.snapshot import Banner, Snapshot
from opsconsole.model.states import Confirm
from opsconsole.ui.console import CALM
from opsconsole.ui.places import HOME, Place
from opsconsole.ui.screens.confirm import Confirm as ConfirmDialog
from opsconsole.ui.screens.form import Form
from opsconsole.ui.screens.help import Help
from opsconsole.ui.screens.menu import Menu


def calls(source: FakeSource, kind: type) -> list[object]:
    return [call for call in source.calls if isinstance(call, kind)]


async def test_from_a_fire_to_a_run_by_six_keys(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"nginx.service", "enter")
        asked = type(pilot.app.screen)
        await press(pilot, "y")

        place = console_of(pilot).session.trail.here

    assert asked is ConfirmDialog
    planned, started = calls(source, PlanRun)[0], calls(source, StartRun)[0]
    assert (planned.action, planned.targets) == ("core.unit-restart", ("host:db-02",))
    assert planned.params == {"unit": "nginx.service", "wait": "30s"}
    assert (started.plan, started.hash) == ("p1", "hash")
    assert place == Place("run", "r1")


class SlowToPlan(FakeSource):
    """An engine that looks at hundreds of targets before it has a plan."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()

    async def call(self, call, reply, *, within=30.0):
        if isinstance(call, PlanRun):
            await self.may_answer.wait()
        return await super().call(call, reply, within=within)


async def test_a_plan_that_takes_a_while_is_said_to_be_under_way_until_it_is_there(console):
    source = SlowToPlan()
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"nginx.service", "enter")
        notice = console_of(pilot).main.notice
        meanwhile = (notice.has_class("-shown"), notice.render_line(0).text.strip())
        source.may_answer.set()
        await pilot.pause()
        await pilot.pause()

        assert meanwhile == (True, "▸ planning: Restart a unit")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        assert not notice.has_class("-shown")


async def test_nothing_starts_when_the_plan_is_given_up(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter", "escape")

    assert calls(source, StartRun) == []


async def test_a_dry_run_cannot_be_started(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "R", "u", *"app.service", "enter", "y", "enter")

    assert len(calls(source, PlanRun)) == 1
    assert calls(source, StartRun) == []


async def test_a_refused_plan_says_why_and_cannot_be_started(console):
    source = FakeSource(answers={PlanRun: plan(refusal="LOCKED: :unlock first")})
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter", "y")

        text = "\n".join(screen_text(pilot))

    assert "LOCKED: :unlock first" in text
    assert calls(source, StartRun) == []


async def test_a_wrong_parameter_comes_back_into_the_form(console):
    source = FakeSource(answers={PlanRun: RefusedError("param", "unit: no such unit")})
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter")

        text = "\n".join(screen_text(pilot))
        form = pilot.app.screen

    assert isinstance(form, Form)
    assert "no such unit" in text
    assert "app.service" in text


async def test_a_required_parameter_is_asked_for_before_anything_is_planned(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", "enter")

        text = "\n".join(screen_text(pilot))

    assert "is needed" in text
    assert calls(source, PlanRun) == []


@pytest.mark.parametrize(("typed", "starts"), [("24", True), ("23", False), ("y", False)])
async def test_a_count_must_be_typed_back_exactly(console, typed, starts):
    source = FakeSource(answers={PlanRun: plan(confirm=Confirm.COUNT, expect="24")})
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter", *typed, "enter")

    assert bool(calls(source, StartRun)) is starts


async def test_the_menu_is_chosen_by_letter_or_by_arrows(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r")
        menu = pilot.app.screen
        await press(pilot, "down", "enter")

        form = pilot.app.screen

    assert isinstance(menu, Menu)
    assert isinstance(form, Form)


async def test_ack_asks_for_a_note_and_tells_the_engine(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "a", *"looking", "enter")

    assert calls(source, AckAlert) == [AckAlert((ALERTS[0].episode,), "looking")]


async def test_giving_the_note_up_acks_nothing(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "a", "escape")

    assert calls(source, AckAlert) == []


async def test_marked_fires_are_acked_together(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "space", "space", "A", "enter")

    assert [len(call.episodes) for call in calls(source, AckAlert)] == [2]


async def test_take_and_note_go_to_the_engine(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "t", "n", *"on it", "enter")

    assert calls(source, TakeAlert) == [TakeAlert((ALERTS[0].episode,), None)]
    assert calls(source, NoteAlert) == [NoteAlert((ALERTS[0].episode,), "on it")]


async def test_taking_what_is_mine_gives_it_back(console):
    mine = replace(ALERTS[0], owner="op1")
    source = FakeSource(replace(snapshot(), alerts={mine.episode: mine}))
    async with console(source) as pilot:
        await press(pilot, "t")

    assert calls(source, TakeAlert) == [TakeAlert((mine.episode,), "")]


async def test_the_filter_narrows_while_one_types_and_escape_takes_it_back(console):
    async with console(FakeSource()) as pilot:
        table = console_of(pilot).main.view.panes["hosts"]
        await press(pilot, "2")
        before = len(table.rows)
        await press(pilot, "slash", *"role:db")
        while_typing = [row.key for row in table.rows]
        await press(pilot, "enter", "escape")

        after = len(table.rows)

    assert sorted(while_typing) == ["host:db-01", "host:db-02"]
    assert after == before


async def test_a_wrong_filter_says_so_and_keeps_the_last_good_one(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "slash", *"load>x")

        text = screen_text(pilot)[-1]
        kept = console_of(pilot).session.options("hosts").filter.source

    assert "a number" in text
    assert kept == "load>"


async def test_a_filter_that_is_not_finished_is_asked_again_and_does_not_mean_everything(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "slash", *"role:", "enter")
        text = screen_text(pilot)[-1]
        await press(pilot, "d", "b", "enter")
        kept = console_of(pilot).session.options("hosts").filter.source

    assert "/role:" in text
    assert "the filter ends before its value" in text
    assert kept == "role:db"


async def test_a_command_line_with_a_mistake_is_asked_again(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "colon", *"nonsense", "enter")

        text = screen_text(pilot)[-1]
        await press(pilot, "x")
        typed_on = screen_text(pilot)[-1]

    assert ":nonsense" in text
    assert "no command" in text
    assert ":nonsensex" in typed_on


async def test_unlock_is_a_command_with_duration_and_reason(console):
    source = FakeSource(snapshot(locked=True))
    async with console(source) as pilot:
        await press(pilot, "colon", *"unlock 15m disk full", "enter")

    assert calls(source, UnlockChanges) == [UnlockChanges(900.0, "disk full")]


async def test_a_locked_environment_is_said_in_the_menu(console):
    source = FakeSource(snapshot(locked=True))
    async with console(source) as pilot:
        await press(pilot, "r")

        text = "\n".join(screen_text(pilot))

    assert "changes   LOCKED" in text
    assert text.count("turns changes on") == 1


async def test_poll_now_polls_the_host_under_the_cursor(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "ctrl+r")

    assert calls(source, PollNow) == [PollNow(("host:db-02",))]


async def test_enter_opens_and_escape_comes_back(console):
    async with console(FakeSource()) as pilot:
        trail = console_of(pilot).session.trail
        await press(pilot, "2", "enter")
        there = trail.here
        await press(pilot, "escape")

        back = trail.here

    assert there == Place("host", "db-02")
    assert back == HOME


async def test_enter_unfolds_what_likely_follows_from_a_fire_and_folds_it_again(console):
    switch = alert("HostUnreachable", "critical", "host:sw-1", NOW - 90, "no answer")
    behind = [
        replace(alert("HostUnreachable", "critical", f"host:web-{n}", NOW - 80, "no answer"),
                suppressed_by=("depends:host:sw-1",))
        for n in range(3)
    ]  # fmt: skip
    fires = {one.episode: one for one in (switch, *behind)}
    async with console(FakeSource(replace(snapshot(), alerts=fires))) as pilot:
        folded = "\n".join(screen_text(pilot))
        await press(pilot, "enter")
        opened = "\n".join(screen_text(pilot))
        place = console_of(pilot).session.trail.here
        await press(pilot, "enter")
        again = "\n".join(screen_text(pilot))

    assert "+3" in folded
    assert "MUTE" not in folded
    assert opened.count("MUTE") == 3
    assert place == HOME
    assert "MUTE" not in again


async def test_history_goes_back_and_forth(console):
    async with console(FakeSource()) as pilot:
        trail = console_of(pilot).session.trail
        await press(pilot, "2", "enter", "q")
        await press(pilot, "3", "enter", "H")
        older = trail.here
        await press(pilot, "L")
        newer = trail.here
        await press(pilot, "minus")

        swapped = trail.here

    assert (older, newer.kind, swapped) == (HOME, "service", HOME)


async def test_escape_pops_one_thing_at_a_time(console):
    async with console(FakeSource()) as pilot:
        view = console_of(pilot).main.view
        await press(pilot, "z", "slash", *"db", "enter", "space")
        pane, session = view.pane, console_of(pilot).session
        states = []
        for _ in range(3):
            await press(pilot, "escape")
            states.append(
                (bool(pane.marks), bool(session.options("fires").filter.source), str(view.grown))
            )

    assert states == [(False, True, "full"), (False, False, "full"), (False, False, "normal")]


async def test_the_same_digit_again_zooms(console):
    async with console(FakeSource()) as pilot:
        view = console_of(pilot).main.view
        await press(pilot, "3")
        once = view.shown
        await press(pilot, "3")

        twice = view.shown

    assert "fires" in once
    assert twice == ["services"]


async def test_the_host_drill_down_turns_its_tabs(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "enter", "right_square_bracket")
        first = console_of(pilot).session.trail.here.tab
        await press(pilot, "left_square_bracket", "left_square_bracket")

        last = console_of(pilot).session.trail.here.tab

    assert (first, last) == ("services", "raw")


async def test_logs_are_asked_of_the_host_and_searched(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "l")
        view = console_of(pilot).main.view
        await press(pilot, "slash", *"space", "enter")

        lines = screen_text(pilot)
        place, needle = view.place, view.panes["logs"].needle

    assert place == Place("host", "db-02", "logs")
    assert any("ERROR no space left" in line for line in lines)
    assert needle == "space"


async def test_n_means_note_unless_something_is_searched(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "l", "slash", *"info", "enter", "n")
        asked = console_of(pilot).main.prompt.is_open

    assert not asked


async def test_help_lists_the_keys_and_searches_by_typing(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "question_mark")
        whole = "\n".join(screen_text(pilot))
        await press(pilot, *"unlock")

        found = "\n".join(screen_text(pilot))
        screen = pilot.app.screen

    assert isinstance(screen, Help)
    assert "FIRES" in whole
    assert ":unlock DURATION REASON" in found
    assert "half page down" not in found


async def test_the_palette_runs_what_is_picked(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "ctrl+p", *"runs", "enter")

        place = console_of(pilot).session.trail.here

    assert place == Place("runs")


async def test_the_palette_begins_with_what_works_here_and_leaves_the_digits_out(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "ctrl+p")
        await settled(pilot)
        lines = [line for line in screen_text(pilot) if line.startswith("║")]

    assert lines[0].split()[2:5] == ["a", ":ack", "ack"]
    assert not any("pane 1" in line for line in lines)


async def test_q_at_the_top_asks_and_y_leaves(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "q")
        asked = isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, "escape")
        stayed = pilot.app.is_running
        await press(pilot, "q", "y")

    assert asked
    assert stayed
    assert source.closed


async def test_ctrl_c_never_quits(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "ctrl+c", "ctrl+c")

        assert pilot.app.is_running


async def test_ctrl_q_asks_like_everything_else(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "ctrl+q")

        assert isinstance(pilot.app.screen, ConfirmDialog)


async def test_a_new_critical_fire_rings_once_and_an_old_one_never(console):
    source = FakeSource()
    async with console(source) as pilot:
        said = console_of(pilot).main.notice.said
        before = list(said)
        fresh = alert("OomKill", "critical", "host:web-01", 2, "app was killed")
        shown = snapshot()
        burning = replace(shown, alerts={**shown.alerts, fresh.episode: fresh})
        main = console_of(pilot).main
        source.show(burning)
        main.source_changed()
        main.source_changed()

        after = list(said)

    assert before == []
    assert after == ["OomKill on web-01: app was killed"]


async def test_an_owned_or_muted_critical_does_not_ring(console):
    source = FakeSource()
    async with console(source) as pilot:
        owned = alert("A", "critical", "host:web-01", 2, "x", owner="op2")
        muted = alert("B", "critical", "host:web-01", 2, "x", muted="silence:1")
        shown = snapshot()
        source.show(
            replace(shown, alerts={**shown.alerts, owned.episode: owned, muted.episode: muted})
        )
        console_of(pilot).main.source_changed()

        said = list(console_of(pilot).main.notice.said)

    assert said == []


async def test_one_comes_back_to_the_pane_and_the_row_one_left(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "j", "j")
        stood = console_of(pilot).main.where.key
        await press(pilot, "enter")
        away = console_of(pilot).main.where.key
        await press(pilot, "escape")
        main = console_of(pilot).main

        assert main.view.focused_id == "hosts"
        assert main.where.key == stood != ""
        assert away == stood
        assert main.view.panes["hosts"].top == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_a_lost_engine_is_said_and_the_rows_stay(console, size):
    source = FakeSource()
    async with console(source, size) as pilot:
        source.lose()
        console_of(pilot).main.source_changed()
        await settled(pilot)

        lines = screen_text(pilot)

    assert "re-attaching" in lines[0] + lines[1]
    assert any("PgReplLag" in line for line in lines)


async def test_a_small_host_page_has_one_pane_at_a_time_and_tab_goes_on(console):
    async with console(FakeSource(), (40, 12)) as pilot:
        await press(pilot, "2", "enter")
        first = "\n".join(screen_text(pilot))
        await press(pilot, "tab")
        second = "\n".join(screen_text(pilot))

    assert "Vitals" in first
    assert "╔ Fires" in second
    assert "Vitals" not in second


async def test_a_command_that_needs_the_engine_says_so_while_it_is_lost(console):
    source = FakeSource()
    async with console(source) as pilot:
        source.lose()
        await press(pilot, "r")

        said = list(console_of(pilot).main.notice.said)

    assert any("no engine at the moment" in sentence for sentence in said)


async def test_a_banner_stands_until_its_cause_is_gone(console):
    source = FakeSource(
        replace(
            snapshot(),
            banners={"config": Banner("config", "opsconsole.yaml:3:1: kept the old one")},
        )
    )
    async with console(source) as pilot:
        during = screen_text(pilot)
        source.show(snapshot())
        console_of(pilot).main.source_changed()
        await settled(pilot)

        after = screen_text(pilot)

    assert "kept the old one" in during[2]
    assert "1 Fires" in after[2]


async def test_every_command_does_something_or_says_why_not():
    from opsconsole.commands.registry import COMMANDS
    from opsconsole.ui import verbs

    in_widgets = ("move.", "select.", "look.open", "find.hide")
    unknown = [
        c.id for c in COMMANDS if verbs.find(c.id) is None and not c.id.startswith(in_widgets)
    ]

    assert unknown == []


async def test_the_first_frame_stands_before_anything_is_known(console):
    source = FakeSource(Snapshot())
    source.link = "connecting"
    async with console(source) as pilot:
        lines = screen_text(pilot)

    assert any("1 Fires" in line for line in lines)
    assert any("connecting" in line for line in lines)
    assert "✓" not in lines[0]


async def test_the_screen_can_stand_still(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "p")
        source.show(replace(snapshot(), alerts={}))
        console_of(pilot).main.source_changed()
        await settled(pilot)
        still = [line for line in screen_text(pilot) if "PgReplLag" in line]
        await press(pilot, "p")

        live = len(console_of(pilot).session.snapshot.alerts)

    assert still
    assert live == 0


async def test_a_layout_is_kept_and_restored(console, tmp_path):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "f", "colon", *"w triage", "enter")

    async with console(FakeSource()) as pilot:
        await press(pilot, "colon", *"layout triage", "enter")
        view, session = console_of(pilot).main.view, console_of(pilot).session

        restored = (view.focused_id, session.options("hosts").faults_only, session.layout_name)

    assert restored == ("hosts", True, "triage")


async def test_the_screen_is_saved_as_text(console, tmp_path):
    async with console(FakeSource()) as pilot:
        await press(pilot, "ctrl+s")

    (file,) = (tmp_path / "saved").iterdir()
    assert "PgReplLag" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


async def test_a_copy_leaves_as_osc_52_and_nothing_else(console):
    async with console(FakeSource()) as pilot:
        copied = []
        pilot.app.copy_to_clipboard = copied.append
        await press(pilot, "c", "n")

    assert copied == ["db-02"]


async def test_a_theme_is_worn_at_once_and_remembered(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "colon", *"theme light", "enter")
        app = console_of(pilot)

        worn = (app.look.palette.name, app.session.prefs.theme)

    assert worn == ("light", "light")


async def test_an_unknown_theme_is_refused_with_the_known_ones(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "colon", *"theme neon", "enter")

        said = list(console_of(pilot).main.notice.said)

    assert any("dark" in sentence and "light" in sentence for sentence in said)


@pytest.mark.parametrize(
    "size",
    [(80, 24), (120, 40), (200, 60), (60, 15), (59, 14), (40, 12), (20, 5), (1, 1), (500, 200)],
)
async def test_any_size_is_drawn(console, size):
    async with console(FakeSource(), size) as pilot:
        lines = screen_text(pilot)
        await press(pilot, "2", "enter")

        below = screen_text(pilot)

    assert {len(lines), len(below)} == {size[1]}


async def test_below_sixty_by_fifteen_one_pane_stands_alone(console):
    async with console(FakeSource(), (59, 14)) as pilot:
        view = console_of(pilot).main.view
        first = view.shown
        await press(pilot, "2")

        second = view.shown

    assert (first, second) == (["fires"], ["hosts"])


async def test_ages_are_counted_by_the_engine_s_time(console):
    async with console(FakeSource()) as pilot:
        lines = "\n".join(screen_text(pilot))

    assert NOW - ALERTS[0].since == 840
    assert "14m" in lines


async def test_keys_and_theme_of_the_configuration_are_taken(console):
    engine = replace(snapshot().engine, keymap={"fire.take": "K", "no.such": "x"}, theme="light")
    source = FakeSource(replace(snapshot(), engine=engine))
    async with console(source) as pilot:
        await press(pilot, "K")
        await settled(pilot)
        theme = console_of(pilot).look.palette.name
        footer = screen_text(pilot)[-1]

    assert len(calls(source, TakeAlert)) == 1
    assert theme == "light"
    assert "K take" in footer


async def test_a_key_that_was_given_away_means_nothing_else(console):
    engine = replace(snapshot().engine, keymap={"fire.take": "a"})
    source = FakeSource(replace(snapshot(), engine=engine))
    async with console(source) as pilot:
        await press(pilot, "a")

    assert len(calls(source, TakeAlert)) == 1
    assert calls(source, AckAlert) == []


class Asked(FakeSource):
    """Counts how often somebody wants to know the time: once a drawing, at least."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def now(self) -> float:
        self.looks += 1
        return super().now()


async def test_a_screen_that_nobody_touches_draws_every_second_tick_and_a_key_wakes_it(
    console, clock
):
    source = Asked()
    async with console(source) as pilot:
        drawn = []

        def tick() -> None:
            before = source.looks
            pilot.app._tick()
            drawn.append(source.looks > before)

        tick()
        tick()
        clock.at += CALM + 1
        tick()
        tick()
        tick()
        await press(pilot, "j")
        tick()
        tick()

    assert drawn[:2] == [True, True]
    assert sorted(drawn[2:4]) == [False, True]
    assert drawn[5:] == [True, True]
