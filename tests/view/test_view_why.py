"""The why-line: what held for how long, why it makes noise or not, and until when."""

import pytest
from msgspec.structs import replace

from opsconsole.model.alert import Ack, Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Freshness, Severity
from opsconsole.view.why import why

NOW = 1_800_000_000.0
FIRE = Alert(
    "f" * 16, "e", "FsSpace", Severity.CRITICAL, "critical", AlertState.FIRING, NOW - 840,
    "host:db-02", "rules", seen_at=NOW - 3, hold=300.0,
)  # fmt: skip
ROOT = replace(FIRE, fingerprint="a" * 16, episode="r", name="HostDown", on="host:db1")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "firing 14m · for 5m met · calls: nobody has it"),
        ({"hold": 0.0}, "firing 14m · calls: nobody has it"),
        ({"severity": Severity.INFO}, "firing 14m · for 5m met · quiet: only worth knowing"),
        ({"owner": "op1"}, "firing 14m · for 5m met · quiet: op1 has it"),
        (
            {"ack": Ack("op1", NOW - 60, until=NOW + 600)},
            "firing 14m · for 5m met · quiet: op1 has it until 08:10:00Z",
        ),
        (
            {"ack": Ack("op1", NOW - 60, mirror=True, silences=("c10ba37d-1",))},
            "firing 14m · for 5m met · quiet: op1 has it, silenced with the ack (c10ba37d)",
        ),
        (
            {"ack": Ack("op1", NOW - 60, mirror=True)},
            "firing 14m · for 5m met · quiet: op1 has it, not silenced yet in its Alertmanager",
        ),
        (
            {"state": AlertState.RESOLVED, "freshness": Freshness.STALE},
            "let go: not heard of for days, and nobody said that it is over",
        ),
        (
            {"suppressed_by": ("inhibited:" + "a" * 16,)},
            "firing 14m · for 5m met · quiet: inhibited by HostDown/db1",
        ),
        (
            {"suppressed_by": ("inhibited:" + "b" * 16,)},
            "firing 14m · for 5m met · quiet: inhibited by bbbbbbbb",
        ),
        (
            {"suppressed_by": ("silence:c10ba37d-1", "maintenance:kernel", "depends:host:sw-1")},
            "firing 14m · for 5m met · quiet: silenced by c10ba37d until 09:00:00Z, maintenance kernel,"
            " follows host:sw-1",
        ),
        (
            {"suppressed_by": ("flapping",), "flap": 34.0},
            "firing 14m · for 5m met · quiet: flapping, 34% of its last looks differ",
        ),
        (
            {"freshness": Freshness.STALE, "seen_at": NOW - 180},
            "firing 14m · for 5m met · calls: nobody has it"
            " · stale: last confirmed 3m ago, and not looking ends nothing",
        ),
        (
            {"freshness": Freshness.UNCONFIRMED},
            "firing 14m · for 5m met · calls: nobody has it · unconfirmed: nobody told of it since a restart",
        ),
        (
            {"no_data": True},
            "firing 14m · for 5m met · calls: nobody has it · about our view, not about the thing itself",
        ),
        (
            {"state": AlertState.RECOVERING, "over_at": NOW + 20},
            "clear again, over in 20s if it stays so, firing 14m · for 5m met · calls: nobody has it",
        ),
        (
            {"state": AlertState.RECOVERING},
            "clear again, not yet for long, firing 14m · for 5m met · calls: nobody has it",
        ),
        ({"state": AlertState.RESOLVED, "since": NOW - 120}, "over 2m ago, shown for 15m"),
    ],
)  # fmt: skip
def test_a_fire_says_why_it_is_as_it_is(changes: dict[str, object], line: str) -> None:
    alert = replace(FIRE, **changes)
    until = {"silence:c10ba37d-1": NOW + 3600}

    assert why(Snapshot(alerts={"r": ROOT}), alert, NOW, until=until) == line


def test_a_route_that_is_known_is_said_last() -> None:
    line = why(Snapshot(), replace(FIRE, receivers=("pager", "team-db")), NOW)

    assert line.endswith(" · route pager, team-db")
