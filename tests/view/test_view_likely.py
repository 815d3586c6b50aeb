"""Fires under their likely cause: one line, everything reachable, no unexcused critical folded."""

from fleet_in_trouble import NOW, make_alert, make_host

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import ServiceRecord, Snapshot
from opsconsole.view import fires
from opsconsole.view.cells import plain
from opsconsole.view.likely import behind
from opsconsole.view.options import ViewOptions
from opsconsole.view.triage import fires as in_order


def _storm() -> Snapshot:
    """A rack switch dies: itself, 30 hosts behind it, 7 slow services that run there, and one that is down."""
    names = [f"web-{n:02}" for n in range(30)]
    hosts = [make_host(name, depends_on=("host:switch-1",)) for name in names]
    hosts.append(make_host("switch-1"))
    services = [ServiceRecord(f"svc-{n}", hosts=(names[n],)) for n in range(8)]
    alerts = [make_alert("HostUnreachable", "host:switch-1", ago=300, no_data=True)]
    alerts += [
        make_alert("HostUnreachable", f"host:{name}", ago=290, no_data=True,
                   suppressed_by=("depends:host:switch-1",))
        for name in names
    ]  # fmt: skip
    alerts += [make_alert("Slow", f"service:svc-{n}", "warning", ago=200) for n in range(7)]
    alerts += [make_alert("ServiceDown", "service:svc-7", ago=250)]
    return _world(alerts, hosts, services)


def _world(alerts: list[Alert], hosts: list, services: list) -> Snapshot:  # type: ignore[type-arg]
    return Snapshot(
        hosts={host.name: host for host in hosts},
        services={service.name: service for service in services},
        alerts={alert.episode: alert for alert in alerts},
    )


def test_a_dead_switch_is_one_line_with_what_follows_from_it_folded_under_it() -> None:
    snapshot = _storm()
    switch = next(a for a in snapshot.alerts.values() if a.on == "host:switch-1")

    rows = fires.table(snapshot, NOW, 118).rows

    root = next(row for row in rows if row.key == f"alert:{switch.episode}")
    assert root.folds
    assert "HostUnrea" in plain(root.cells[3])
    assert plain(root.cells[3]).endswith("+37")
    assert "likely behind 37 more, 30 CRIT" in plain(root.cells[-2])
    assert len(rows) == 2, "the switch, and the service that is down and that nothing excuses"


def test_an_unexcused_critical_keeps_its_own_line() -> None:
    rows = fires.table(_storm(), NOW, 118).rows

    assert any("ServiceDown" in plain(row.cells[3]) for row in rows)


def test_one_key_brings_every_folded_fire_within_reach() -> None:
    snapshot = _storm()
    root = next(row for row in fires.table(snapshot, NOW, 118).rows if row.folds)

    rows = fires.table(snapshot, NOW, 118, ViewOptions(expanded=frozenset({root.key}))).rows

    assert {row.key for row in rows} == {f"alert:{episode}" for episode in snapshot.alerts}


def test_without_grouping_nothing_is_folded() -> None:
    snapshot = _storm()

    assert len(fires.table(snapshot, NOW, 118, ViewOptions(grouped=False)).rows) == 39


def test_a_chain_of_causes_ends_at_its_beginning() -> None:
    alerts = [
        make_alert("HostUnreachable", "host:router", ago=300),
        make_alert("HostUnreachable", "host:switch", ago=290, suppressed_by=("depends:host:router",)),
        make_alert("HostUnreachable", "host:web", ago=280, suppressed_by=("depends:host:switch",)),
    ]  # fmt: skip

    found = behind(_world(alerts, [], []), alerts)

    assert {root: len(folded) for root, folded in found.items()} == {alerts[0].episode: 2}


def test_alerts_that_inhibit_each_other_both_stay() -> None:
    one = make_alert("A", "host:x")
    other = make_alert("B", "host:x", suppressed_by=(f"inhibited:{one.fingerprint}",))
    one = make_alert("A", "host:x", suppressed_by=(f"inhibited:{other.fingerprint}",))

    assert behind(_world([one, other], [], []), [one, other]) == {}


def test_what_began_long_before_is_not_blamed_on_it() -> None:
    hosts = [make_host("web", depends_on=("host:sw",)), make_host("sw")]
    cause = make_alert("HostUnreachable", "host:sw", ago=300)
    early = make_alert("LoadHigh", "host:web", "warning", ago=900)
    late = make_alert("DiskHigh", "host:web", "warning", ago=250)
    snapshot = _world([cause, early, late], hosts, [])

    found = behind(snapshot, in_order(snapshot))

    assert found == {cause.episode: (late,)}


def test_a_fire_that_a_filter_shows_alone_is_not_hidden_under_one_it_does_not_show() -> None:
    from opsconsole.query.contexts import ALERTS as FIRES
    from opsconsole.query.filter_line import compile_filter

    shown = ViewOptions(filter=compile_filter("on:web-03", FIRES))

    rows = fires.table(_storm(), NOW, 118, shown).rows

    assert ["web-03" in plain(row.cells[4]) for row in rows] == [True]
