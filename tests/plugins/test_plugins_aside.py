"""A thread for each plugin: what happens on it stays on it."""

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from opsconsole.actions import aside as room
from opsconsole.actions.aside import Aside, Near, beside
from opsconsole.errors import ActionError
from opsconsole.runs.result import PlanEndsError


@pytest.fixture
def aside() -> Iterator[Aside]:
    made = Aside()
    yield made
    made.close()


class Ctx:
    """Some of what ctx has."""

    def __init__(self, aside: Aside) -> None:
        self.aside = aside
        self.action = SimpleNamespace(plugin="acme")
        self.home = threading.get_ident()
        self.names = ("web1",)
        self.said: list[tuple[str, bool]] = []
        self.undo: Any = None

    def here(self, what: str) -> None:
        self.said.append((what, threading.get_ident() == self.home))

    def info(self, text: str) -> None:
        self.here(text)

    async def read(self, argv: list[str]) -> str:
        self.here("read")
        if argv == ["lost"]:
            raise ActionError("read", "lost")
        return " ".join(argv)

    async def lines(self) -> Any:
        try:
            for each in ("a", "b", "c"):
                self.here(each)
                yield each
        finally:
            self.here("closed")

    async def on_undo(self, undo: Any, *, title: str = "") -> None:
        self.here(title)
        self.undo = undo


async def test_the_function_runs_there_and_what_it_asks_is_done_here(aside: Aside) -> None:
    ctx = Ctx(aside)
    ran: list[int] = []

    async def work(near: Any) -> str:
        ran.append(threading.get_ident())
        near.info("hello")
        async for line in near.lines():
            if line == "b":
                break
        with pytest.raises(ActionError, match="lost"):
            await near.read(["lost"])
        return await near.read([*near.names, "x"])

    result = await beside(ctx, work)

    assert result == "web1 x"
    assert ran != [ctx.home]
    assert all(is_here for _, is_here in ctx.said)
    assert [what for what, _ in ctx.said if what != "closed"] == ["hello", "a", "b", "read", "read"]


async def test_a_blocked_function_holds_up_neither_the_loop_nor_another_plugin(
    aside: Aside,
) -> None:
    ctx, other = Ctx(aside), Ctx(aside)
    other.action = SimpleNamespace(plugin="other")
    held = threading.Event()

    async def stuck(_near: Any) -> bool:
        return held.wait(60)

    blocked = asyncio.create_task(beside(ctx, stuck))
    free = await beside(other, lambda near: near.read(["free"]))
    held.set()

    assert free == "free"
    assert await blocked


async def test_one_that_is_cancelled_is_let_go_though_its_thread_is_blocked(aside: Aside) -> None:
    held = threading.Event()

    async def stuck(_near: Any) -> bool:
        return held.wait(60)

    blocked = asyncio.create_task(beside(Ctx(aside), stuck))
    await asyncio.sleep(0)
    blocked.cancel()
    await asyncio.gather(blocked, return_exceptions=True)

    assert blocked.cancelled()
    held.set()


@pytest.mark.parametrize("error", [SystemExit(3), PlanEndsError("x"), ValueError("boom")])
async def test_what_it_raises_comes_out_and_the_next_call_works(
    aside: Aside, error: BaseException
) -> None:
    ctx = Ctx(aside)

    async def raises(_near: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await beside(ctx, raises)

    assert caught.value is error
    assert await beside(ctx, lambda near: near.read(["next"])) == "next"


async def test_a_way_back_runs_on_the_thread_too(aside: Aside) -> None:
    ctx = Ctx(aside)
    ran: list[int] = []

    async def undo(near: Any) -> None:
        ran.append(threading.get_ident())
        await near.read(["back"])

    async def work(near: Any) -> None:
        await near.on_undo(undo)

    await beside(ctx, work)
    await ctx.undo(ctx)

    assert ran != [ctx.home]
    assert ctx.said == [("undo", True), ("read", True)]


async def test_what_came_with_us_stays_on_the_loop(aside: Aside) -> None:
    ctx = Ctx(aside)
    aside.spared = {"acme"}

    async def work(near: Any) -> object:
        return near

    assert await beside(ctx, work) is ctx


async def test_a_thread_that_does_not_answer_is_left_and_after_a_few_nobody_is_called(
    aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "STUCK", 0.0)
    held = threading.Event()

    async def blocks(_near: Any) -> bool:
        return held.wait(60)

    async def call() -> asyncio.Task[bool]:
        task = asyncio.create_task(beside(Ctx(aside), blocks))
        for _ in range(3):
            await asyncio.sleep(0)
        return task

    calls = [await call() for _ in range(2 * room.LEFT + 4)]
    held.set()
    ends = await asyncio.gather(*calls, return_exceptions=True)

    assert "blocks for ever" in str(ends[-1])


def test_nothing_private_of_ctx_is_reached(aside: Aside) -> None:
    near = Near(Ctx(aside), asyncio.new_event_loop(), aside, "acme")

    with pytest.raises(AttributeError):
        _ = near._anything
    near._home.close()
