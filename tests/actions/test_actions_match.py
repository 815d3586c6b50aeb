"""What is offered where, what the RUNBOOK column names, and what a form begins with."""

import pytest
from msgspec.structs import replace

from opsconsole.actions.loader import load
from opsconsole.actions.match import first_runbook, offered, subject_of, why_not
from opsconsole.actions.prefill import prefill, with_defaults
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.shipped import shipped_dir

SPECS = tuple(load([], shipped=shipped_dir("plugins")).specs.values())
NAMED = {spec.id: spec for spec in SPECS}


def alert(name: str, on: str, **labels: str) -> Alert:
    return Alert(
        "f" * 16,
        f"{name}@1",
        name,
        Severity.CRITICAL,
        "critical",
        AlertState.FIRING,
        1.0,
        on,
        "rules",
        labels,
    )


def snapshot(*alerts: Alert, init: str = "systemd", failed: str = "") -> Snapshot:
    host = HostRecord("web1", address="192.0.2.1", facts={"init": init, "units.failed": failed})
    return Snapshot(
        now=10.0,
        hosts={"web1": host},
        services={
            "shop": ServiceRecord("shop", hosts=("web1",), labels={"unit": "shop.service"}),
            "cdn": ServiceRecord("cdn"),
        },
        alerts={each.episode: each for each in alerts},
    )


FIRST = [
    ("FsSpace", "host:web1", "core.disk-hogs"),
    ("UnitFailed", "host:web1", "core.unit-restart"),
    ("ServiceDown", "service:shop", "core.unit-restart"),
    ("CheckDown", "service:shop", "core.health-suite"),
    ("LoadPerCore", "host:web1", "core.top-cpu"),
    ("MemAvailable", "host:web1", "core.top-mem"),
    ("CertExpiry", "service:shop", "core.tls-check"),
    ("SomethingElse", "host:web1", None),
    ("FsSpace", "unheard-of", None),
]


@pytest.mark.parametrize(("name", "on", "expected"), FIRST)
def test_the_first_runbook_of_a_fire_is_one_whose_match_names_it(
    name: str, on: str, expected: str | None
) -> None:
    fire = alert(name, on)
    subject = subject_of(snapshot(fire), "", fire.episode)

    assert first_runbook(SPECS, subject) == expected


SPOKEN_OF = [
    ("systemd", {}, 'host.init == "systemd"', False),
    ("systemd", {}, 'alert.name == "Other" or host.init == "systemd"', False),
    ("UnitFailed", {}, "alert.name == 'UnitFailed' or host", True),
    ("Anything", {"unit": "a.service"}, 'has(alert.labels, "unit")', True),
    ("Anything", {}, 'has(alert.labels, "alertname") and alert.source != "rules"', False),
]


@pytest.mark.parametrize(("name", "labels", "match", "named"), SPOKEN_OF)
def test_a_match_names_a_fire_by_what_it_asks_of_it_and_not_by_a_word_that_stands_in_it(
    name: str, labels: dict[str, str], match: str, named: bool
) -> None:
    fire = alert(name, "host:web1", **labels)
    spec = replace(NAMED["core.top-cpu"], match=match)

    found = first_runbook([spec], subject_of(snapshot(fire), "", fire.episode))

    assert found == ("core.top-cpu" if named else None)


def test_a_named_action_comes_first_and_the_general_ones_after() -> None:
    fire = alert("FsSpace", "host:web1")

    found = [spec.id for spec in offered(SPECS, subject_of(snapshot(fire), "", fire.episode))]

    assert found[0] == "core.disk-hogs"
    assert "core.unit-restart" in found


def test_units_are_not_offered_where_there_is_no_systemd() -> None:
    subject = subject_of(snapshot(init="busybox"), "host:web1")

    assert "not for this" in why_not(NAMED["core.unit-restart"], subject)
    assert why_not(NAMED["core.top-cpu"], subject) == ""


def test_a_host_action_needs_a_host_and_a_service_that_nobody_carries_has_none() -> None:
    assert why_not(NAMED["core.top-cpu"], subject_of(snapshot(), "service:cdn")) == "needs a host"
    assert why_not(NAMED["core.top-cpu"], subject_of(snapshot(), "service:shop")) == ""


FILLED = [
    (alert("UnitFailed", "host:web1", unit="a.service"), "", "a.service"),
    (alert("UnitFailed", "host:web1"), "b.service, c.service", "b.service"),
    (alert("ServiceDown", "service:shop"), "", "shop.service"),
    (alert("Other", "host:web1"), "", ""),
]


@pytest.mark.parametrize(("fire", "failed", "expected"), FILLED)
def test_a_form_begins_with_what_the_fire_the_service_or_the_host_says(
    fire: Alert, failed: str, expected: str
) -> None:
    subject = subject_of(snapshot(fire, failed=failed), "", fire.episode)

    assert prefill(NAMED["core.unit-restart"].params[0], subject) == expected


def test_a_default_sent_back_untouched_is_filled_in_and_not_taken_for_text() -> None:
    fire = alert("FsSpace", "host:web1", mount="/var")
    spec = NAMED["core.disk-hogs"]
    subject = subject_of(snapshot(fire), "", fire.episode)

    raw = {"path": spec.params[0].default or ""}

    assert with_defaults(spec.params, raw, subject) == {"path": "/var"}
    assert with_defaults(spec.params, {"path": "/srv"}, subject) == {"path": "/srv"}
