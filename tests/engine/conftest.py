"""An engine whose outside is a fake: hosts that refuse, an Alertmanager that is a list."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from opsconsole import __version__
from opsconsole.clock import Clock, SystemClock
from opsconsole.engine.engine import Engine
from opsconsole.engine.launch import LaunchSpec
from opsconsole.engine.outside import Outside
from opsconsole.engine.place import Place
from opsconsole.errors import TransportError
from opsconsole.inventory.sources import SourceSpec
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import AlertSource, Host, Inventory, Settings
from opsconsole.rpc.client import Client
from opsconsole.rpc.messages import PROTOCOL, Hello
from opsconsole.rpc.solo import open_solo
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.http_answer import (
    DnsAnswer,
    DnsQuestion,
    Endpoint,
    HttpAnswer,
    HttpFault,
    PingAnswer,
    ProbeAnswer,
)
from tests.program import Program

FINGERPRINT = "SHA256:5Yw0mFv8cGq3zQd1sX7r0b2mVn4kLtP9hJ6uEaRoIyA"
STARTED = "2026-05-01T08:00:00.000Z"


class Refusing:
    """Every host refuses the connection; keys can be scanned and are written to a list."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.retried: list[str] = []
        self.forgotten: list[str] = []
        self.trusted: list[tuple[str, str, bool]] = []
        self.fingerprint = FINGERPRINT

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        return Answer(Ending.UNREACHABLE, reason="connection refused")

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        self.asked.append(host.name)
        raise TransportError(host.ref, "refused", "connection refused")

    async def scan(self, host: Host) -> HostKey:
        return HostKey(
            host.name, "ssh-ed25519", self.fingerprint, f"{host.address} ssh-ed25519 AAAA"
        )

    async def trust(self, host: Host, key: HostKey, *, who: str, replace: bool = False) -> str:
        self.trusted.append((host.name, key.fingerprint, replace))
        return "/home/op1/.ssh/known_hosts"

    def retry(self, host: Host) -> None:
        self.retried.append(host.name)

    def warnings(self) -> tuple[str, ...]:
        return ()

    async def forget(self, host: Host) -> None:
        self.forgotten.append(host.name)

    async def close(self) -> None:
        return None


@dataclass
class Alertmanager:
    """Answers as Alertmanager v2 does (its OpenAPI file), with the alerts it was given."""

    alerts: list[dict[str, object]] = field(default_factory=list)

    def fire(self, name: str, instance: str, severity: str = "critical") -> None:
        labels = {"alertname": name, "instance": instance, "severity": severity}
        self.alerts.append(
            {
                "labels": labels,
                "annotations": {"summary": f"{name} on {instance}"},
                "startsAt": "2026-05-01T09:00:00.000Z",
                "updatedAt": "2026-05-01T09:00:00.000Z",
                "endsAt": "2036-05-01T09:00:00.000Z",
                "fingerprint": f"{len(self.alerts):016x}",
                "receivers": [{"name": "ops"}],
                "status": {
                    "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []
                },
                "generatorURL": "http://prometheus.example/graph",
            }
        )  # fmt: skip

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        if endpoint.url.endswith("/status"):
            status = {
                "cluster": {"status": "disabled", "peers": []},
                "uptime": STARTED,
                "versionInfo": {"version": "0.27.0"},
                "config": {"original": ""},
            }
            return HttpAnswer(200, body=msgspec.json.encode(status))
        return HttpAnswer(200, body=msgspec.json.encode(self.alerts))

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        return ProbeAnswer(fault=HttpFault.REFUSED, reason="refused")

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        return ProbeAnswer(fault=HttpFault.REFUSED, reason="refused")

    async def probe_ssh(self, target: str, *, timeout: float) -> ProbeAnswer:
        return ProbeAnswer(fault=HttpFault.REFUSED, reason="refused")

    async def probe_dns(self, question: DnsQuestion, *, timeout: float) -> DnsAnswer:
        return DnsAnswer(fault=HttpFault.TIMEOUT, reason="no answer")

    async def probe_ping(self, target: str, *, timeout: float) -> PingAnswer:
        return PingAnswer(3, 0)

    async def close(self) -> None:
        return None


class World:
    """Makes engines on one folder, one after the other, as restarts do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = Refusing()
        self.web = Alertmanager()
        self.inventory = Inventory(
            hosts=(Host("web01", "192.0.2.1"), Host("web02", "192.0.2.2")),
            sources=(AlertSource("main", "alertmanager", ("http://am.example:9093",), every=1.0),),
        )
        self.spec = LaunchSpec("default", SourceSpec())

    def use(self, **settings: object) -> None:
        made = Settings(**settings)  # type: ignore[arg-type]  # tests name real fields
        self.inventory = msgspec.structs.replace(self.inventory, settings=made)

    @contextlib.asynccontextmanager
    async def engine(
        self, *, read_only: bool = False, looker: bool = False
    ) -> AsyncIterator[tuple[Engine, Client]]:
        clock = SystemClock()
        spec = msgspec.structs.replace(self.spec, read_only=read_only)
        place = Place("default", self.folder)
        engine = Engine(spec, place, self.inventory, clock, solo=True, outside=self._dial)
        task = _running(engine)
        hello = Hello(PROTOCOL, __version__, "console", read_only=looker)
        client = Client(open_solo(engine.server), hello, clock)
        async with client, contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_ended, engine, task)
            await client.ready()
            yield engine, client

    def _dial(self, settings: Settings, clock: Clock, hosts: object, agent: object) -> Outside:
        return Outside(self.remote, self.remote, self.web, lambda _agent: self.remote)


def _running(engine: Engine) -> "asyncio.Task[None]":
    return asyncio.create_task(engine.run(), name="engine under test")


async def _ended(engine: Engine, task: "asyncio.Task[None]") -> None:
    engine.stop.set()
    await task


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def until(client: Client, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await client.wait_change()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.end()
