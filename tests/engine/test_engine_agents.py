"""Whose keys a run goes with: a starter's own connections, open as long as runs need them."""

import asyncio

import pytest

from opsconsole.engine.agents import Agents, OwnWays
from opsconsole.rpc.peer import Peer
from tests.engine.conftest import Refusing


class Slow(Refusing):
    """Takes a while to close."""

    def __init__(self) -> None:
        super().__init__()
        self.may_close = asyncio.Event()
        self.is_closed = False

    async def close(self) -> None:
        await self.may_close.wait()
        self.is_closed = True


def peer(agent: str) -> Peer:
    return Peer(1, 1000, 2, "op1", agent=agent)


async def test_a_way_that_is_asked_for_while_idle_ones_close_stays_open() -> None:
    made: list[Slow] = []

    def make(_agent: str) -> Slow:
        made.append(Slow())
        return made[-1]

    agents = Agents("/run/own.sock")
    agents.newest()
    ways = OwnWays(agents, make)
    ways.of(peer("/run/a.sock"))
    closing = asyncio.create_task(ways.close())
    await asyncio.sleep(0)

    later = ways.of(peer("/run/b.sock"))
    for each in made:
        each.may_close.set()
    await closing

    assert later is made[1]
    assert [each.is_closed for each in made] == [True, False]


USED_BY = [
    ([], "", True),
    ([], "/run/a.sock", True),
    (["/run/a.sock"], "/run/a.sock", True),
    (["/run/a.sock"], "/run/b.sock", False),
    (["/run/a.sock"], "", False),
]


@pytest.mark.parametrize(("polled_with", "starter", "shared"), USED_BY)
def test_a_run_never_goes_with_another_persons_agent(
    polled_with: list[str], starter: str, shared: bool
) -> None:
    agents = Agents(None)
    agents.attach(tuple(peer(agent) for agent in polled_with))
    agents.newest()
    asked: list[str] = []

    def make(agent: str) -> Slow:
        asked.append(agent)
        return Slow()

    way = OwnWays(agents, make).of(peer(starter))

    assert (way is None) is shared
    assert asked == ([] if shared else [starter])
