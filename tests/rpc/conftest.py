"""A served source that tests turn by hand, and peers that speak the raw wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.clock import SystemClock
from opsconsole.model.calls import AnyCall, Done
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.rpc.client import Client, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello
from opsconsole.rpc.peer import Peer
from opsconsole.rpc.server import Server

Handler = Callable[[AnyCall, Peer], Awaitable[Struct]]


class Bell:
    def __init__(self) -> None:
        self.rung = asyncio.Event()

    async def wait(self) -> None:
        await self.rung.wait()
        self.rung.clear()


class Source:
    """A store reduced to its wire side."""

    def __init__(self) -> None:
        hosts = {f"web{n:02}": HostRecord(f"web{n:02}") for n in range(20)}
        self.snapshot = Snapshot(revision=1, now=1000.0, hosts=hosts)
        self.bells: list[Bell] = []

    def subscribe(self) -> Bell:
        bell = Bell()
        self.bells.append(bell)
        return bell

    def change(self, name: str, reason: str) -> None:
        hosts = {**self.snapshot.hosts, name: HostRecord(name, reason=reason)}
        now = self.snapshot.now + 1
        self.snapshot = replace(
            self.snapshot, revision=self.snapshot.revision + 1, now=now, hosts=hosts
        )
        self.ring()

    def tick(self, seconds: float = 1.0) -> None:
        """Let time pass, and nothing else."""
        now, revision = self.snapshot.now + seconds, self.snapshot.revision + 1
        self.snapshot = replace(self.snapshot, revision=revision, now=now)
        self.ring()

    def ring(self) -> None:
        for bell in self.bells:
            bell.rung.set()


class Served:
    """A server on a socket of its own, and clients of it."""

    def __init__(self, path: Path, source: Source, server: Server) -> None:
        self.path = path
        self.source = source
        self.server = server

    def client(self, role: str = "console", *, subscribe: bool = True) -> Client:
        hello = Hello(PROTOCOL, "0.1.0", role, subscribe=subscribe)
        return Client(open_path(str(self.path)), hello, SystemClock())


async def answer_done(call: AnyCall, peer: Peer) -> Struct:
    return Done(f"{call.__struct_config__.tag} by {peer.actor}")


@contextlib.asynccontextmanager
async def serving(path: Path, handler: Handler = answer_done) -> AsyncIterator[Served]:
    source = Source()
    server = Server(source, handler, Hello(PROTOCOL, "0.1.0", engine="default"), SystemClock())
    await server.start(path)
    try:
        yield Served(path, source, server)
    finally:
        await server.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "engine.sock") as made:
        yield made


async def until(client: Client, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await client.wait_change()
