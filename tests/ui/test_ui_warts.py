"""Small things a tired person trips over: what lies below, what vanished, what was hidden, what ssh said last."""

import pytest
from msgspec.structs import replace
from ui_driving import console_of, press, screen_text, settled
from ui_scene import ALERTS, NOW, FakeSource, snapshot

from opsconsole.model.calls import AckAlert, ReadLog, Text
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState
from opsconsole.ui.screens.sheet import Sheet
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.view.cells import cell
from opsconsole.view.offers import offers


def text_of(pilot):
    return "\n".join(screen_text(pilot))


async def test_the_help_says_how_much_lies_below_and_less_of_it_further_down(console):
    async with console(FakeSource(), (80, 24)) as pilot:
        await press(pilot, "question_mark")
        first = text_of(pilot)
        await press(pilot, "pagedown")
        second = text_of(pilot)

    count = int(first.split(" more below")[0].split()[-1])
    assert count > 0
    assert int(second.split(" more below")[0].split()[-1]) == count - 20


async def test_a_sheet_that_is_seen_whole_says_nothing_of_more(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "d")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Sheet)
        assert "more below" not in text_of(pilot)


async def test_the_help_lists_a_key_once_in_its_group(console):
    async with console(FakeSource(), (120, 60)) as pilot:
        await press(pilot, "question_mark")
        shown = text_of(pilot)

    assert "/          filter" in shown
    assert "/          search" not in shown


async def test_a_row_that_vanished_under_the_cursor_says_so_in_a_word(console):
    source = FakeSource()
    async with console(source) as pilot:
        gone = ALERTS[0]
        assert gone.name in text_of(pilot)
        shown = snapshot()
        source.show(
            replace(
                shown, alerts={key: a for key, a in shown.alerts.items() if key != gone.episode}
            )
        )
        await settled(pilot)
        line = next(line for line in screen_text(pilot) if f" {gone.name} " in line)
        await press(pilot, "j")
        await settled(pilot)

        assert " gone" in line
        assert gone.name not in console_of(pilot).main.view.panes["fires"].rows[0].key


async def test_a_fire_that_ended_under_the_cursor_is_said_to_be_over(console):
    source = FakeSource()
    async with console(source) as pilot:
        shown, over = snapshot(), ALERTS[0]
        ended = replace(over, state=AlertState.RESOLVED)
        source.show(replace(shown, alerts={**shown.alerts, over.episode: ended}))
        await settled(pilot)
        line = next(line for line in screen_text(pilot) if f" {over.name} " in line)

    assert " over" in line


KEYS = [
    ("2", "a", "ack works on a fire"),
    ("1", "ampersand", "hide or keep the rest works on logs and output"),
    ("1", "C", "continue works on a run"),
    ("1", "O", "O does nothing here; ? lists the keys"),
    ("1", "percent_sign", "% does nothing here; ? lists the keys"),
]


@pytest.mark.parametrize(("pane", "key", "says"), KEYS)
async def test_a_key_that_does_nothing_here_says_so(console, pane, key, says):
    async with console(FakeSource()) as pilot:
        await press(pilot, pane, key)
        said = list(console_of(pilot).main.notice.said)

    assert said[-1:] == [says]


async def test_a_key_that_is_not_seen_when_written_is_said_by_its_name(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "colon", *"handoff", "enter", "space")
        said = list(console_of(pilot).main.notice.said)

    assert said[-1:] == ["space does nothing here; ? lists the keys"]


async def test_the_last_key_is_answered_at_once(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "O", "2", "a")
        await settled(pilot)
        shown = text_of(pilot)

    assert "ack works on a fire" in shown


async def test_a_passing_word_does_not_push_away_what_was_done(console):
    async with console(FakeSource()) as pilot:
        console_of(pilot).main.say("silence new: silenced")
        await press(pilot, "b")
        await settled(pilot)
        shown = text_of(pilot)

    assert "silence new: silenced" in shown


async def test_a_blank_column_stands_before_the_right_frame(console):
    async with console(FakeSource(), (120, 40)) as pilot:
        rows = screen_text(pilot)[3:9]

    assert all(row.endswith(" ║") for row in rows)


async def test_hiding_keeps_only_what_a_search_finds(look, stage):
    log = LogView(look, id="log")
    async with stage(log) as pilot:
        log.show([cell("one"), cell("two ERROR"), cell("three")])
        log.find("error")
        log.hide_rest()
        await settled(pilot)
        assert len(log.lines) == 1
        log.append([cell("four"), cell("five error")])
        assert [line[0].text for line in log.lines] == ["two ERROR", "five error"]
        log.find("")

    assert len(log.lines) == 5


async def test_the_key_for_hiding_asks_for_a_search_first(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "l", "tab")
        await settled(pilot)
        await press(pilot, "ampersand")
        said = list(console_of(pilot).main.notice.said)
        await press(pilot, "slash", *"error", "enter", "ampersand")
        await settled(pilot)

        assert said[-1] == "search first: / and a word, then & hides the rest"
        assert [span.text for line in console_of(pilot).main.view.pane.lines for span in line]
        assert len(console_of(pilot).main.view.pane.lines) == 1


async def test_the_engines_log_is_read_in_a_sheet(console):
    lines = tuple(f"2026-11-22 03:12:{n:02} INFO line {n}" for n in range(40))
    source = FakeSource(answers={ReadLog: Text(lines, "/tmp/x/engine.log")})
    async with console(source, (100, 24)) as pilot:
        await press(pilot, "colon", *"log", "enter")
        await settled(pilot)

        shown = text_of(pilot)
    assert "INFO line 39" in shown
    assert "/tmp/x/engine.log" in shown


async def test_doctor_is_asked_on_a_thread_and_read_in_a_sheet(console):
    async with console(FakeSource()) as pilot:
        console_of(pilot).examine = lambda: ("ok   locale: UTF-8", "BAD  disk: full")
        await press(pilot, "colon", *"doctor", "enter")
        for _ in range(20):
            await settled(pilot)
            if isinstance(pilot.app.screen, Sheet):
                break

        assert "BAD  disk: full" in text_of(pilot)


async def test_a_prompt_without_completion_has_the_whole_line(console):
    async with console(FakeSource(), (80, 24)) as pilot:
        await press(pilot, "n")
        await settled(pilot)
        prompt = console_of(pilot).main.prompt
        parts = [prompt.query_one(f"#prompt-{part}") for part in ("label", "line", "hint")]

        assert parts[0].size.width + parts[1].size.width == 80
        assert not parts[2].display


def _loads(*places: str) -> Snapshot:
    """As many equal fires as places, and nothing else burns."""
    shown = snapshot()
    first = next(alert for alert in shown.alerts.values() if alert.is_firing)
    alike = (
        replace(
            first, episode=f"load-{place}", fingerprint=f"fp-{place}", name="LoadHigh",
            on=f"host:{place}", labels={"alertname": "LoadHigh", "instance": place},
        )
        for place in places
    )  # fmt: skip
    return replace(shown, alerts={alert.episode: alert for alert in alike})


async def test_a_folded_row_means_what_the_filter_left_in_it(console):
    source = FakeSource(_loads("web-01", "web-02", "web-03", "db-01"))
    async with console(source) as pilot:
        await press(pilot, "slash", *"host:web-0*", "enter")
        shown = text_of(pilot)
        await press(pilot, "a", *"mine", "enter")

    (ack,) = [call for call in source.calls if isinstance(call, AckAlert)]
    assert "LoadHigh ×3" in shown
    assert sorted(ack.episodes) == ["load-web-01", "load-web-02", "load-web-03"]


async def test_where_peek_has_three_lines_it_speaks_of_a_fire_that_stands_in_the_row(console):
    source = FakeSource(_loads("db-01", "web-01", "web-02", "web-03"))
    async with console(source, (80, 24)) as pilot:
        await press(pilot, "slash", *"host:web-0*", "enter")
        (brief,) = [row for row in screen_text(pilot) if "LoadHigh" in row and "║" not in row]

    assert "web-01" in brief


async def test_a_runbook_on_a_folded_row_is_for_the_hosts_that_stand_in_it(console):
    source = FakeSource(_loads("web-01", "web-02", "web-03", "db-01"))
    async with console(source) as pilot:
        await press(pilot, "slash", *"host:web-0*", "enter")
        menu_of = console_of(pilot).main.where
        offered = offers(source.snapshot, menu_of, NOW)

    assert {offer.targets for offer in offered if len(offer.targets) > 1} == {
        ("host:web-01", "host:web-02", "host:web-03")
    }


async def test_a_number_leads_to_no_pane_of_another_tab(console):
    async with console(FakeSource()) as pilot:
        await press(pilot, "2", "enter", "right_square_bracket", "right_square_bracket", "1")
        main = console_of(pilot).main
        there = main.view.focused_id in main.view.shown

    assert there


async def test_the_help_writes_brackets_as_they_are_typed(console):
    async with console(FakeSource(), (120, 60)) as pilot:
        await press(pilot, "question_mark", *"minute")
        shown = text_of(pilot)

    assert "left_curly_bracket" not in shown
    assert "{ " in shown
