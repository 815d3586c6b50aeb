"""Dialogs: no key before the paint, no key faster than a hand, no paste; and what is typed back must fit."""

import asyncio

import pytest
from msgspec.structs import replace
from textual import events
from textual.message import Message
from ui_driving import console_of, press, screen_text, settled
from ui_scene import NOW, FakeSource, plan

from opsconsole.model.action import PlannedStep, PlannedTarget
from opsconsole.model.calls import AckAlert, PlanRun, StartRun
from opsconsole.model.states import Confirm, Effect
from opsconsole.model.text import Safe
from opsconsole.ui.screens.confirm import Confirm as ConfirmDialog
from opsconsole.ui.screens.confirm import Question
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.view.rows import Span


def started(source: FakeSource) -> bool:
    return any(isinstance(call, StartRun) for call in source.calls)


def key(name: str, at: float) -> events.Key:
    event = events.Key(name, name)
    event.time = at
    return event


@pytest.fixture
def dialog(look):
    made = ConfirmDialog(look, Question("Sure?"), ())
    made._painted_at = 100.0
    return made


def test_a_key_from_before_the_first_paint_is_dropped(dialog):
    assert not dialog.accepts(key("y", 99.9))
    assert dialog.accepts(key("y", 100.1))


def test_nothing_is_taken_while_it_was_never_painted(look):
    assert not ConfirmDialog(look, Question("Sure?"), ()).accepts(key("y", 1e9))


def test_keys_faster_than_a_hand_are_dropped(dialog):
    assert dialog.accepts(key("a", 101.0))
    assert not dialog.accepts(key("y", 101.0 + 1e-5))
    assert dialog.accepts(key("y", 102.0))


def test_the_enter_at_the_end_of_a_burst_is_dropped_with_it(dialog):
    dialog.accepts(key("4", 101.0))
    dialog.accepts(key("0", 101.0 + 1e-5))

    assert not dialog.accepts(key("enter", 101.01))
    assert dialog.accepts(key("4", 101.5))


def test_a_paste_is_dropped(dialog):
    assert not dialog.accepts(events.Paste("y"))


async def test_keys_that_were_queued_with_the_opening_one_do_not_confirm(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "d")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, "escape")

        for name in ("r", "d", "y", "y"):
            pilot.app.post_message(events.Key(name, name))
        for _ in range(5):
            await settled(pilot)

    assert not started(source)


class HeldClock:
    """A clock whose waits end when the test says so."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await self.gate.wait()


async def test_t09_an_unmarked_paste_that_begins_with_y_confirms_nothing(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "d")
        clock = console_of(pilot).look.clock = HeldClock()
        for name in ("y", "e", "s"):
            pilot.app.post_message(events.Key(name, name))
        await settled(pilot)
        clock.gate.set()
        await settled(pilot)

        assert isinstance(pilot.app.screen, ConfirmDialog)
    assert not started(source)


async def test_t09_a_paste_over_the_main_screen_triggers_nothing(console):
    source = FakeSource()
    async with console(source) as pilot:
        pilot.app.post_message(events.Paste("a\nr\nu\nfoo\ny\n:q\n" * 100))
        await settled(pilot)

        assert console_of(pilot).is_running
    assert not [call for call in source.calls if isinstance(call, AckAlert | PlanRun | StartRun)]


async def test_a_paste_into_a_typed_confirmation_does_not_fill_it(console):
    source = FakeSource(answers={PlanRun: plan(confirm=Confirm.TYPED, expect="db-02")})
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter")
        pilot.app.post_message(events.Paste("db-02"))
        await settled(pilot)
        told = "nothing was taken" in "\n".join(screen_text(pilot))
        await press(pilot, "enter")
        wrong = started(source)
        await press(pilot, *"db-02", "enter")

    assert told
    assert not wrong
    assert started(source)


async def test_a_burst_into_a_typed_confirmation_leaves_nothing_behind(console):
    source = FakeSource(answers={PlanRun: plan(confirm=Confirm.COUNT, expect="4")})
    async with console(source) as pilot:
        await press(pilot, "r", "u", *"app.service", "enter")
        for name in ("4", "0", "enter"):
            pilot.app.post_message(events.Key(name, name))
        await settled(pilot)

        assert "nothing was taken" in "\n".join(screen_text(pilot))
    assert not started(source)


async def test_a_long_command_is_read_whole_before_it_is_run(console):
    command = ("sh", "-c", "echo " + "long " * 60 + "end-of-it")
    steps = (PlannedStep("say", Effect.READ, command),)
    long = replace(plan(), targets=(PlannedTarget("host:db-02", steps),))
    source = FakeSource(answers={PlanRun: long})
    async with console(source) as pilot:
        await press(pilot, "r", "d")

        assert "end-of-it" in "\n".join(screen_text(pilot))


async def test_a_forms_words_are_lines_of_their_own(console):
    async with console(FakeSource(answers={PlanRun: plan()})) as pilot:
        await press(pilot, "r", "u")

        assert "␊" not in "\n".join(screen_text(pilot))


def test_events_and_paints_are_stamped_by_the_same_clock():
    before = Message().time

    assert events.Key("y", "y").time >= before


async def test_a_menus_letters_are_its_own_and_its_cursor_stays_in_sight(look, stage):
    items = [Item(str(n), (Span(Safe(f"entry {n}")),)) for n in range(30)]
    async with stage(size=(60, 12)) as pilot:
        answered = []
        menu = Menu(look, "Long", items)
        await pilot.app.push_screen(menu, answered.append)
        await settled(pilot)
        await press(pilot, *["down"] * 20)
        assert any("entry 20" in line for line in screen_text(pilot))
        await press(pilot, "g")
        await settled(pilot)

    assert answered == ["6"]
