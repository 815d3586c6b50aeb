"""A storm: counted by its worst minute, told by the label that sets it apart, folded, no critical out of sight."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.view import fires, header
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import ASCII, UNICODE
from opsconsole.view.storm import folded, gain, line, storm

NOW = 1_764_040_364.0


def alert(n: int, on: str, ago: float, severity: str = "warning", **more: object) -> Alert:
    made = Alert(f"f{n}", f"f{n}-1", f"Kind{n % 3}", Severity(severity), severity, AlertState.FIRING,
                 NOW - ago, on, "main", {"alertname": f"Kind{n % 3}"})  # fmt: skip
    return replace(made, **more)


def fleet(racks: int = 4, size: int = 20) -> dict[str, HostRecord]:
    return {
        f"r{rack}-{n:02}": HostRecord(
            f"r{rack}-{n:02}", labels={"rack": f"r{rack}", "role": ("web", "db")[n % 2], "serial": f"{rack}{n}"}
        )
        for rack in range(1, racks + 1)
        for n in range(size)
    }  # fmt: skip


def shown(*alerts: Alert, hosts: dict[str, HostRecord] | None = None) -> Snapshot:
    return Snapshot(
        1, NOW, hosts=fleet() if hosts is None else hosts, alerts={a.episode: a for a in alerts}
    )


def rack_goes(severity: str = "warning") -> list[Alert]:
    """Two fires on each host of rack r3 within a minute, a switch first, and two others elsewhere."""
    switch = alert(0, "sw-3", 121, "critical", name="SwitchDown")
    rack = [alert(n + 1, f"host:r3-{n // 2:02}", 120 - n, severity) for n in range(40)]
    return [switch, *rack, alert(90, "host:r1-03", 70), alert(91, "host:r2-04", 80)]


def test_a_storm_is_told_by_its_worst_minute_its_label_and_its_first_fire() -> None:
    found = storm(shown(*rack_goes()), NOW)

    assert found is not None
    assert (
        plain(line(found, UNICODE))
        == "STORM 43 new/min  1 CRIT  rack=r3 ×40 (25% of fleet)  first SwitchDown sw-3"
    )
    assert " x40 " in plain(line(found, ASCII))


@pytest.mark.parametrize(
    "alerts",
    [
        rack_goes()[:30],
        [replace(one, suppressed_by=("depends:host:sw-3",)) for one in rack_goes()],
        [replace(one, since=NOW - 700 + n) for n, one in enumerate(rack_goes())],
        [alert(n, f"host:r1-{n % 20:02}", 10 * n) for n in range(60)],
        [replace(one, state=AlertState.RESOLVED) for one in rack_goes()],
    ],
    ids=["thirty", "suppressed", "long ago", "slow", "over"],
)
def test_what_is_not_fast_new_and_unsuppressed_is_no_storm(alerts: list[Alert]) -> None:
    assert storm(shown(*alerts), NOW) is None


def test_what_burnt_before_the_storm_broke_out_is_not_its_first_fire() -> None:
    found = storm(shown(*rack_goes(), alert(95, "host:r1-07", 400)), NOW)

    assert found is not None
    assert found.first.name == "SwitchDown"


def test_a_label_that_is_each_hosts_own_explains_nothing() -> None:
    everywhere = [alert(n, f"host:r{n % 4 + 1}-{n // 4:02}", 50) for n in range(80)]
    found = storm(shown(*everywhere), NOW)

    assert found is not None
    assert (found.label, found.shared) == ("", ())


def test_a_storm_on_no_known_hosts_is_told_by_the_fires_own_labels() -> None:
    burst = [alert(n, f"pod-{n}", 30, labels={"job": "kube", "pod": f"p{n}"}) for n in range(40)]
    before = [alert(100 + n, f"pod-{n}", 9_000, labels={"job": "node"}) for n in range(10)]
    found = storm(shown(*burst, *before), NOW)

    assert found is not None
    assert (found.label, found.value, len(found.shared)) == ("job", "kube", 40)


def test_a_storm_folds_under_its_first_fire_and_no_critical_folds() -> None:
    some = [
        replace(one, severity=Severity.CRITICAL) if n == 7 else one
        for n, one in enumerate(rack_goes())
    ]
    found = storm(shown(*some), NOW)
    assert found is not None
    root, under = folded(found, some)

    assert root is some[1]
    assert len(under) == 38
    assert all(each.severity is Severity.WARNING for each in under)


def test_every_fire_of_a_storm_is_reachable_and_its_criticals_stand_for_themselves() -> None:
    some = [
        replace(one, severity=Severity.CRITICAL) if n == 7 else one
        for n, one in enumerate(rack_goes())
    ]
    snapshot = shown(*some)
    table = fires.table(snapshot, NOW, 120)
    keys = [row.key for row in table.rows]
    root = f"alert:{some[1].episode}"

    assert f"alert:{some[7].episode}" in keys
    assert f"alert:{some[0].episode}" in keys
    assert len(keys) == 5
    opened = fires.table(
        snapshot, NOW, 120, replace(fires.ViewOptions(), expanded=frozenset({root}))
    )
    assert {row.key for row in opened.rows} == {f"alert:{one.episode}" for one in some}


def test_the_storm_stands_before_the_banners() -> None:
    assert plain(header.banners(shown(*rack_goes()), NOW)[0]).startswith("STORM 43 new/min")
    assert header.banners(shown(), NOW) == ()


counts = st.integers(0, 200)


@given(counts, counts, counts, counts)
def test_a_gain_is_never_negative_and_never_more_than_there_is_to_know(
    a: int, b: int, c: int, d: int
) -> None:
    inside, outside = a + c, b + d
    if inside + outside:
        value = gain(a, b, inside, outside)
        assert -1e-9 <= value <= 1 + 1e-9


def test_gains_agree_with_worked_values() -> None:
    assert gain(20, 0, 20, 60) == pytest.approx(0.8112781245)
    assert gain(10, 30, 20, 60) == pytest.approx(0.0, abs=1e-12)
    assert gain(5, 0, 10, 10) == pytest.approx(
        1 - 0.75 * (-(1 / 3) * math.log2(1 / 3) - (2 / 3) * math.log2(2 / 3))
    )
