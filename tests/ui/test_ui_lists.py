"""Silences, maintenance, what ends, objectives, hand-over, blast radius, and what happened while one was away."""

import msgspec
import pytest
from quiet_scene import EPISODES, quiet
from ui_driving import console_of, press, screen_text, settled
from ui_scene import EVENTS, NOW, FakeSource

from opsconsole.model.calls import AckAlert, Episodes, Events, ReadEpisodes, ReadEvents
from opsconsole.model.incident import Incident
from opsconsole.model.incident_calls import (
    CloseIncident,
    IncidentOpened,
    NoteIncident,
    OpenIncident,
    SetIncident,
)
from opsconsole.model.oncall import Escalation, OnCall
from opsconsole.ui.prefs import Prefs, read_prefs


def source() -> FakeSource:
    return FakeSource(quiet(), {ReadEpisodes: Episodes(EPISODES), ReadEvents: Events(EVENTS)})


def text_of(pilot):
    return "\n".join(screen_text(pilot))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("silences", ("Silences 2", "42m", "renewed on Monday, CHG-4711", "ended 5m ago")),
        ("maintenance", ("Maintenance 1 on, 1 to come", "swap disk", "on, 50m left, 1 host")),
        ("expiring", ("Ends within a week 5 (3 within the hour)", "certificate", "edge-cert")),
        ("slo", ("Objectives 3", "checkout", "12%", "PAGE")),
        ("handoff", ("Hand-over", "Still burning", "Quiet for a while")),
        ("blast db-02", ("Without db-02: 1 down", "checkout")),
        (
            "away 2h",
            ("While you were away", "Fired 2", "Resolved 1", "NOBODY", "op1 ack DiskWillFill"),
        ),
    ],
)
async def test_a_line_opens_its_list(console, line, says):
    async with console(source()) as pilot:
        await press(pilot, "colon", *line, "enter")
        await settled(pilot)
        text = text_of(pilot)

    for words in says:
        assert words in text


async def test_back_leads_from_a_list_to_where_one_was(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"slo", "enter", "enter")
        assert console_of(pilot).session.trail.here.kind == "service"
        await press(pilot, "q", "q")

        assert console_of(pilot).session.trail.here.kind == "overview"


async def test_what_ends_soon_opens_what_can_be_done_about_it(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"expiring", "enter", "enter")
        assert console_of(pilot).session.trail.here.kind == "alert"
        await press(pilot, "q", "j", "enter")

        assert "Silence abc" in text_of(pilot)


async def test_the_hand_over_is_kept_as_markdown_and_copied_whole(console, tmp_path):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"handoff 1d", "enter")
        await settled(pilot)
        await press(pilot, "ctrl+s", "c")
        assert "markdown" in text_of(pilot)

    kept = next((tmp_path / "saved").glob("handoff-*.md")).read_text()
    assert kept.startswith("# Hand-over ")
    assert "DiskFull on db-01" in kept


async def test_an_engine_that_cannot_tell_leaves_the_hand_over_empty_and_says_so(console):
    async with console(FakeSource(quiet())) as pilot:
        await press(pilot, "colon", *"handoff", "enter")
        await settled(pilot)

        assert "not to be had now" in text_of(pilot)


async def test_the_blast_radius_is_that_of_what_is_under_the_cursor(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"blast", "enter")

        assert console_of(pilot).session.trail.here.key == "host:db-02"


async def test_a_name_that_nobody_has_has_no_blast_radius(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"blast nothing", "enter")

        assert console_of(pilot).main.notice.said[-1] == "no host or service is called nothing"


async def test_leaving_is_remembered_and_what_another_console_kept_stays(console, tmp_path):
    file = tmp_path / "console.json"
    async with console(source()):
        file.write_bytes(msgspec.json.encode(Prefs(theme="light")))

    assert read_prefs(file) == Prefs(theme="light", left_at=NOW)


@pytest.mark.parametrize(("gone", "told"), [(7_200, True), (300, False)])
async def test_after_an_absence_one_line_says_what_happened(console, tmp_path, gone, told):
    (tmp_path / "console.json").write_bytes(msgspec.json.encode(Prefs(left_at=NOW - gone)))
    async with console(source()) as pilot:
        await settled(pilot)
        said = [each for each in console_of(pilot).main.notice.said if each.startswith("away ")]

    wanted = "away 2h00: 2 fired (1 critical, 1 over again), 1 resolved, 1 acked, 1 run   :away tells it whole"
    assert said == ([wanted] if told else [])


async def test_what_of_mine_ends_within_the_hour_stands_in_the_header(console):
    async with console(source()) as pilot:
        assert "ack ends 30m +2" in screen_text(pilot)[0]


INCIDENT = Incident(
    "i1", "shop is away", opened=NOW - 60, opener="op1", began=NOW - 120, commander="op2",
    on=("service:checkout",),
)  # fmt: skip


def with_incident(**changes: object) -> FakeSource:
    told = source()
    one = msgspec.structs.replace(INCIDENT, **changes)
    told.show(msgspec.structs.replace(told.snapshot, incidents={"i1": one}))
    return told


async def test_an_incident_is_opened_from_a_fire_and_shows_its_timeline(console):
    shown = with_incident(commander="op1")
    shown.answers[OpenIncident] = IncidentOpened("i1", "i1: shop is away")
    async with console(shown) as pilot:
        await press(pilot, "colon", *"incident", "enter")
        await settled(pilot)
        page = text_of(pilot)
        assert console_of(pilot).session.trail.here.key == "i1"
        await press(pilot, "q", "colon", *"incidents", "enter")
        await settled(pilot)
        table = text_of(pilot)
        await press(pilot, "enter")
        assert console_of(pilot).session.trail.here.key == "i1"

    assert "commander op1" in page
    assert "INCIDENT i1 active" in page
    assert "Incidents 1 open, 0 closed" in table


async def test_an_incident_that_is_told_only_later_is_read_then(console):
    shown = source()
    shown.answers[OpenIncident] = IncidentOpened("i1", "i1: shop is away")
    async with console(shown) as pilot:
        await press(pilot, "colon", *"incident shop is away", "enter")
        await settled(pilot)
        shown.show(msgspec.structs.replace(shown.snapshot, incidents={"i1": INCIDENT}))
        await settled(pilot)
        page = text_of(pilot)

    assert "commander op2" in page


async def test_an_incident_that_changed_since_the_screen_was_stopped_is_read_once(console):
    shown = with_incident()
    async with console(shown) as pilot:
        await press(pilot, "p")
        one = msgspec.structs.replace(INCIDENT, commander="op3")
        shown.show(msgspec.structs.replace(shown.snapshot, incidents={"i1": one}))
        await press(pilot, "colon", *"incidents", "enter", "enter")
        await settled(pilot)
        read = sum(isinstance(call, ReadEpisodes) for call in shown.calls)
        for _ in range(5):
            console_of(pilot).main.view.update()
            await settled(pilot)
        page = text_of(pilot)

    assert "commander op3" in page
    assert sum(isinstance(call, ReadEpisodes) for call in shown.calls) == read


DEEDS = [
    (("n", *"we look", "enter"), NoteIncident("i1", "we look")),
    (("t",), SetIncident("i1", commander="op1")),
    (("x", "s"), SetIncident("i1", status="stable")),
    (("x", "c", *"a bad deploy", "enter"), CloseIncident("i1", "a bad deploy")),
    (("colon", *"jot we look", "enter"), NoteIncident("i1", "we look")),
    (("colon", *"close-incident a bad deploy", "enter"), CloseIncident("i1", "a bad deploy")),
]


@pytest.mark.parametrize("opens", [(), ("enter",)], ids=["list", "page"])
@pytest.mark.parametrize(("keys", "call"), DEEDS)
async def test_an_incident_is_changed_by_key(console, opens, keys, call):
    shown = with_incident()
    async with console(shown) as pilot:
        await press(pilot, "colon", *"incidents", "enter", *opens, *keys)
        await settled(pilot)

    assert call in shown.calls


async def test_giving_up_the_lead_leaves_it_to_nobody(console):
    shown = with_incident(commander="op1")
    async with console(shown) as pilot:
        await press(pilot, "colon", *"incidents", "enter", "t")
        await settled(pilot)

    assert SetIncident("i1", commander="") in shown.calls


async def test_what_an_incident_is_already_is_refused_with_a_word(console):
    shown = with_incident(status="stable")
    async with console(shown) as pilot:
        await press(pilot, "colon", *"incidents", "enter", "x", "s")
        await settled(pilot)

        assert "it is stable" in text_of(pilot)
    assert not any(isinstance(call, SetIncident) for call in shown.calls)


def escalated() -> FakeSource:
    told = source()
    fire = next(a for a in told.snapshot.alerts.values() if not a.has_owner)
    marks = (Escalation(NOW - 400, "primary", "op1"), Escalation(NOW - 120, "secondary", "op2"))
    alerts = {**told.snapshot.alerts, fire.episode: msgspec.structs.replace(fire, escalated=marks)}
    shift = OnCall("op1", "op2", NOW + 3_600, "op2", "op3")
    told.show(msgspec.structs.replace(told.snapshot, alerts=alerts, on_call=shift))
    return told


async def test_what_went_to_somebody_stands_under_who_is_on_call_and_is_acked_there(console):
    shown = escalated()
    async with console(shown) as pilot:
        await press(pilot, "colon", *"oncall", "enter")
        await settled(pilot)
        table = text_of(pilot)
        await press(pilot, "a", *"on it", "enter")
        await settled(pilot)

    assert "On call op1 → op2" in table
    assert "second op2" in table
    assert "op2 (secondary), 1 before" in table
    assert "NOBODY" in table
    assert any(isinstance(call, AckAlert) and call.note == "on it" for call in shown.calls)


async def test_without_escalations_the_list_says_so(console):
    async with console(source()) as pilot:
        await press(pilot, "colon", *"oncall", "enter")
        await settled(pilot)

        assert "No fire went on to anybody" in text_of(pilot)
