"""Fakes of what surrounds the collector: a clock that tests drive, a remote, an HTTP client, a sink."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping

from opsconsole.clock import Clock
from opsconsole.collect.asker import Asker
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.sink import Sink
from opsconsole.collect.source_probe import SourceProbe
from opsconsole.collect.sources import source_probe
from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import AlertSource, Host
from opsconsole.model.sample import CheckResult, Sample, SourceReading
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.http_answer import (
    DnsAnswer,
    DnsQuestion,
    Endpoint,
    HttpAnswer,
    PingAnswer,
    ProbeAnswer,
)

NONCE = b"abc123"


class VirtualClock:
    """Time that moves only when a test says so; it wakes sleepers in their order."""

    def __init__(self, at: float = 1_000.0, epoch: float = 1_700_000_000.0) -> None:
        self.at = at
        self.epoch = epoch
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tickets = itertools.count()

    def now(self) -> float:
        return self.epoch + self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at + max(0.0, seconds), next(self._tickets), done))
        await done

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, with everything that happens in it."""
        until = self.at + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, done = heapq.heappop(self._sleepers)
            self.at = max(self.at, due)
            if not done.done():
                done.set_result(None)
                await settle()
        self.at = until
        await settle()

    def jump(self, seconds: float) -> None:
        """Let time pass with nobody awake: a suspended machine."""
        self.at += seconds


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(8):
        await asyncio.sleep(0)


NO_SECRETS = Credentials(dict, VirtualClock())


class FakeSink:
    """Remembers everything."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.results: list[CheckResult] = []
        self.readings: list[SourceReading] = []

    def put_sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def put_result(self, result: CheckResult) -> None:
        self.results.append(result)

    def put_reading(self, reading: SourceReading) -> None:
        self.readings.append(reading)

    def of(self, host: str, tier: str) -> list[Sample]:
        return [s for s in self.samples if s.target == f"host:{host}" and s.probe == tier]


def answer(sections: Mapping[str, bytes], nonce: bytes = NONCE) -> bytes:
    """Write an answer as the scripts do."""
    parts = [
        b"\x1e" + nonce + b" " + name.encode() + b"\n" + text for name, text in sections.items()
    ]
    return b"".join([*parts, b"\x1e" + nonce + b" end\n"])


def fast_answer(uptime: float = 100.0, boot: bytes = b"boot-1", **more: bytes) -> bytes:
    """Write a small fast answer; its counters grow with the uptime."""
    ticks = int(uptime * 100)
    return answer(
        {
            "boot_id": boot + b"\n",
            "uptime": b"%.2f 1.0\n" % uptime,
            "loadavg": b"1.00 2.00 3.00 1/100 999\n",
            "stat": b"cpu  %d 0 0 %d 0 0 0 0\ncpus 4\n" % (ticks, ticks * 3),
            "meminfo": b"MemTotal: 1000 kB\nMemAvailable: 250 kB\n",
            **more,
        }
    )


FastAnswers = Callable[[Host], Awaitable[bytes]]


class FakeRemote:
    """Answers as a fleet of healthy Linux hosts would, until told otherwise."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.commands: list[tuple[str, Command]] = []
        self.forgotten: list[str] = []
        self.retried: list[str] = []
        self.faults: dict[str, TransportError] = {}
        self.fast: dict[str, FastAnswers] = {}
        self.answers: dict[str, Answer] = {}
        self.uptime: Callable[[], float] = lambda: 100.0

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        self.commands.append((host.name, command))
        if host.name in self.answers:
            return self.answers[host.name]
        nonce = command.args[0].encode() if command.args else NONCE
        df = b"Filesystem 1K Used Avail Cap Mounted\n/dev/a 100 90 10 90% /\n"
        return Answer(Ending.EXITED, 0, stdout=answer({"df": df}, nonce), took=0.01)

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        self.asked.append(host.name)
        if host.name in self.faults:
            raise self.faults[host.name]
        if host.name in self.fast:
            return await self.fast[host.name](host)
        return fast_answer(self.uptime())

    async def scan(self, host: Host) -> HostKey:
        raise TransportError(host.name, "refused", "not in this fake")

    def retry(self, host: Host) -> None:
        self.retried.append(host.name)

    async def forget(self, host: Host) -> None:
        self.forgotten.append(host.name)

    async def close(self) -> None:
        pass


class FakeHttp:
    """Gives each URL its reply; one that is a list is used up from the front, its last stays."""

    def __init__(self) -> None:
        self.replies: dict[str, HttpAnswer | list[HttpAnswer]] = {}
        self.probes: dict[str, ProbeAnswer] = {}
        self.lookups: dict[str, DnsAnswer] = {}
        self.pings: dict[str, PingAnswer] = {}
        self.asked: list[Endpoint] = []

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        self.asked.append(endpoint)
        reply = self.replies[endpoint.url]
        if isinstance(reply, list):
            return reply.pop(0) if len(reply) > 1 else reply[0]
        return reply

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        return self.probes[target]

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        return self.probes[target]

    async def probe_ssh(self, target: str, *, timeout: float) -> ProbeAnswer:
        return self.probes[target]

    async def probe_dns(self, question: DnsQuestion, *, timeout: float) -> DnsAnswer:
        return self.lookups[question.name]

    async def probe_ping(self, target: str, *, timeout: float) -> PingAnswer:
        return self.pings[target]


def probe_of(
    source: AlertSource,
    http: Asker,
    sink: Sink,
    clock: Clock,
    timeout: float = 5.0,
    credentials: Credentials | None = None,
) -> SourceProbe:
    """Build the probe of a polled source."""
    made = source_probe(
        source, timeout, http=http, credentials=credentials or NO_SECRETS, hear=lambda _name: None,
        sink=sink, clock=clock,
    )  # fmt: skip
    assert isinstance(made, SourceProbe)
    return made
