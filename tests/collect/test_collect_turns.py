"""Looks that can wait: a few at a time, however many hosts there are, and none held up by one that hangs."""

import asyncio

import pytest

from opsconsole.collect.collector import Collector
from opsconsole.collect.turns import Turns
from opsconsole.model.inventory import Host, Inventory
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from tests.collect_fakes import FakeHttp, FakeRemote, FakeSink, VirtualClock, settle


class Busy(FakeRemote):
    """A remote whose looks take a while, and that counts how many of them there are at once."""

    def __init__(self, clock: VirtualClock, takes: float) -> None:
        super().__init__()
        self._clock = clock
        self._takes = takes
        self.now = self.most = self.done = 0

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        self.now += 1
        self.most = max(self.most, self.now)
        await self._clock.sleep(self._takes)
        self.now -= 1
        self.done += 1
        return Answer(Ending.EXITED, status=0)


@pytest.mark.parametrize(("hosts", "most"), [(10, 16), (400, 16), (3000, 50)])
async def test_a_fleet_is_asked_for_what_can_wait_a_few_at_a_time(hosts: int, most: int):
    clock = VirtualClock()
    remote = Busy(clock, 0.4)
    fleet = tuple(Host(f"web{n:04}", "192.0.2.1") for n in range(hosts))
    collector = Collector(remote, FakeHttp(), Inventory(fleet), FakeSink(), clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(collector.run(), name="collector")
        for _ in range(80):
            await clock.advance(1.0)
        task.cancel()

    assert remote.most <= most
    assert remote.done >= 2 * hosts  # slow and lazy of each


async def test_a_look_that_hangs_keeps_its_place_for_a_second():
    clock = VirtualClock()
    turns = Turns(clock)
    begun: list[int] = []
    over = asyncio.Event()

    async def look(number: int) -> None:
        async with turns.turn():
            begun.append(number)
            await over.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(look(number), name=f"look {number}")
        await settle()
        counts = [len(begun)]
        for _ in range(4):
            await clock.advance(0.6)
            counts.append(len(begun))
        over.set()

    assert counts == [16, 16, 32, 32, 40]
    assert begun == sorted(begun)


async def test_who_is_cancelled_while_it_waits_leaves_its_place_to_the_next():
    clock = VirtualClock()
    turns = Turns(clock)
    over = asyncio.Event()
    begun: list[str] = []

    async def look(name: str) -> None:
        async with turns.turn():
            begun.append(name)
            await over.wait()

    tasks = [asyncio.create_task(look(f"web{n:02}"), name=f"look {n}") for n in range(18)]
    await settle()
    tasks[16].cancel()
    await clock.advance(1.1)
    over.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert "web17" in begun
    assert "web16" not in begun
