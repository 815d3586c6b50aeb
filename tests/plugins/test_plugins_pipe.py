"""The pipe of an isolated plugin: each call gets its own answer, whatever became of the one before."""

import asyncio
import io
import os
from collections.abc import Iterator

import msgspec
import pytest

from opsconsole.actions.isolated import Pipe
from opsconsole.errors import ActionError


class Engine:
    """Says lines to a pipe, and knows what it was told."""

    def __init__(self) -> None:
        read, self._write = os.pipe()
        self._lines = os.fdopen(read, "rb")
        self.told = io.BytesIO()
        self.pipe = Pipe(self._lines, self.told)

    def says(self, op: str, call: str, **more: object) -> None:
        line = {"op": op, "id": call, **more}
        os.write(self._write, msgspec.json.encode(line) + b"\n")

    def ends(self, call: str, state: str, **more: object) -> None:
        self.says("result", call, r={"state": state, **more})

    def close(self) -> None:
        os.close(self._write)
        self._lines.close()

    @property
    def heard(self) -> list[tuple[object, object]]:
        lines = [msgspec.json.decode(each) for each in self.told.getvalue().splitlines()]
        return [(line["op"], line["id"]) for line in lines]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


async def give_up(task: asyncio.Task[object]) -> None:
    """Let it ask, and cancel it while it waits."""
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("is_early", [True, False])
async def test_a_write_after_a_fetch_that_was_given_up_ends_as_the_write_did(
    engine: Engine, is_early: bool
) -> None:
    await give_up(asyncio.create_task(engine.pipe.call("ssh.get", {"path": "/x"})))
    write = asyncio.create_task(engine.pipe.call("ssh.write", {"argv": ["make"]}, "make"))
    if not is_early:
        await asyncio.sleep(0)
    engine.says("data", "c1", base64="AAAA")
    engine.ends("c1", "done", size=3)
    engine.ends("c2", "failed", reason="exit 2", code=2)

    with pytest.raises(ActionError, match="make: exit 2"):
        await asyncio.wait_for(write, 20)


async def test_a_call_that_is_no_coroutine_gets_its_own_answer_too(engine: Engine) -> None:
    await give_up(asyncio.create_task(engine.pipe.call("wait", {"seconds": 9})))
    engine.ends("c1", "done")
    engine.ends("c2", "done", health="up")

    told = await asyncio.wait_for(asyncio.to_thread(engine.pipe.call_now, "health", {}), 20)

    assert told["health"] == "up"


async def test_a_stream_that_was_given_up_is_stopped_and_waited_for_by_nobody(
    engine: Engine,
) -> None:
    stream = engine.pipe.follow("ssh.stream", {"argv": ["tail"]}, "tail")
    await give_up(asyncio.ensure_future(stream.__anext__()))
    await stream.aclose()
    heard = engine.heard
    for text in ("late", "later"):
        engine.says("line", "c1", text=text)
    engine.ends("c1", "stopped")
    engine.ends("c2", "done", code=0)

    _, told = await asyncio.wait_for(engine.pipe.call("ssh.read", {"argv": ["true"]}), 20)

    assert heard == [("call", "c1"), ("stop", "c1")]
    assert told == {"state": "done", "code": 0}


async def test_a_line_that_was_not_waited_for_to_the_end_is_not_lost(engine: Engine) -> None:
    stream = engine.pipe.follow("ssh.stream", {"argv": ["tail"]}, "tail")
    await give_up(asyncio.ensure_future(stream.__anext__()))
    engine.says("line", "c1", text="first")
    engine.ends("c1", "done", lines=1)

    assert [line async for line in stream] == ["first"]


async def test_a_stream_does_not_begin_beside_another_call(engine: Engine) -> None:
    call = asyncio.create_task(engine.pipe.call("wait", {"seconds": 9}))
    await asyncio.sleep(0)

    with pytest.raises(ActionError, match="cannot be asked beside another call"):
        engine.pipe.follow("ssh.stream", {"argv": ["tail"]}, "tail")
    await give_up(call)
