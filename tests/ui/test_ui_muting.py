"""Being quiet from the keyboard: the mute menu, the composer with what it would hide, silences and windows."""

from collections.abc import Callable

from msgspec.structs import replace
from quiet_scene import ABC, effect, quiet
from ui_driving import console_of, press, screen_text, settled
from ui_scene import ALERTS, NOW, FakeSource

from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.alert_calls import (
    CloseMaintenance,
    ExpireSilence,
    MakeSilence,
    OpenMaintenance,
    PreviewSilence,
    SilenceMade,
)
from opsconsole.model.calls import AckAlert
from opsconsole.model.silence import Matcher, SilenceEffect
from opsconsole.ui.screens.composer import Composer
from opsconsole.ui.screens.confirm import Confirm
from opsconsole.ui.screens.menu import Menu
from opsconsole.ui.widgets.field_row import FieldRow


class SilencingSource(FakeSource):
    """An engine that works a preview out of each draft, and makes what is confirmed."""

    def __init__(self, shown=None, make: Callable[..., SilenceEffect] = effect, refuses=()) -> None:
        super().__init__(quiet() if shown is None else shown)
        self.make = make
        self.refuses = list(refuses)

    async def call(self, call, reply, *, within=30.0):
        if isinstance(call, PreviewSilence):
            self.calls.append(call)
            return self.make(call.draft, server=2 if call.ask else None)
        if isinstance(call, MakeSilence):
            self.calls.append(call)
            if self.refuses:
                raise self.refuses.pop(0)
            return SilenceMade("new", "silence new: silenced, hides 2 now")
        return await super().call(call, reply, within=within)


def made(source, kind):
    return [call for call in source.calls if isinstance(call, kind)]


def text_of(pilot):
    return "\n".join(screen_text(pilot))


def line(pilot, name):
    return pilot.app.screen.query_one(f"#field-{name}", FieldRow).line.value


def mistake(pilot, name):
    return pilot.app.screen.query_one(f"#field-{name}", FieldRow).mistake


async def test_x_offers_every_way_to_be_quiet_with_its_letter(console):
    async with console(SilencingSource()) as pilot:
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, Menu)
        text = text_of(pilot)

    for words in (
        "s silence",
        "e extend",
        "d edit",
        "x expire",
        "a ack until",
        "m maintenance on db-02",
    ):
        assert words.replace(" ", "") in text.replace(" ", "")


async def test_a_silence_is_composed_previewed_and_made_after_its_number_is_typed(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "s")
        assert isinstance(pilot.app.screen, Composer)
        assert line(pilot, "matchers") == 'alertname="PgReplLag"'
        text = text_of(pilot)
        assert "1 CRITICAL" in text
        assert "5 in the last 24 h" in text
        assert "3f2a9c71 of op2 hides some of it already" in text
        assert "amtool silence add" in text
        await press(pilot, *"wal", "enter")
        assert isinstance(pilot.app.screen, Confirm)
        assert "the source agrees" in text_of(pilot)
        await press(pilot, "2", "enter")

    call = made(source, MakeSilence)[0]
    assert call.draft.matchers == (Matcher("alertname", "=", "PgReplLag"),)
    assert (call.draft.comment, call.draft.seconds, call.hash, call.confirm) == (
        "wal",
        7_200,
        "h1",
        "2",
    )
    assert "silence new: silenced, hides 2 now" in console_of(pilot).main.notice.said


async def test_no_silence_is_made_without_the_number(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "s", *"wal", "enter", "y", "enter", "3", "enter")
        assert isinstance(pilot.app.screen, Confirm)

    assert made(source, MakeSilence) == []


async def test_a_silence_without_a_reason_is_refused_at_its_line(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "s", "enter")
        assert isinstance(pilot.app.screen, Composer)
        assert mistake(pilot, "comment").startswith("say why")


async def test_matchers_that_cannot_be_read_are_told_while_one_types_and_ask_nothing(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *'silence a=~"(?=x)"', "enter")
        text = text_of(pilot)
        await press(pilot, "enter")
        assert mistake(pilot, "matchers").startswith("at 4: Alertmanager's patterns are RE2")

    assert "it has no look-around" in text
    assert made(source, PreviewSilence) == []


async def test_every_change_is_previewed_one_question_at_a_time_and_the_last_one_wins(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"silence job=a", "enter")
        await press(pilot, "up", "up", *"bc")
        await settled(pilot)

        assert pilot.app.screen.effect.draft.matchers == (Matcher("job", "=", "abc"),)


async def test_a_preview_that_cannot_be_had_says_why_and_the_composer_stays(console):
    def away(draft, **_):
        raise EngineError("the engine is busy")

    async with console(SilencingSource(make=away)) as pilot:
        await press(pilot, "x", "s")
        assert isinstance(pilot.app.screen, Composer)
        assert "the engine is busy" in text_of(pilot)


async def test_a_set_that_changed_meanwhile_is_shown_anew_before_it_is_made(console):
    source = SilencingSource(
        refuses=[RefusedError("plan", "what it would hide has changed meanwhile")]
    )
    async with console(source) as pilot:
        await press(pilot, "x", "s", *"wal", "enter", "2", "enter")
        assert isinstance(pilot.app.screen, Confirm)
        assert "has changed meanwhile" in text_of(pilot)
        await press(pilot, "2", "enter")

    assert len(made(source, MakeSilence)) == 2


async def test_what_the_source_refuses_stands_at_the_line_it_is_about(console):
    source = SilencingSource(refuses=[RefusedError("silence", "it must end: within 30 days")])
    async with console(source) as pilot:
        await press(pilot, "x", "s", *"wal", "enter", "2", "enter")
        assert isinstance(pilot.app.screen, Composer)
        assert mistake(pilot, "duration") == "it must end: within 30 days"
        assert line(pilot, "comment") == "wal"


async def test_closing_the_question_leads_back_to_what_was_typed(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "s", *"wal", "enter", "escape")
        assert isinstance(pilot.app.screen, Composer)
        assert line(pilot, "comment") == "wal"


async def test_our_own_rules_fires_are_not_silenced_and_the_menu_says_why(console):
    shown = quiet()
    own = {key: replace(one, source="rules") for key, one in shown.alerts.items()}
    source = SilencingSource(replace(shown, alerts=own))
    async with console(source) as pilot:
        await press(pilot, "x", "s")
        assert isinstance(pilot.app.screen, Menu)
        assert "is our own rule: no Alertmanager knows it" in text_of(pilot)


async def test_an_ack_until_ends_by_itself(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "a", "tab", *"looking", "enter")

    call = made(source, AckAlert)[0]
    assert (call.note, call.until) == ("looking", NOW + 3_600)
    assert call.episodes == (ALERTS[0].episode,)


async def test_maintenance_is_opened_on_the_host_of_a_fire(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "x", "m", *"swap", "enter")

    assert made(source, OpenMaintenance) == [OpenMaintenance("swap", 3_600.0, "host:db-02")]


async def test_maintenance_that_the_engine_refuses_is_asked_again(console):
    source = SilencingSource()
    source.answers[OpenMaintenance] = RefusedError("empty", "it covers no host and no service")
    async with console(source) as pilot:
        await press(pilot, "colon", *"maintain rack:r9", "enter", *"swap", "enter")
        assert "it covers no host" in text_of(pilot)
        assert line(pilot, "on") == "rack:r9"


async def test_a_silences_row_extends_it_from_its_own_end(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"silences", "enter", "enter", "e", "enter")
        assert isinstance(pilot.app.screen, Confirm)
        await press(pilot, "2", "enter")

    draft = made(source, PreviewSilence)[0].draft
    assert (draft.id, draft.matchers, draft.seconds, draft.comment) == (ABC.id, (), 3_600, "")
    assert len(made(source, MakeSilence)) == 1


async def test_a_silence_is_expired_only_after_a_yes(console, clock):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"silences", "enter", "x", "x")
        assert "it hides 1 now" in text_of(pilot)
        assert made(source, ExpireSilence) == []
        await press(pilot, "y")
        await settled(pilot)

    assert made(source, ExpireSilence) == [ExpireSilence((ABC.id,))]


async def test_an_edit_that_changes_only_the_end_is_no_edit(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"silences", "enter", "x", "d", "enter")
        assert mistake(pilot, "comment") == "only the end differs: extend does that"


async def test_a_window_that_a_person_opened_is_ended_and_a_configured_one_is_not(console):
    source = SilencingSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"maintenance", "enter", "enter", "x")
        await press(pilot, "j", "enter", "x")
        assert "it is in the configuration" in text_of(pilot)

    assert made(source, CloseMaintenance) == [CloseMaintenance("m1")]
