"""What a silence begins with: matchers that meet every fire meant, and a refusal where none can be made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.alerting.silencing import refusal_of
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.silence import Silence, SilenceDraft
from opsconsole.model.snapshot import Feed, Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.query.matchers import matches, parse_matchers, write_matchers
from opsconsole.view.composing import (
    composing,
    editing,
    field_of,
    fire_offers,
    matchers_for,
    may_mirror,
    silence_offers,
    why_not,
)

NOW = 1_764_040_364.0


def alert(labels: dict[str, str], source: str = "main", **more: object) -> Alert:
    name = labels.get("alertname", "X")
    made = Alert(name, str(labels), name, Severity.WARNING, "warning", AlertState.FIRING, NOW - 60,
                 "host:web-01", source, labels)  # fmt: skip
    return replace(made, **more)


WEB1 = {"alertname": "HighLoad", "instance": "web-01:9100", "severity": "warning"}
WEB2 = {**WEB1, "instance": "web-02:9100"}


def test_labels_that_differ_become_a_pattern_of_their_values() -> None:
    assert write_matchers(matchers_for([alert(WEB1), alert(WEB2)])) == (
        'alertname="HighLoad" instance=~"web-01:9100|web-02:9100"'
    )


def test_a_label_that_one_of_them_lacks_is_left_out() -> None:
    found = matchers_for([alert(WEB1), alert({"alertname": "HighLoad"})])

    assert [matcher.name for matcher in found] == ["alertname"]


values = st.text(
    st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=12
)
label_sets = st.lists(
    st.fixed_dictionaries({"alertname": values}, optional={"instance": values, "job": values}),
    min_size=1,
    max_size=8,
)


@given(label_sets)
def test_what_is_suggested_meets_every_fire_it_was_made_from_and_is_read_back_the_same(
    sets,
) -> None:
    found = matchers_for([alert(labels) for labels in sets])

    assert all(matches(found, labels) for labels in sets)
    if found:
        assert parse_matchers(write_matchers(found)) == found


@pytest.mark.parametrize(
    ("alerts", "says"),
    [
        ([], "there is no fire"),
        ([alert(WEB1, "rules")], "HighLoad is our own rule"),
        ([alert(WEB1, "main"), alert(WEB2, "rules")], "is our own rule"),
        ([alert(WEB1, "main"), alert(WEB2, "other")], "several Alertmanagers"),
        ([alert(WEB1, "rules,main")], ""),
        ([alert(WEB1, "main,eu"), alert(WEB2, "eu")], ""),
    ],
)
def test_only_what_one_alertmanager_knows_can_be_silenced(alerts, says) -> None:
    said = why_not(alerts)

    assert says in said if says else said == ""


def test_a_silence_is_composed_for_the_source_that_knows_all_of_them() -> None:
    start = composing([alert(WEB1, "main,eu"), alert(WEB2, "eu")])

    assert (start.source, start.heading, start.duration) == ("eu", "Silence 2 fires", "2h")


def test_editing_begins_with_the_silence_as_it_is_and_the_time_it_has_left() -> None:
    silence = Silence(
        "abcdef12-9", "main", parse_matchers("job=db"), NOW - 60, NOW + 5_400, "op2", "vacuum"
    )
    start = editing(silence, NOW)

    assert (start.matchers, start.duration, start.comment, start.id) == (
        'job="db"',
        "90m",
        "vacuum",
        "abcdef12-9",
    )
    assert start.was == ('job="db"', "vacuum")


def test_the_menu_refuses_what_cannot_be_done_and_says_why() -> None:
    quiet = alert(WEB1, suppressed_by=("silence:s1",), ack=Ack("op1", NOW - 60))
    silence = Silence("s1", "main", parse_matchers("job=db"), NOW - 60, NOW + 2_520, "op2", "x")
    loud = {o.value: o.refused for o in fire_offers(Snapshot(), [alert(WEB1)], "", NOW)}
    hidden = {
        o.value: o for o in fire_offers(Snapshot(silences={"s1": silence}), [quiet], "web-01", NOW)
    }

    assert loud["extend"] == "no silence hides it"
    assert loud["unack"] == "nobody acked it"
    assert loud["maintenance"].startswith("it is on no host")
    assert hidden["extend"].text == "extend the silence s1, 42m left"
    assert all(not offer.refused for offer in hidden.values())


def test_a_silence_that_ended_is_edited_into_a_new_one_and_not_extended() -> None:
    over = Silence("s1", "main", (), NOW - 60, NOW - 5, "op2", "x", "expired")

    assert [offer.value for offer in silence_offers(over, NOW) if not offer.refused] == ["edit"]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (SilenceDraft("main", parse_matchers("a=b"), 60.0, " "), "comment"),
        (SilenceDraft("main", parse_matchers("a=b"), 99 * 86_400.0, "x"), "duration"),
        (SilenceDraft("main", parse_matchers("a=~.*"), 60.0, "x"), "matchers"),
    ],
)
def test_a_refusal_is_told_at_the_line_it_is_about(draft, field) -> None:
    assert field_of(refusal_of(draft)) == field


def test_an_ack_is_mirrored_where_an_alertmanager_tells_of_every_fire() -> None:
    feeds = {"main": Feed("main", "alertmanager"), "prom": Feed("prom", "prometheus")}
    snapshot = Snapshot(feeds=feeds)
    theirs, rulers = alert(WEB1, source="prom,main"), alert(WEB2, source="prom")

    assert may_mirror(snapshot, [theirs])
    assert not may_mirror(snapshot, [theirs, rulers])
    assert not may_mirror(snapshot, [])
