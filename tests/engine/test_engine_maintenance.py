"""Maintenance over an engine's life: who is covered, until when, and that it is quiet and not blind."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsconsole.engine.maintenance import KEPT, Maintenance
from opsconsole.errors import RefusedError
from opsconsole.model.alert_calls import CloseMaintenance, OpenMaintenance
from opsconsole.model.calls import Done
from opsconsole.model.inventory import Check, Host, Inventory, Service, Settings
from opsconsole.model.maintenance import Window
from opsconsole.model.states import HostState, ServiceState
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
HOSTS = (
    Host("db-1", "192.0.2.1", labels={"role": "db"}),
    Host("db-2", "192.0.2.2", labels={"role": "db"}),
    Host("web-1", "192.0.2.3", labels={"role": "web"}),
)
SHOP = Service("shop", (Check("shop", "tcp", "192.0.2.3:80", service="shop"),))
OP1 = Peer(id=1, uid=1, pid=1, actor="op1")


class HandClock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Scene:
    def __init__(self, folder: Path, *windows: Window) -> None:
        self.clock = HandClock()
        self.history = History(
            folder / "history.db", self.clock, on_banner=lambda *_: None, on_loaded=self._load
        )
        self.store = Store(self.clock, self.history)
        inventory = Inventory(hosts=HOSTS, services=(SHOP,), settings=Settings(maintenance=windows))
        self.store.put_inventory(inventory)
        self.maintenance = Maintenance(self.store, self.history, self.clock, inventory)

    def _load(self, loaded: Any) -> None:
        self.maintenance.restore(loaded.kept)

    def step(self, seconds: float) -> set[str]:
        """Let time pass; who is in maintenance then."""
        self.clock.at += seconds
        self.maintenance.tick(self.clock.at)
        hosts = self.store.snapshot.hosts.values()
        return {each.name for each in hosts if each.state is HostState.MAINTENANCE}

    async def open(self, name: str = "patch", seconds: float = 600.0, **more: Any) -> Done:
        done = await self.maintenance.answer(OpenMaintenance(name, seconds, **more), OP1)
        assert isinstance(done, Done)
        return done


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_what_a_person_opens_covers_its_hosts_until_its_end(scene: Scene) -> None:
    await scene.history.start()
    done = await scene.open(on="role:db")

    assert "2 hosts" in done.text
    assert scene.step(10) == {"db-1", "db-2"}
    assert scene.store.snapshot.hosts["db-1"].maintenance == "patch"
    assert scene.step(600) == set()
    assert scene.store.snapshot.windows == {}
    await scene.history.stop()


async def test_it_survives_an_engine_and_can_be_ended(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    await first.history.start()
    await first.open(on="role:web", seconds=3_600)
    await first.history.stop()

    second = Scene(tmp_path)
    await second.history.start()

    assert second.step(10) == {"web-1"}
    await second.maintenance.answer(CloseMaintenance("m1"), OP1)
    assert second.step(10) == set()
    await second.history.stop()


async def test_a_service_is_in_maintenance_by_name(scene: Scene) -> None:
    await scene.history.start()
    await scene.open(services=("shop",))

    scene.step(10)

    assert scene.store.snapshot.services["shop"].state is ServiceState.MAINTENANCE
    scene.step(600)
    assert scene.store.snapshot.services["shop"].state is not ServiceState.MAINTENANCE
    await scene.history.stop()


def test_a_calendar_opens_it_again_and_again(tmp_path: Path) -> None:
    begin = 1_800_003_600.0  # a full hour
    window = Window("c:nightly", "nightly", "role:db", seconds=600.0, cron="0 * * * *")
    scene = Scene(tmp_path, window)

    assert scene.step(begin - T0 - 5) == set()
    assert not scene.store.snapshot.windows["c:nightly"].is_on
    assert scene.step(10) == {"db-1", "db-2"}
    assert scene.step(600) == set()
    assert scene.step(3_000) == {"db-1", "db-2"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (OpenMaintenance("", 60, "*"), "say what is done"),
        (OpenMaintenance("x", 0, "*"), "must end"),
        (OpenMaintenance("x", 32 * 86_400, "*"), "within 31 days"),
        (OpenMaintenance("x", 60, "role:nope"), "covers no host"),
        (OpenMaintenance("x", 60), "covers no host"),
        (OpenMaintenance("x", 60, "load>>"), "on:"),
        (OpenMaintenance("x", 60, services=("nope",)), "no service nope"),
        (CloseMaintenance("m9"), "no maintenance m9"),
    ],
)
async def test_what_covers_nothing_or_never_ends_is_refused(
    scene: Scene, call: Any, words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        await scene.maintenance.answer(call, OP1)


def test_what_was_kept_and_cannot_be_read_covers_nothing(scene: Scene) -> None:
    scene.maintenance.restore({KEPT: b"\xff\xff"})

    assert scene.step(10) == set()
    assert replace(scene.store.snapshot, now=0.0).windows == {}
