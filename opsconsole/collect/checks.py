"""Puts one check's question and judges the answer: a refused port is down, our own trouble is unknown."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.collect.check_env import CheckEnv, Latencies, of_http, of_plugin, of_probe
from opsconsole.collect.sink import Sink
from opsconsole.errors import QueryError
from opsconsole.model.inventory import Check, Host
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import ServiceState, state_rank
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.parsers.perfdata import parse_plugin_output
from opsconsole.query.assertion import Assertions, judge_all, read_assertions
from opsconsole.query.contexts import CHECKS
from opsconsole.query.values import Value
from opsconsole.transport.base import Command, Ending, Remote
from opsconsole.transport.http import Endpoint, HttpAnswer, HttpFault, ProbeAnswer

OUTPUT_LIMIT: Final = 64 * 1024
_OK_STATUS: Final = range(200, 400)
_PLUGIN_STATES: Final = {
    0: ServiceState.UP,
    1: ServiceState.DEGRADED,
    2: ServiceState.DOWN,
}
"""Nagios exit codes; anything else is unknown."""
_OURS: Final = (HttpFault.BUSY,)
"""Faults that say nothing about the target."""


class Asker(Protocol):
    """The part of the HTTP client that checks need."""

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask once."""
        ...

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Connect and hang up."""
        ...

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        """Shake hands and hang up."""
        ...


class Judged(Struct, frozen=True):
    """What one answer says of the check's target."""

    state: ServiceState
    reason: str = ""
    took: float = 0.0
    phases: Mapping[str, float] = {}
    metrics: Mapping[str, float] = {}
    detail: str = ""


class CheckProbe:
    """One check, asked again and again; asks faster while it fails and is not certain yet."""

    def __init__(
        self,
        check: Check,
        timeout: float,
        *,
        http: Asker,
        remote: Remote,
        where: Callable[[], Host | None],
        reveal: Callable[[str], str],
        sink: Sink,
        clock: Clock,
    ) -> None:
        self._check = check
        self._timeout = timeout
        self._http = http
        self._remote = remote
        self._where = where
        self._reveal = reveal
        self._sink = sink
        self._clock = clock
        self._latencies = Latencies()
        self._bad = 0
        self._assertions: Assertions | None = None

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"check:{self._check.name}"

    async def poll(self) -> float | None:
        """Ask once; put a result in every case."""
        began = self._clock.monotonic()
        try:
            judged = await self._ask()
        except QueryError as error:
            judged = Judged(ServiceState.UNKNOWN, f"its assertion cannot be read: {error}")
        took = judged.took or self._clock.monotonic() - began
        self._put(judged, took)
        return self._next(judged.state)

    def crashed(self, error: Exception) -> None:
        """Put an unknown result."""
        late = isinstance(error, TimeoutError)
        text = "console busy: no turn in time" if late else f"opsconsole failed: {error}"
        self._put(Judged(ServiceState.UNKNOWN, text), 0.0)

    def _put(self, judged: Judged, took: float) -> None:
        self._sink.put_result(
            CheckResult(
                self._check.name, self._clock.now(), took, judged.state,
                clean(judged.reason, LABEL_LIMIT), judged.phases, judged.metrics,
                clean(judged.detail, multiline=True),
            )
        )  # fmt: skip

    def _next(self, state: ServiceState) -> float | None:
        """Tell when to ask again: soon, while failures are fewer than make it certain."""
        self._bad = 0 if state is ServiceState.UP else self._bad + 1
        soft = 0 < self._bad < self._check.fails
        return min(self._check.retry, self._check.every) if soft else None

    async def _ask(self) -> Judged:
        check = self._check
        match check.kind:
            case "http":
                return self._of_http(await self._http.fetch(self._endpoint()))
            case "tcp":
                return self._of_probe(
                    await self._http.probe_tcp(check.target, timeout=self._timeout)
                )
            case "tls":
                return self._of_probe(
                    await self._http.probe_tls(check.target, timeout=self._timeout, ca=check.ca)
                )
            case "exec":
                return await self._of_exec()
            case other:
                return Judged(ServiceState.UNKNOWN, f"no such kind of check: {other}")

    def _endpoint(self) -> Endpoint:
        check = self._check
        headers = {name: self._reveal(value) for name, value in check.headers.items()}
        return Endpoint(check.target, check.method, headers, timeout=self._timeout, ca=check.ca)

    def _of_http(self, answer: HttpAnswer) -> Judged:
        if answer.fault is not None:
            return self._of_fault(answer)
        now = self._clock.now()
        state, reason = self._judge(of_http(answer, now), now, answer.took)
        if not self._check.must and answer.status not in _OK_STATUS:
            state, reason = ServiceState.DOWN, f"status {answer.status}"
        if answer.redirect and state is not ServiceState.UP:
            reason = f"{reason}; redirects to {answer.redirect}"
        return Judged(state, reason, answer.took, answer.phases, _metrics(answer, now))

    def _of_probe(self, answer: ProbeAnswer) -> Judged:
        if answer.fault is not None:
            return self._of_fault(answer)
        now = self._clock.now()
        state, reason = self._judge(of_probe(answer, now), now, answer.took)
        return Judged(state, reason, answer.took, answer.phases, _metrics(answer, now))

    def _of_fault(self, answer: HttpAnswer | ProbeAnswer) -> Judged:
        state = ServiceState.UNKNOWN if answer.fault in _OURS else ServiceState.DOWN
        metrics = _metrics(answer, self._clock.now())
        metrics.pop("check.latency", None)
        return Judged(state, answer.reason, answer.took, answer.phases, metrics)

    async def _of_exec(self) -> Judged:
        host = self._where()
        if host is None:
            return Judged(ServiceState.UNKNOWN, f"no host {self._check.via} to run it on")
        command = Command(argv=self._check.argv, timeout=self._timeout, max_output=OUTPUT_LIMIT)
        answer = await self._remote.run(host, command)
        if answer.ending is not Ending.EXITED:
            return Judged(ServiceState.UNKNOWN, answer.reason, answer.took)
        output = parse_plugin_output(answer.stdout)
        state = _PLUGIN_STATES.get(answer.code, ServiceState.UNKNOWN)
        reason = (
            "" if state is ServiceState.UP else _said(output.summary, answer.stderr, answer.code)
        )
        text = answer.stdout.decode("utf-8", errors="replace")
        now = self._clock.now()
        wanted, why = self._judge(of_plugin(answer, output, text), now, answer.took)
        if state_rank(wanted) < state_rank(state):
            state, reason = wanted, why
        metrics = {"check.latency": answer.took}
        metrics.update({f"perf.{label}": value for label, value in output.values.items()})
        return Judged(state, reason, answer.took, {}, metrics, f"{output.summary}\n{output.detail}")

    def _judge(
        self, values: Mapping[str, Value], now: float, latency: float
    ) -> tuple[ServiceState, str]:
        self._latencies.add(now, latency)
        if self._assertions is None:
            self._assertions = read_assertions(
                self._check.must, self._check.should, CHECKS[self._check.kind]
            )
        return judge_all(self._assertions, CheckEnv(values, self._latencies, now))


def _metrics(answer: HttpAnswer | ProbeAnswer, now: float) -> dict[str, float]:
    metrics = {"check.latency": answer.took}
    if answer.cert_expires_at is not None:
        metrics["cert.expires_in"] = answer.cert_expires_at - now
    return metrics


def _said(summary: str, stderr: bytes, code: int) -> str:
    return summary or clean(stderr.strip()[:200]) or f"exit {code}"
