"""What a check's assertions can ask about: names to values for one answer, and the latencies before it."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.perfdata import PluginOutput
from opsconsole.query.values import Value
from opsconsole.transport.base import Answer
from opsconsole.transport.http import HttpAnswer, ProbeAnswer

_KEPT: Final = 720
"""Answers whose latency is remembered: six hours at the default interval."""


class Latencies:
    """The latencies of a check's answers, for `p95(latency, 10m)`."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def add(self, at: float, latency: float) -> None:
        """Remember one."""
        self._points.append((at, latency))

    def within(self, seconds: float, now: float) -> tuple[float, ...]:
        """Give those of the last seconds, oldest first."""
        return tuple(latency for at, latency in self._points if at >= now - seconds)


class CheckEnv:
    """The environment of one answer."""

    def __init__(self, values: Mapping[str, Value], latencies: Latencies, now: float) -> None:
        self._values = values
        self._latencies = latencies
        self._now = now

    def get(self, name: str, /) -> Value:
        """Give a name's value; `latency@600` is the list of latencies of the last 600 seconds."""
        base, at, window = name.partition("@")
        if at and base == "latency":
            return self._latencies.within(float(window), self._now)
        return self._now if name == "now" else self._values.get(name)


def of_http(answer: HttpAnswer, now: float) -> Mapping[str, Value]:
    """Name what an HTTP reply holds."""
    values: dict[str, Value] = {
        "connected": True,
        "status": answer.status,
        "latency": answer.took,
        "size": len(answer.body),
        "body": answer.body.decode("utf-8", errors="replace"),
    }
    values.update({f"headers.{name}": value for name, value in answer.headers.items()})
    return values | _of_connection(answer, now)


def of_probe(answer: ProbeAnswer, now: float) -> Mapping[str, Value]:
    """Name what a bare TCP or TLS connection holds."""
    return {"connected": True, "latency": answer.took} | _of_connection(answer, now)


def of_plugin(answer: Answer, output: PluginOutput, text: str) -> Mapping[str, Value]:
    """Name what a command that ended holds."""
    values: dict[str, Value] = {"code": answer.code, "latency": answer.took, "output": text}
    values.update({f"perf.{label}": value for label, value in output.values.items()})
    return values


def _of_connection(answer: HttpAnswer | ProbeAnswer, now: float) -> dict[str, Value]:
    values: dict[str, Value] = {f"phases.{name}": took for name, took in answer.phases.items()}
    if answer.cert_expires_at is not None:
        values["cert.expires_in"] = answer.cert_expires_at - now
    return values
