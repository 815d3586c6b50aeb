"""Answers are read together: none waits longer than a tenth of a second, and a small fleet's not at all."""

import asyncio

import pytest

from opsconsole.collect.together import Together
from tests.collect_fakes import VirtualClock, settle


class Readers:
    """Notes when those who wait are let go."""

    def __init__(self, hosts: int) -> None:
        self.clock = VirtualClock()
        self._together = Together(self.clock, lambda: hosts)
        self.went: list[tuple[int, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, number: int) -> None:
        """One answer comes."""
        self.tasks.append(asyncio.create_task(self._read(number)))
        await settle()

    async def _read(self, number: int) -> None:
        await self._together.wait()
        self.went.append((number, round(self.clock.at - 1_000.0, 3)))


@pytest.mark.parametrize(
    ("hosts", "went"),
    [
        (40, [(0, 0.0), (1, 0.02), (2, 0.04), (3, 0.06)]),
        (500, [(0, 0.0), (1, 0.05), (2, 0.05), (3, 0.1)]),
        (20_000, [(0, 0.0), (1, 0.1), (2, 0.1), (3, 0.1)]),
    ],
)
async def test_the_first_is_read_at_once_and_those_behind_it_together(hosts, went):
    readers = Readers(hosts)

    for number in range(4):
        await readers.come(number)
        await readers.clock.advance(0.02)
    await readers.clock.advance(0.2)

    assert readers.went == went


async def test_after_a_pause_nobody_waits():
    readers = Readers(2_000)
    await readers.come(0)
    await readers.clock.advance(0.5)

    await readers.come(1)

    assert readers.went == [(0, 0.0), (1, 0.5)]


async def test_one_that_is_called_off_keeps_nobody():
    readers = Readers(2_000)
    for number in range(3):
        await readers.come(number)

    readers.tasks[1].cancel()  # it was the first of those who wait
    await settle()

    assert [number for number, _ in readers.went] == [0, 2]
