"""Puts one check's question and judges the answer: a refused port is down, our own trouble is unknown."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from opsconsole.clock import Clock
from opsconsole.collect.answers import (
    Shown,
    show_dns,
    show_http,
    show_ping,
    show_plugin,
    show_probe,
    show_prom,
)
from opsconsole.collect.asker import Asker
from opsconsole.collect.check_env import CheckEnv, Trail
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.heartbeats import Heartbeats
from opsconsole.collect.prom_answer import PromAnswer, query_endpoint, read_query
from opsconsole.collect.sink import Sink
from opsconsole.collect.via import ViaAsker
from opsconsole.errors import QueryError
from opsconsole.model.inventory import AlertSource, Check, Host
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import ServiceState, state_rank
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.query.assertion import Assertions, judge_all, read_assertions
from opsconsole.query.check_contexts import CHECKS
from opsconsole.transport.base import Command, Remote
from opsconsole.transport.http_answer import DnsQuestion, Endpoint, HttpFault, PingAnswer

OUTPUT_LIMIT: Final = 64 * 1024
HERE: Final = Host("localhost", "127.0.0.1", transport="local")
"""The machine of the engine."""


@dataclass(frozen=True)
class Ways:
    """Everything that checks ask with."""

    http: Asker
    remote: Remote
    credentials: Credentials
    heartbeats: Heartbeats
    host: Callable[[str], Host | None]
    """Finds a host by name, for `via`."""
    source: Callable[[str], AlertSource | None]
    """Finds an alert source by name, for `prom`."""
    plugin: Callable[[Check], Awaitable[Shown]] | None = None
    """Asks a plugin's check."""


class CheckProbe:
    """One check, asked again and again; asks faster while it fails and is not certain yet."""

    def __init__(
        self, check: Check, timeout: float, ways: Ways, *, sink: Sink, clock: Clock
    ) -> None:
        self._check = check
        self._timeout = timeout
        self._ways = ways
        self._sink = sink
        self._clock = clock
        self._trail = Trail()
        self._bad = 0
        self._assertions: Assertions | None = None

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"check:{self._check.name}"

    async def poll(self) -> float | None:
        """Ask once; put a result in every case."""
        began = self._clock.monotonic()
        shown = await self._ask()
        try:
            state, reason = self._judge(shown)
        except QueryError as error:
            state, reason = ServiceState.UNKNOWN, f"its assertion cannot be read: {error}"
        self._put(shown, state, reason, shown.took or self._clock.monotonic() - began)
        return self._next(state)

    def crashed(self, error: Exception) -> None:
        """Put an unknown result."""
        late = isinstance(error, TimeoutError)
        text = "console busy: no turn in time" if late else f"opsconsole failed: {error}"
        self._put(Shown(ServiceState.UNKNOWN), ServiceState.UNKNOWN, text, 0.0)

    def _put(self, shown: Shown, state: ServiceState, reason: str, took: float) -> None:
        self._sink.put_result(
            CheckResult(
                self._check.name, self._clock.now(), took, state, clean(reason, LABEL_LIMIT),
                shown.phases, shown.metrics, clean(shown.detail, multiline=True),
            )
        )  # fmt: skip

    def _next(self, state: ServiceState) -> float | None:
        """Tell when to ask again: soon, while failures are fewer than make it certain."""
        self._bad = 0 if state is ServiceState.UP else self._bad + 1
        soft = 0 < self._bad < self._check.fails
        return min(self._check.retry, self._check.every) if soft else None

    async def _ask(self) -> Shown:
        check = self._check
        if check.kind == "heartbeat":
            return self._ways.heartbeats.show(check.name, check.span)
        if check.kind == "plugin":
            return await self._plugin()
        if check.kind == "prom":
            return show_prom(await self._prom())
        via = HERE if check.via is None else self._ways.host(check.via)
        if via is None:
            return Shown(ServiceState.UNKNOWN, f"no host {check.via} to ask from")
        if check.kind == "exec":
            command = Command(
                argv=check.argv, timeout=self._timeout, max_output=OUTPUT_LIMIT, bare=True
            )
            return show_plugin(await self._ways.remote.run(via, command))
        ask = self._ways.http if check.via is None else ViaAsker(self._ways.remote, via)
        return await self._probe(ask)

    async def _plugin(self) -> Shown:
        if self._ways.plugin is None:
            return Shown(ServiceState.UNKNOWN, "this engine has no plugins")
        return await self._ways.plugin(self._check)

    async def _probe(self, ask: Asker) -> Shown:
        target, timeout, now = self._check.target, self._timeout, self._clock.now
        match self._check.kind:
            case "http":
                return show_http(await ask.fetch(await self._endpoint()), now())
            case "tcp":
                return show_probe(await ask.probe_tcp(target, timeout=timeout), now())
            case "tls":
                ca = self._check.ca
                return show_probe(await ask.probe_tls(target, timeout=timeout, ca=ca), now())
            case "ssh":
                return show_probe(await ask.probe_ssh(target, timeout=timeout), now())
            case "dns":
                question = DnsQuestion(target, self._check.record, self._check.server)
                return show_dns(await ask.probe_dns(question, timeout=timeout))
            case "icmp":
                return show_ping(await self._ping(ask))
            case other:
                return Shown(ServiceState.UNKNOWN, f"no such kind of check: {other}")

    async def _endpoint(self) -> Endpoint:
        check = self._check
        hidden = await self._ways.credentials.hidden(check.headers)
        return Endpoint(
            check.target, check.method, timeout=self._timeout, ca=check.ca, cert=check.cert,
            key=check.key, hidden=hidden,
        )  # fmt: skip

    async def _ping(self, ask: Asker) -> PingAnswer:
        """Ping by a socket of ours; where we may not have one, by the system's `ping`, which may."""
        target = self._check.target
        answer = await ask.probe_ping(target, timeout=self._timeout)
        if answer.fault is HttpFault.NOT_ALLOWED and self._check.via is None:
            here = ViaAsker(self._ways.remote, HERE)
            return await here.probe_ping(target, timeout=self._timeout)
        return answer

    async def _prom(self) -> PromAnswer:
        """Ask the source's members in turn until one answers."""
        source = self._ways.source(self._check.source)
        if source is None or not source.urls:
            return PromAnswer(reason=f"no alert source {self._check.source} to ask")
        hidden = await self._ways.credentials.of_source(source)
        found = PromAnswer()
        for url in source.urls:
            endpoint = Endpoint(
                url, timeout=self._timeout / len(source.urls), ca=source.ca, cert=source.cert,
                key=source.key, hidden=hidden,
            )  # fmt: skip
            reply = await self._ways.http.fetch(query_endpoint(endpoint, self._check.target))
            found = read_query(reply)
            if not found.reason:
                break
        return found

    def _judge(self, shown: Shown) -> tuple[ServiceState, str]:
        """Hold what was shown against what must and should be."""
        if shown.values is None:
            return shown.state, shown.reason
        check, now = self._check, self._clock.now()
        self._trail.add(now, shown.values)
        if self._assertions is None:
            self._assertions = read_assertions(check.must, check.should, CHECKS[check.kind])
        state, reason = judge_all(self._assertions, CheckEnv(shown.values, self._trail, now))
        counts = shown.floor or not check.must
        if counts and state_rank(shown.state) <= state_rank(state) and shown.reason:
            state, reason = shown.state, shown.reason
        if shown.note and state is not ServiceState.UP:
            reason = f"{reason}; {shown.note}"
        return state, reason
