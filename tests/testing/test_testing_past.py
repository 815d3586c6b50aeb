"""The demo's past: two weeks of disks, of which one fills."""

from pathlib import Path

from opsconsole.alerting.capacity import resource_of
from opsconsole.clock import SystemClock
from opsconsole.state.history import History
from opsconsole.testing.past import leave_past

DATA = "fs.used_ratio{mount=/data}"


async def test_the_storys_database_fills_in_days_and_a_rotated_disk_never(tmp_path: Path) -> None:
    clock = SystemClock()
    await leave_past(tmp_path / "history.db", 40, 7, clock)
    history = History(
        tmp_path / "history.db", clock, on_banner=lambda *_: None, on_loaded=lambda _: None
    )
    await history.start()
    past = await history.levels(["db-prod-02", "log-prod-01", "web-prod-01"], 0)
    await history.stop()

    assert past is not None
    filling = resource_of("db-prod-02", DATA, past["db-prod-02"][DATA])
    assert filling.agrees
    assert filling.earliest is not None
    assert 3 < filling.earliest / 86_400 < 5
    assert resource_of("log-prod-01", DATA, past["log-prod-01"][DATA]).daily is None
    assert set(past["web-prod-01"]) == {"fs.used_ratio{mount=/}", "fs.used_ratio{mount=/var}"}


async def test_a_large_fleet_has_a_short_memory(tmp_path: Path) -> None:
    clock = SystemClock()
    await leave_past(tmp_path / "history.db", 140, 7, clock)
    history = History(
        tmp_path / "history.db", clock, on_banner=lambda *_: None, on_loaded=lambda _: None
    )
    await history.start()
    past = await history.levels(["web-prod-001", "bastion-prod-01"], 0)
    await history.stop()

    assert past is not None
    assert past["bastion-prod-01"] == {}
