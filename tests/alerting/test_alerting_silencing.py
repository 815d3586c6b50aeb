"""What a silence would hide, said before it is made."""

import pytest
from msgspec.structs import replace

from opsconsole.alerting.silencing import all_labels, amtool_line, effect_of, suggested
from opsconsole.model.alert import Alert, fingerprint
from opsconsole.model.episode import Episode
from opsconsole.model.silence import Matcher, Silence, SilenceDraft
from opsconsole.model.states import AlertState, Severity
from opsconsole.query.matchers import parse_matchers

NOW = 1_800_000_000.0


def _alert(name: str, instance: str = "web-1", severity: str = "warning", **labels: str) -> Alert:
    every = {"alertname": name, "instance": instance, "severity": severity, **labels}
    fp = fingerprint(every)
    return Alert(
        fp, f"{fp}-1", name, Severity(severity), severity, AlertState.FIRING, NOW - 60,
        f"host:{instance}", "main", every,
    )  # fmt: skip


def _episode(alert: Alert) -> Episode:
    return Episode(
        alert.episode, alert.fingerprint, alert.name, alert.on, alert.severity, alert.state, NOW,
        labels=alert.labels,
    )  # fmt: skip


def _draft(matchers: str, **more: object) -> SilenceDraft:
    return replace(SilenceDraft("main", parse_matchers(matchers), 3_600.0, "deploy"), **more)


def _effect(draft: SilenceDraft, *alerts: Alert, lately: tuple[Episode, ...] = (), silences=()):
    return effect_of(draft, alerts, lately, silences, actor="op1")


def test_it_counts_what_fires_now_and_what_fired_in_the_last_day() -> None:
    now, then = _alert("HighLoad"), _alert("HighLoad", "web-2")
    over = replace(_alert("HighLoad", "web-3"), state=AlertState.RESOLVED)

    found = _effect(
        _draft('alertname="HighLoad"'), now, over, lately=(_episode(now), _episode(then))
    )

    assert found.now == (now.episode,)
    assert found.day == 2
    assert (found.warnings, found.expect, found.refusal) == ((), "", "")


def test_an_alert_of_another_source_is_not_hidden() -> None:
    ours = replace(_alert("HighLoad"), source="rules")

    assert _effect(_draft('alertname="HighLoad"'), ours).now == ()


def test_a_critical_that_would_be_hidden_is_said_and_its_number_typed_back() -> None:
    found = _effect(_draft('instance="web-1"'), _alert("A"), _alert("B", severity="critical"))

    assert len(found.critical) == 1
    assert found.expect == "2"
    assert "it hides 1 critical: B" in found.warnings


def test_many_are_typed_back_even_when_none_is_critical() -> None:
    found = _effect(_draft('alertname="A"'), *(_alert("A", f"web-{n}") for n in range(10)))

    assert found.expect == "10"


def test_matching_nothing_is_said() -> None:
    assert _effect(_draft('alertname="Nope"')).warnings == ("it matches nothing now",)


def test_the_teams_it_touches_are_named() -> None:
    found = _effect(_draft('alertname="A"'), _alert("A", team="db"), _alert("A", "x", team="web"))

    assert "it touches 2 teams: db, web" in found.warnings


def test_another_silence_that_hides_some_of_it_is_named() -> None:
    alert = replace(_alert("A"), suppressed_by=("silence:c10ba37d-aa",))
    other = Silence("c10ba37d-aa", "main", parse_matchers('x="y"'), 0, NOW, "op2", "c")

    found = _effect(_draft('alertname="A"'), alert, silences=(other,))

    assert found.overlaps == ("c10ba37d-aa",)
    assert "c10ba37d of op2 hides some of it already" in found.warnings
    assert _effect(_draft('alertname="A"', id=other.id), alert, silences=(other,)).overlaps == ()


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (_draft('a!="x"'), "silence everything"),
        (_draft('a="x" a="y"'), "never matches"),
        (_draft('a="x"', comment="  "), "say why"),
        (_draft('a="x"', seconds=0.0), "must end"),
        (_draft('a="x"', seconds=31 * 86_400.0), "within 30 days"),
    ],
)
def test_what_the_source_would_accept_and_nobody_wants_is_refused(draft, why) -> None:
    assert why in _effect(draft).refusal


def test_the_hash_binds_what_was_shown() -> None:
    draft, alert = _draft('alertname="A"'), _alert("A")
    shown = _effect(draft, alert).hash

    assert _effect(draft, alert).hash == shown
    assert _effect(draft, alert, _alert("A", "web-2")).hash != shown
    assert _effect(replace(draft, seconds=60.0), alert).hash != shown


def test_matchers_are_suggested_from_what_tells_an_alert_from_others() -> None:
    alert = _alert("A", "web-1", job="node", pod="x-7f9")

    assert suggested(alert) == (
        Matcher("alertname", "=", "A"), Matcher("instance", "=", "web-1"), Matcher("job", "=", "node"),
    )  # fmt: skip
    assert {each.name for each in all_labels(alert)} == set(alert.labels)


def test_the_amtool_line_survives_a_shell() -> None:
    draft = _draft('alertname="It\'s $(x)"', comment="a; b")

    assert amtool_line(draft, "op1") == (
        "amtool silence add --author=op1 --duration=3600s '--comment=a; b' 'alertname=\"It'\"'\"'s $(x)\"'"
    )


def test_what_only_a_ruler_tells_of_counts_for_every_alertmanager() -> None:
    rulers = replace(_alert("A"), source="prom")
    theirs = replace(_alert("A", "web-2"), source="other,prom")

    found = effect_of(
        _draft('alertname="A"'), (rulers, theirs), (), (), actor="op1", managers=("main", "other")
    )

    assert found.now == (rulers.episode,)
