"""The poll loop under a virtual clock: spread, no overlap, no made-up polls, one bad probe alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from opsconsole.collect.loop import PollLoop
from opsconsole.collect.schedule import Schedule, jitter, spread
from tests.collect_fakes import VirtualClock, settle


class Looker:
    """A probe that notes when it looked."""

    def __init__(self, clock: VirtualClock, name: str = "probe", wish: float | None = None) -> None:
        self.clock = clock
        self._name = name
        self.wish = wish
        self.looks: list[float] = []
        self.crashes: list[Exception] = []
        self.hold: Callable[[], asyncio.Future[None]] | None = None
        self.error: Exception | None = None

    @property
    def name(self) -> str:
        return self._name

    async def poll(self) -> float | None:
        self.looks.append(self.clock.monotonic())
        if self.error is not None:
            raise self.error
        if self.hold is not None:
            await self.hold()
        return self.wish

    def crashed(self, error: Exception) -> None:
        self.crashes.append(error)


@asynccontextmanager
async def running(loop: PollLoop) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(loop.run(), name="loop")
        yield
        task.cancel()


def every(interval: float, name: str = "probe", timeout: float = 5.0) -> Schedule:
    return Schedule(interval, timeout, spread(name, interval))


def fleet_of(loop: PollLoop, clock: VirtualClock, count: int) -> list[Looker]:
    """Have so many hosts polled each 10 s."""
    probes = [Looker(clock, f"host:web{n:04} fast") for n in range(count)]
    for probe in probes:
        loop.add(probe, every(10.0, probe.name))
    return probes


async def test_five_thousand_hosts_start_evenly_over_the_interval():
    clock = VirtualClock(at=0.0)
    loop = PollLoop(clock)
    probes = fleet_of(loop, clock, 5_000)

    async with running(loop):
        await clock.advance(20.2)

    seconds = Counter(int(at) for probe in probes for at in probe.looks if at < 20.0)
    assert len(seconds) == 20
    assert all(440 <= count <= 560 for count in seconds.values()), seconds
    for probe in probes:
        first, second = probe.looks[:2]
        assert first <= 10.1
        assert second - first == pytest.approx(10.0, abs=0.1)


async def test_a_large_fleets_probes_start_a_few_at_a_time_and_none_is_a_tenth_of_a_second_late():
    clock = VirtualClock(at=0.0)
    loop = PollLoop(clock)
    probes = fleet_of(loop, clock, 2_000)

    async with running(loop):
        await clock.advance(10.2)

    moments = Counter(at for probe in probes for at in probe.looks)
    late = [probe.looks[0] - every(10.0, probe.name).after(0.0) for probe in probes]
    assert len(moments) <= 103
    assert min(late) >= 0.0
    assert max(late) <= 0.1 + 1e-9


async def test_a_probe_keeps_its_moments_however_long_it_takes():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    loop = PollLoop(clock)
    loop.add(probe, Schedule(10.0, 60.0, 3.0))
    taking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    probe.hold = lambda: taking

    async with running(loop):
        await clock.advance(35.0)
        assert len(probe.looks) == 1, "it never overlaps itself"
        probe.hold = None
        taking.set_result(None)
        await clock.advance(20.0)

    assert [round(at, 1) for at in probe.looks] == [3.0, 43.0, 53.0], "missed moments are skipped"


async def test_d03_a_resumed_machine_polls_nothing_in_a_burst():
    clock = VirtualClock(at=0.0)
    loop = PollLoop(clock)
    probes = fleet_of(loop, clock, 1_000)

    async with running(loop):
        await clock.advance(10.0)
        clock.jump(8 * 3600.0)
        resumed = clock.at
        await clock.advance(10.2)

    after = Counter(int((at - resumed) // 1) for p in probes for at in p.looks if at >= resumed)
    assert 1_000 <= sum(after.values()) <= 1_050, "each once, none of the 2,880 that were missed"
    assert max(after.values()) <= 150


async def test_d04_a_stepped_wall_clock_moves_no_poll():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    loop = PollLoop(clock)
    loop.add(probe, Schedule(10.0, 5.0, 0.0))

    async with running(loop):
        for step in (0.0, 3600.0, -3600.0, 86_400.0):
            clock.epoch += step
            await clock.advance(10.0)

    assert [round(at) for at in probe.looks] == [10, 20, 30, 40]


async def test_a_bug_in_one_probe_stays_in_its_row():
    clock = VirtualClock(at=0.0)
    bad, good = Looker(clock, "bad"), Looker(clock, "good")
    bad.error = RuntimeError("a bug")
    loop = PollLoop(clock)
    for probe in (bad, good):
        loop.add(probe, every(10.0, probe.name))

    async with running(loop):
        await clock.advance(30.0)

    assert len(bad.looks) == len(bad.crashes) == len(good.looks) == 3
    assert good.crashes == []


async def test_a_look_that_does_not_end_is_given_up():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    probe.hold = asyncio.get_running_loop().create_future
    loop = PollLoop(clock)
    loop.add(probe, Schedule(10.0, 0.0, 0.0), due=0.0)

    async with running(loop):
        await clock.advance(0.1)

    assert isinstance(probe.crashes[0], TimeoutError)


async def test_a_probe_may_wish_for_its_next_look():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock, wish=2.0)
    loop = PollLoop(clock)
    loop.add(probe, Schedule(30.0, 5.0, 0.0), due=1.0)

    async with running(loop):
        await clock.advance(6.0)

    assert [round(at, 1) for at in probe.looks] == [1.0, 3.0, 5.0]


async def test_a_hurried_probe_runs_at_once_and_then_keeps_its_moments():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    loop = PollLoop(clock)
    loop.add(probe, Schedule(10.0, 5.0, 9.0))

    async with running(loop):
        await clock.advance(2.0)
        loop.hurry("probe")
        loop.hurry("nobody")
        await clock.advance(18.0)

    assert probe.looks == pytest.approx([2.0, 9.0, 19.0], abs=0.11)


async def test_a_probe_that_is_hurried_while_it_looks_looks_again():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    taking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    probe.hold = lambda: taking
    loop = PollLoop(clock)
    loop.add(probe, Schedule(100.0, 50.0, 1.0))

    async with running(loop):
        await clock.advance(2.0)
        loop.hurry("probe")
        await clock.advance(2.0)
        assert len(probe.looks) == 1
        taking.set_result(None)
        await clock.advance(1.0)

    assert len(probe.looks) == 2


async def test_a_removed_probe_is_not_asked_again():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    loop = PollLoop(clock)
    loop.add(probe, Schedule(1.0, 0.5, 0.0))

    async with running(loop):
        await clock.advance(1.5)
        loop.remove("probe")
        await clock.advance(5.0)

    assert len(probe.looks) == 1


async def test_cancelling_the_loop_ends_what_it_started():
    clock = VirtualClock(at=0.0)
    probe = Looker(clock)
    probe.hold = asyncio.get_running_loop().create_future
    loop = PollLoop(clock)
    loop.add(probe, Schedule(1.0, 50.0, 0.0), due=0.0)

    async with running(loop):
        await clock.advance(0.5)
    await settle()

    assert [
        task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("poll")
    ] == []


@pytest.mark.parametrize("now", [0.0, 3.0, 9.99, 10.0, 1e9])
def test_the_next_moment_is_behind_now_and_on_the_grid(now):
    schedule = Schedule(10.0, 5.0, 3.0)

    due = schedule.after(now)

    assert now < due <= now + 10.0
    assert (due - 3.0) % 10.0 == pytest.approx(0.0)


def test_back_off_jitter_stays_in_its_bounds_and_differs_by_host():
    factors = [jitter(f"web{n}", turn) for n in range(100) for turn in range(5)]

    assert all(0.8 <= factor <= 1.2 for factor in factors)
    assert len(set(factors)) > 450
