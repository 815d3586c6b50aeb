"""Capacity over an engine's life: rows are kept, the past is read in a bounded time, odd hosts are marked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsconsole.engine.capacity import BUDGET, CapacityDesk
from opsconsole.errors import QueryError, RefusedError
from opsconsole.model.alert_calls import ReadCapacity, ReadCourse, ReadOdd
from opsconsole.model.calls import ReadLog
from opsconsole.model.capacity import Capacity, Course, Odds
from opsconsole.model.inventory import Host, Inventory
from opsconsole.model.sample import Sample
from opsconsole.model.states import Reach, ServiceState
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
STEP = 600.0
DISK = "fs.used_ratio{mount=/}"
ME = Peer(1, 1000, 1, "op1")


class HandClock:
    """Time by hand; whoever waits, waits for ever."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class SlowClock(HandClock):
    """Between two looks at it a good half of the time for one answer is gone."""

    def monotonic(self) -> float:
        self.at += BUDGET / 2 + 0.1
        return self.at


class World:
    """A store and a history of a few hosts, and the desk over them."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.history = History(
            folder / "history.db", self.clock, on_banner=lambda *_: None, on_loaded=lambda _: None
        )
        self.store = Store(self.clock, self.history)
        self.desk = CapacityDesk(self.store, self.history, self.clock)

    def watch(self, *names: str) -> None:
        hosts = tuple(Host(name, "192.0.2.1", labels={"role": "db"}) for name in names)
        self.store.put_inventory(Inventory(hosts=hosts))

    def see(self, name: str, metrics: dict[str, float]) -> None:
        self.store.put_sample(
            Sample(f"host:{name}", "fast", self.clock.at, 0.1, ServiceState.UP, reach=Reach.UP, metrics=metrics)
        )  # fmt: skip

    async def written(self) -> None:
        """Wait until the writer has written what was handed to it."""
        await self.history.keep("mark", b"")

    async def capacity(self, select: str = "") -> Capacity:
        answer = await self.desk.answer(ReadCapacity(select), ME)
        assert isinstance(answer, Capacity)
        return answer

    async def fill(self, name: str, steps: int) -> None:
        for n in range(steps):
            self.see(name, {DISK: 0.5 + 0.001 * n})
            self.desk.keep()
            self.clock.at += STEP
        self.clock.at -= STEP
        await self.written()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    found = World(tmp_path)
    await found.history.start()
    yield found
    await found.history.stop()


async def test_what_was_kept_is_answered_with_when_it_is_full(world: World) -> None:
    world.watch("db-01")
    await world.fill("db-01", 100)

    found = await world.capacity()

    (disk,) = found.resources
    assert (disk.host, disk.name, disk.points) == ("db-01", "disk /", 101)
    assert disk.per_day == pytest.approx(0.144, rel=0.01)
    assert disk.earliest == pytest.approx((1 - disk.level) / 0.001 * STEP, rel=0.02)
    assert (found.hosts, found.note) == (1, "")


async def test_one_row_is_kept_in_each_step(world: World) -> None:
    world.watch("db-01")
    for _ in range(5):
        world.see("db-01", {DISK: 0.5})
        world.desk.keep()
        world.clock.at += STEP / 5
    await world.written()

    assert world.history is not None
    past = await world.history.levels(["db-01"], 0)
    assert past is not None
    assert len(past["db-01"][DISK]) <= 2


async def test_a_host_that_cannot_be_seen_shows_its_past_and_keeps_no_row(world: World) -> None:
    world.watch("db-01")
    await world.fill("db-01", 40)
    world.clock.at += 10 * STEP

    world.desk.keep()
    await world.written()
    found = await world.capacity()

    assert found.resources[0].points == 40
    assert found.resources[0].at == pytest.approx(T0 + 39 * STEP, abs=1)


async def test_what_is_not_told_again_yet_is_not_gone(world: World) -> None:
    world.watch("db-01")
    await world.fill("db-01", 40)
    world.see("db-01", {"mem.used_ratio": 0.5})

    assert {each.name for each in (await world.capacity()).resources} == {"disk /", "memory"}


async def test_a_thing_that_is_gone_from_a_host_we_see_is_left_out(world: World) -> None:
    world.watch("db-01")
    await world.fill("db-01", 40)
    world.clock.at += 3 * 3_600
    world.see("db-01", {"mem.used_ratio": 0.5})

    assert [each.name for each in (await world.capacity()).resources] == ["memory"]


async def test_a_filter_narrows_it_and_a_wrong_one_is_refused(world: World) -> None:
    world.watch("db-01", "db-02")
    world.see("db-01", {DISK: 0.5})
    world.see("db-02", {DISK: 0.5})

    assert {each.host for each in (await world.capacity("db-02")).resources} == {"db-02"}
    with pytest.raises(QueryError):
        await world.capacity("load>abc")


async def test_the_whole_fleet_is_judged_once_for_all_who_ask_at_the_same_time(
    world: World,
) -> None:
    world.watch("db-01")
    world.see("db-01", {DISK: 0.5})

    one, other = await asyncio.gather(world.capacity(), world.capacity())

    assert one is other


async def test_hosts_for_which_there_is_no_time_are_said_to_be_left_out(
    world: World,
) -> None:
    names = [f"db-{n:02}" for n in range(60)]
    world.watch(*names)
    for name in names:
        world.see(name, {DISK: 0.5})
    world.desk = CapacityDesk(world.store, world.history, SlowClock())

    found = await world.capacity()

    assert found.hosts == 25
    assert found.note == "35 hosts were left out: it took too long; select fewer"


async def test_a_course_is_all_its_points(world: World) -> None:
    world.watch("db-01")
    await world.fill("db-01", 40)

    found = await world.desk.answer(ReadCourse("db-01", DISK), ME)

    assert isinstance(found, Course)
    assert len(found.at) == len(found.levels) == 41
    assert found.resource is not None
    assert found.resource.line is not None


async def test_of_what_is_not_known_there_is_no_course(world: World) -> None:
    world.watch("db-01")

    assert await world.desk.answer(ReadCourse("nobody", DISK), ME) == Course(None)
    assert await world.desk.answer(ReadCourse("db-01", DISK), ME) == Course(None)
    assert await world.desk.answer(ReadLog(), ME) is None


async def test_the_odd_one_out_is_marked_until_it_is_not(world: World) -> None:
    names = [f"db-{n:02}" for n in range(6)]
    world.watch(*names)
    for name in names:
        world.see(name, {"tcp.retransmits": 90.0 if name == "db-03" else 1.0})

    found = await world.desk.answer(ReadOdd(), ME)
    assert isinstance(found, Odds)
    await world.desk.mark()

    hosts = world.store.snapshot.hosts
    assert [name for name in hosts if hosts[name].odd] == ["db-03"]
    assert hosts["db-03"].odd == ("tcp.retransmits", 107)
    await world.desk.mark()
    assert world.store.snapshot.hosts is hosts
    world.see("db-03", {"tcp.retransmits": 1.0})
    await world.desk.mark()
    assert world.store.snapshot.hosts["db-03"].odd is None


async def _live(world: World, start: float, busy: float, samples: int) -> None:
    world.clock.at = start
    for _ in range(samples):
        world.clock.at += 60.0
        world.see("db-01", {"cpu.busy": busy})
    await world.written()


async def _unusual(world: World) -> Odds:
    found = await world.desk.answer(ReadOdd("db-01"), ME)
    assert isinstance(found, Odds)
    return found


async def test_a_host_is_compared_with_the_same_hour_of_the_weeks_before(world: World) -> None:
    world.watch("db-01")
    for week in (3, 2, 1):
        await _live(world, T0 - week * 604_800.0 - 1_800.0, 0.9, 60)  # busy at this hour, as ever
    await _live(world, T0 - 40_000.0, 0.2, 60)
    await _live(world, T0 - 600.0, 0.9, 10)

    found = await _unusual(world)

    assert (found.against, found.odds, found.compared) == ("this hour of 4 weeks", (), 1)


async def test_without_those_weeks_it_is_compared_with_its_last_day(world: World) -> None:
    world.watch("db-01")
    await _live(world, T0 - 40_000.0, 0.2, 60)
    await _live(world, T0 - 600.0, 0.9, 10)

    (odd,) = (await _unusual(world)).odds

    assert (odd.metric, odd.role, odd.typical) == ("cpu.busy", "the last 24 h", pytest.approx(0.2))
    assert odd.peers >= 60
    with pytest.raises(RefusedError, match="no host nobody"):
        await world.desk.answer(ReadOdd("nobody"), ME)
