"""The board as it was: back and forth by keys, what cannot be done on it, and the way back to now."""

import asyncio

import pytest
from msgspec.structs import replace
from test_ui_pictures import SIZES, pressing
from test_ui_pictures import console as opened
from ui_driving import console_of, press, screen_text, settled
from ui_scene import NOW, FakeSource, Reply, snapshot

from opsconsole.errors import RefusedError
from opsconsole.model.calls import AckAlert, AddEvent, AnyCall, AskHost
from opsconsole.model.moment import Moment, ReadMoment
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState


def before(at: float) -> Snapshot:
    """The night before anything burnt but one fire: a tenth of it."""
    shown = snapshot()
    first = next(a for a in shown.alerts.values() if a.state is AlertState.FIRING)
    alone = {first.episode: replace(first, since=at - 90, ack=None, owner=None)}
    hosts = {n: replace(h, at=at - 2, tried=at - 2) for n, h in shown.hosts.items()}
    return Snapshot(1, at, hosts=hosts, services=shown.services, alerts=alone)


class Remembering(FakeSource):
    """An engine that knows what was; asked while `gate` is closed it takes its time."""

    def __init__(self) -> None:
        super().__init__(snapshot(locked=True))
        self.gate = asyncio.Event()
        self.gate.set()

    async def call(self, call: AnyCall, reply: type[Reply], *, within: float = 30.0) -> Reply:
        if isinstance(call, ReadMoment):
            at = call.at + 17 * call.step
            self.answers[ReadMoment] = Moment(at, before(at))
            await self.gate.wait()
        return await super().call(call, reply, within=within)

    @property
    def asked(self) -> list[tuple[float, int]]:
        """What was asked of before, in seconds to now, and the step."""
        return [(c.at - NOW, c.step) for c in self.calls if isinstance(c, ReadMoment)]


def stands(pilot: object) -> str:
    return "\n".join(screen_text(pilot))  # type: ignore[arg-type]


async def test_back_by_five_minutes_by_one_by_events_and_to_now(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "b", "left_curly_bracket", "left_curly_bracket", "left_parenthesis")
        past = stands(pilot)
        await press(pilot, "right_parenthesis", "right_curly_bracket", "p")
        now = stands(pilot)

    assert source.asked == [(-300, 0), (-360, 0), (-420, 0), (-420, -1), (-437, 1), (-360, 0)]
    assert "THE PAST 03:05:27Z, 7m ago" in past
    assert "PAST 03:05:27Z" in past.splitlines()[0]
    assert "1 Fires 1 " in past
    assert "THE PAST" not in now
    assert "1 Fires 1 " not in now


async def test_stepping_on_past_the_newest_is_now(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "left_curly_bracket", "right_curly_bracket")
        shown = stands(pilot)

    assert source.asked == [(-60, 0), (0, 0)]
    assert "THE PAST" not in shown


async def test_escape_pops_what_was_opened_and_then_the_past(console) -> None:
    async with console(Remembering()) as pilot:
        await press(pilot, "b", "2", "enter")
        drilled = stands(pilot)
        await press(pilot, "escape")
        popped = stands(pilot)
        await press(pilot, "escape")
        now = stands(pilot)

    assert "THE PAST" in drilled
    assert "Vitals" in drilled
    assert "THE PAST" in popped
    assert "Vitals" not in popped
    assert "THE PAST" not in now


@pytest.mark.parametrize("keys", ["a", "t", "r", "x", "l", "s", "exclamation_mark", "ctrl+r"])
async def test_nothing_is_done_by_what_the_past_shows(console, keys: str) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "b", keys)
        shown = stands(pilot)

    assert "this is the past: p goes back to now" in shown
    assert [type(call) for call in source.calls] == [ReadMoment]


async def test_a_host_is_not_asked_about_what_it_was(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "b", "2", "enter")
        shown = stands(pilot)

    assert "hosts are asked as they are now" in shown
    assert not [call for call in source.calls if isinstance(call, AskHost)]


async def test_what_is_unlocked_now_is_not_said_of_then(console) -> None:
    async with console(Remembering()) as pilot:
        await press(pilot, "b")

        assert console_of(pilot).session.snapshot.access.unlocks == ()
        assert "LOCKED" in stands(pilot).splitlines()[0]


async def test_a_time_is_typed(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "colon", *"rewind", "space", *"03:00", "enter")
        shown = stands(pilot)
        await press(pilot, "colon", *"rewind", "space", *"soon", "enter")
        said = stands(pilot)

    assert "THE PAST 03:00:00Z, 12m ago" in shown
    assert "'soon' is no time: 14:05, 30m" in said


async def test_of_many_times_asked_for_in_a_row_the_last_is_read(console) -> None:
    source = Remembering()
    source.gate.clear()
    async with console(source) as pilot:
        await press(pilot, *["left_curly_bracket"] * 5)
        source.gate.set()
        await settled(pilot)
        shown = stands(pilot)

    assert source.asked == [(-60, 0), (-300, 0)]
    assert "THE PAST 03:07:44Z, 5m ago" in shown


@pytest.mark.parametrize("asked", ["b", "left_curly_bracket", "left_parenthesis"])
@pytest.mark.parametrize("before", [(), ("b",)], ids=["from now", "from the past"])
async def test_now_is_not_left_for_a_board_that_comes_late(console, asked, before) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, *before)
        source.gate.clear()
        await press(pilot, asked, asked, "p")
        source.gate.set()
        await settled(pilot)
        shown = stands(pilot)

    assert "PAST" not in shown
    assert "PAUSED" not in shown


PLACES = {
    "fire": (("1", "j", "j", "enter"), "This fire did not burn then", "full in ~38m"),
    "run": (("colon", *"go", "space", *"r1", "enter"), "had not begun then", "Restarting nginx"),
    "runs": (("colon", *"runs", "enter"), "THE PAST", "unit-restart"),
    "host": (("2", "enter"), "hosts are asked as they are now", "no space left"),
}


@pytest.mark.parametrize(("keys", "says", "not_now"), PLACES.values(), ids=PLACES)
async def test_a_view_that_is_open_shows_nothing_of_now(console, keys, says, not_now) -> None:
    async with console(Remembering()) as pilot:
        await press(pilot, *keys)
        now = stands(pilot)
        await press(pilot, "b")
        past = stands(pilot)
        await press(pilot, "p")
        again = stands(pilot)

    assert not_now in now
    assert "THE PAST" in past
    assert says in past
    assert not_now not in past
    assert not_now in again


@pytest.mark.parametrize("place", ["silences", "slo", "maintenance", "expiring", "incidents"])
async def test_what_is_only_known_of_now_is_shown_of_now(console, place) -> None:
    async with console(Remembering()) as pilot:
        await press(pilot, "b", "colon", *place, "enter")
        opened = stands(pilot)
        await press(pilot, "b")
        left = stands(pilot)
        await press(pilot, "minus")
        back = stands(pilot)

    assert f"{place} is known of now: live again" in opened
    assert "THE PAST" not in opened
    assert "THE PAST" in left
    assert "overview" in left.splitlines()[1]
    assert "THE PAST" not in back


async def test_what_is_not_kept_is_said_and_now_stays(console) -> None:
    source = FakeSource(answers={ReadMoment: RefusedError("param", "boards are kept for 35 days")})
    async with console(source) as pilot:
        await press(pilot, "colon", *"rewind", "space", *"2025-01-01", "enter")
        shown = stands(pilot)

    assert "boards are kept for 35 days" in shown
    assert "THE PAST" not in shown


async def test_no_row_of_now_stays_on_a_board_of_before(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "j", "j", "b")
        shown = stands(pilot)

    assert "… gone" not in shown
    assert "1 Fires 1 " in shown


async def test_forward_from_now_is_refused(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "right_curly_bracket")
        shown = stands(pilot)

    assert "this is now: b and { go back" in shown
    assert source.calls == []


async def test_a_mark_is_put_where_one_stands_in_time(console) -> None:
    source = Remembering()
    async with console(source) as pilot:
        await press(pilot, "b", "2", "m", *"here", "enter")
        await press(pilot, "p", "1", "m", *"and now", "enter")

    marks = [call for call in source.calls if isinstance(call, AddEvent)]
    assert [(mark.kind, mark.text, mark.at) for mark in marks] == [
        ("mark", "here", NOW - 300),
        ("mark", "and now", NOW),
    ]
    assert marks[0].on.startswith("host:")
    assert marks[1].on == ""
    assert not [call for call in source.calls if isinstance(call, AckAlert)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_picture_of_the_past(snap_compare, tmp_path, size) -> None:
    app = opened(Remembering(), tmp_path)
    assert snap_compare(app, terminal_size=size, run_before=pressing(("b",)))
