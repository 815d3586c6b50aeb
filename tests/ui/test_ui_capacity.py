"""What fills, its plot, and the odd ones out, by keys."""

from capacity_scene import CAPACITY, source
from ui_driving import console_of, press, screen_text, settled
from ui_scene import FakeSource

from opsconsole.errors import EngineError
from opsconsole.model.alert_calls import ReadCapacity, ReadCourse
from opsconsole.model.capacity import Course


def text_of(pilot):
    return "\n".join(screen_text(pilot))


async def test_capacity_lists_what_fills_and_enter_plots_it(console):
    shown = source()
    async with console(shown) as pilot:
        await press(pilot, "colon", *"capacity", "enter")
        await settled(pilot)
        assert "disk /data" in text_of(pilot)

        await press(pilot, "enter")
        await settled(pilot)
        text = text_of(pilot)

    first = CAPACITY.resources[0]
    assert [call for call in shown.calls if isinstance(call, ReadCourse)] == [
        ReadCourse(first.host, first.metric)
    ]
    assert "used, +2.1% a day" in text
    assert "100%│" in text
    assert "now" in text


async def test_w_shows_also_what_does_not_fill(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"capacity", "enter")
        assert "inodes /" not in text_of(pilot)
        await press(pilot, "w")

        assert "inodes /" in text_of(pilot)


async def test_a_filter_narrows_it_to_hosts(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"capacity", "enter")
        await press(pilot, "slash", *"cache-04", "enter")
        text = text_of(pilot)

    assert "cache-04" in text
    assert "disk /data" not in text


async def test_the_object_of_a_row_is_its_host(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"capacity", "enter")
        view = console_of(pilot).screen.view
        assert view.subject == "host:db-02"

        await press(pilot, "space")
        assert view.marks == ("host:db-02",)


async def test_the_odd_ones_lead_to_their_host(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"odd", "enter")
        await settled(pilot)
        assert "24σ" in text_of(pilot)

        await press(pilot, "j", "enter")
        assert console_of(pilot).session.trail.here.key == "web-07"


async def test_an_engine_that_does_not_answer_is_said_and_what_was_known_stays(console):
    shown = FakeSource(answers={ReadCapacity: EngineError("the engine is away")})
    async with console(shown) as pilot:
        await press(pilot, "colon", *"capacity", "enter")
        await settled(pilot)

        assert "the engine is away" in text_of(pilot)


async def test_it_is_asked_once_a_minute_and_not_at_each_look(console, clock):
    shown = source()
    async with console(shown) as pilot:
        await press(pilot, "colon", *"capacity", "enter", "j", "k")
        await settled(pilot)
        asked = [call for call in shown.calls if isinstance(call, ReadCapacity)]
        assert len(asked) == 1

        clock.at += 61
        await press(pilot, "j")
        console_of(pilot).screen.update()
        await settled(pilot)

    assert len([call for call in shown.calls if isinstance(call, ReadCapacity)]) == 2


async def test_a_course_of_nothing_says_so(console):
    shown = source()
    shown.answers[ReadCourse] = Course(None)
    async with console(shown) as pilot:
        await press(pilot, "colon", *"capacity", "enter", "enter")
        await settled(pilot)

        assert "Nothing is known of it." in text_of(pilot)
