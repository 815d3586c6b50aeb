"""The engine's loop is the fast one where it is installed, and any machine has one."""

import asyncio
import sys
from collections.abc import Iterator

import asyncssh
import pytest

from opsconsole.clock import SystemClock
from opsconsole.engine.event_loop import new_loop
from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.transport.base import Command, Ending
from opsconsole.transport.connection import Connection
from opsconsole.transport.local import LocalTransport
from opsconsole.transport.local_process import LocalProcess


def test_the_fast_loop_is_taken_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = new_loop()
    loop.close()

    assert isinstance(loop, uvloop.Loop)


def test_without_it_there_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_loop()
    loop.close()

    assert isinstance(loop, asyncio.SelectorEventLoop)


@pytest.fixture(params=[asyncio.new_event_loop, new_loop])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """Run on either loop: `--solo` has the first, an engine of its own the second."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def test_a_process_is_fed_heard_and_ended_on_either_loop(runner: asyncio.Runner) -> None:
    here = Host("here", "localhost", transport="local")

    async def run() -> None:
        local = LocalTransport(SystemClock())
        said = await local.run(here, Command(script="cat; echo no >&2; exit 3", stdin=b"in\n"))
        late = await local.run(here, Command(script="sleep 30", timeout=0.3))
        flood = await local.run(here, Command(argv=("yes",), max_output=1_000))
        with pytest.raises(TransportError):
            await local.ask(here, "read -r n; exit 1", {}, timeout=2.0, max_output=100)
        await local.close()
        assert (said.stdout, said.stderr, said.status) == (b"in\n", b"no\n", 3)
        assert late.ending is not Ending.EXITED
        assert flood.ending is Ending.FLOODED

    runner.run(run())


def test_a_process_that_ended_says_so_to_who_writes_to_it(runner: asyncio.Runner) -> None:
    async def run() -> None:
        process = LocalProcess()
        await process.start(("true",), {})
        await process.wait(quiet=1.0)
        with pytest.raises(BrokenPipeError):
            process.write(b"more", eof=False)
        process.write(b"", eof=True)
        process.close()

    runner.run(run())


def test_what_was_to_be_said_when_the_way_closed_is_nobodys_error(runner: asyncio.Runner) -> None:
    errors: list[object] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: errors.append(context))
        server = await asyncio.start_server(
            lambda _reader, writer: writer.transport.abort(), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        shared = asyncssh.SSHClientConnectionOptions(
            config=None, username="op1", client_keys=None, known_hosts=([], [], [])
        )
        transport, made = await loop.create_connection(
            lambda: Connection(loop, shared, ("127.0.0.1", port), ([], [], []), asyncssh.SSHClient()),
            "127.0.0.1", port,
        )  # fmt: skip
        transport.abort()
        made._send(b"late")  # what the library calls for each packet
        await made.wait_closed()
        with pytest.raises(asyncssh.ConnectionLost):
            await made.logged_in
        server.close()

    runner.run(run())
    assert errors == []
