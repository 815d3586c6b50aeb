"""A thread for each plugin: what happens on it stays on it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from opsconsole.actions import aside as room
from opsconsole.actions.aside import Aside, beside
from opsconsole.clock import SystemClock
from opsconsole.errors import ActionError
from opsconsole.runs.result import PlanEndsError


@pytest.fixture
def aside() -> Iterator[Aside]:
    made = Aside(SystemClock())
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
        return str(await near.read([*near.names, "x"]))

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

    calls = [await call()]
    while not calls[-1].done():  # one that waits for its thread is not
        calls.append(await call())
    held.set()
    ends = await asyncio.gather(*calls, return_exceptions=True)

    assert "threads do not answer" in str(ends[-1])
    assert not [end for end in ends if isinstance(end, asyncio.CancelledError)]


async def test_once_it_moves_again_its_calls_go_to_their_own_ends_and_it_is_called_again(
    aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "STUCK", 0.0)
    held, asked = threading.Event(), asyncio.Event()
    ctx = Ctx(aside)

    async def waits(near: Any) -> str:
        return str(await near.slow())

    async def slow() -> str:
        asked.set()
        while not held.is_set():
            await asyncio.sleep(0.001)
        return "seen"

    async def blocks(_near: Any) -> bool:
        return held.wait(60)

    ctx.slow = slow  # type: ignore[attr-defined] # another word of ctx
    neighbour = asyncio.create_task(beside(ctx, waits))
    await asked.wait()
    stuck = [asyncio.create_task(beside(ctx, blocks)) for _ in range(room.LEFT + 1)]
    for _ in range(3):
        await asyncio.sleep(0)
    held.set()

    assert await neighbour == "seen"
    assert all(await asyncio.gather(*stuck))
    for thread in [one for left in aside._left.values() for one in left]:
        await asyncio.to_thread(thread.join)
    assert await beside(ctx, lambda near: near.read(["again"])) == "again"


class Writes(Ctx):
    """A ctx with something slow that cleans up behind itself."""

    def __init__(self, aside: Aside) -> None:
        super().__init__(aside)
        self.began = asyncio.Event()

    async def write(self, what: str) -> None:
        self.here(what)
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.here(f"{what} settled")


@pytest.mark.parametrize("is_blocked", [False, True])
async def test_a_call_that_is_cancelled_ends_what_it_had_under_way_and_begins_nothing_more(
    aside: Aside, is_blocked: bool
) -> None:
    ctx = Writes(aside)
    held, over = threading.Event(), threading.Event()
    refused: list[str] = []

    async def swallows(near: Any) -> None:
        first = asyncio.ensure_future(near.write("first"))
        await asyncio.sleep(0)
        if is_blocked:
            held.wait(60)
        with suppress(asyncio.CancelledError):
            await first
        held.wait(60)
        try:
            await near.write("second")
        except ActionError as error:
            refused.append(str(error))
        over.set()

    call = asyncio.create_task(beside(ctx, swallows))
    await ctx.began.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    said = list(ctx.said)
    held.set()
    assert await asyncio.to_thread(over.wait, 10)

    assert call.cancelled()
    assert said == [("first", True), ("first settled", True)]
    assert ctx.said == said
    assert "the call is over" in refused[0]


async def test_a_function_that_gives_itself_up_fails_and_cancels_nobody_else(aside: Aside) -> None:
    async def gives_up(_near: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(ActionError, match="gave this call up"):
        await beside(Ctx(aside), gives_up)


async def test_a_stream_that_is_given_up_in_time_ends_like_one_on_the_loop(aside: Aside) -> None:
    ctx = Ctx(aside)

    async def endless() -> Any:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ctx.here("closed")

    async def follows(near: Any) -> str:
        try:
            async with asyncio.timeout(0.05):
                async for _ in near.endless():
                    pass
        except TimeoutError:
            return "in time"
        return "to its end"

    ctx.endless = endless  # type: ignore[attr-defined] # another word of ctx

    assert await beside(ctx, follows) == "in time"
    assert ctx.said == [("closed", True)]


async def test_nothing_private_of_ctx_is_reached(aside: Aside) -> None:
    with pytest.raises(AttributeError):
        await beside(Ctx(aside), lambda near: near._anything)
