"""What an answer shows: the names its assertions ask for, and what it means where none of them decides."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.collect.prom_answer import PromAnswer
from opsconsole.model.states import ServiceState
from opsconsole.model.text import clean
from opsconsole.parsers.perfdata import parse_plugin_output
from opsconsole.query.values import Value
from opsconsole.transport.base import Answer, Ending
from opsconsole.transport.http_answer import (
    CertFacts,
    DnsAnswer,
    HttpAnswer,
    HttpFault,
    PingAnswer,
    ProbeAnswer,
)

_OK_STATUS: Final = range(200, 400)
_PLUGIN_STATES: Final = {
    0: ServiceState.UP,
    1: ServiceState.DEGRADED,
    2: ServiceState.DOWN,
}
"""Nagios exit codes; anything else is unknown."""
_OURS: Final = (
    HttpFault.BUSY, HttpFault.NO_TOOL, HttpFault.NOT_ALLOWED, HttpFault.VIA_DOWN,
)  # fmt: skip
"""Faults that say nothing about the target."""


class Shown(Struct, frozen=True):
    """One answer, not yet held against the check's assertions."""

    state: ServiceState
    """What it means by itself: the verdict where there is no `must`."""
    reason: str = ""
    values: Mapping[str, Value] | None = None
    """By name; None: there is nothing to assert about, and the state stands."""
    floor: bool = False
    """True: the state stands beside every `must`; the worse of both counts."""
    note: str = ""
    """Put behind the reason when it is not well."""
    took: float = 0.0
    phases: Mapping[str, float] = {}
    metrics: Mapping[str, float] = {}
    detail: str = ""


def show_http(answer: HttpAnswer, now: float) -> Shown:
    """Read an HTTP reply: without a `must` its status decides."""
    if answer.fault is not None:
        return _of_fault(answer, now)
    values: dict[str, Value] = {
        "status": answer.status,
        "size": len(answer.body),
        "body": answer.body.decode("utf-8", errors="replace"),
        **{f"headers.{name}": value for name, value in answer.headers.items()},
        **_of_connection(answer, now),
    }
    good = answer.status in _OK_STATUS
    return Shown(
        ServiceState.UP if good else ServiceState.DOWN,
        "" if good else f"status {answer.status}",
        values,
        note=f"redirects to {answer.redirect}" if answer.redirect else "",
        took=answer.took,
        phases=answer.phases,
        metrics=_metrics(answer, now),
    )


def show_probe(answer: ProbeAnswer, now: float) -> Shown:
    """Read a bare connection: that it was made is good."""
    if answer.fault is not None:
        return _of_fault(answer, now)
    values = _of_connection(answer, now)
    if answer.banner:
        values["banner"] = answer.banner
        values["software"] = answer.banner.split("-", 2)[-1]
    return Shown(
        ServiceState.UP, values=values, took=answer.took, phases=answer.phases,
        metrics=_metrics(answer, now), detail=answer.banner,
    )  # fmt: skip


def show_dns(answer: DnsAnswer) -> Shown:
    """Read a name server's answer: NOERROR with a value is good."""
    if answer.fault is not None:
        return Shown(_fault_state(answer.fault), answer.reason, took=answer.took)
    good = answer.rcode == "NOERROR" and bool(answer.answers)
    reason = "no such record" if answer.rcode == "NOERROR" else answer.rcode
    values: dict[str, Value] = {
        "rcode": answer.rcode,
        "answers": answer.answers,
        "server": answer.server,
        "latency": answer.took,
    }
    metrics = {"check.latency": answer.took}
    if answer.ttl is not None:
        values["ttl"] = metrics["dns.ttl"] = answer.ttl
    return Shown(
        ServiceState.UP if good else ServiceState.DOWN, "" if good else reason, values,
        took=answer.took, metrics=metrics, detail="\n".join(answer.answers),
    )  # fmt: skip


def show_ping(answer: PingAnswer) -> Shown:
    """Read echoes: one that came back is good."""
    if answer.fault is not None:
        return Shown(_fault_state(answer.fault), answer.reason, took=answer.took)
    values: dict[str, Value] = {"loss": answer.loss, "connected": answer.received > 0}
    metrics = {"icmp.loss": answer.loss}
    if answer.rtt is not None:
        values["rtt"] = values["latency"] = metrics["check.latency"] = answer.rtt
        values["rtt_max"] = answer.rtt_max
    good = answer.received > 0
    reason = "" if good else f"none of {answer.sent} echoes came back"
    return Shown(
        ServiceState.UP if good else ServiceState.DOWN, reason, values,
        took=answer.rtt or 0.0, metrics=metrics,
    )  # fmt: skip


def show_prom(answer: PromAnswer) -> Shown:
    """Read an instant query's result: that there is a series is good; what it is worth is for a `must`."""
    if answer.reason:
        return Shown(ServiceState.UNKNOWN, answer.reason, took=answer.took)
    values: dict[str, Value] = {
        "series": len(answer.values),
        "values": answer.values,
        "latency": answer.took,
        **{f"labels.{name}": value for name, value in answer.labels.items()},
    }
    metrics = {"check.latency": answer.took, "prom.series": float(len(answer.values))}
    if answer.values:
        values["value"] = metrics["prom.value"] = answer.values[0]
    good = bool(answer.values)
    return Shown(
        ServiceState.UP if good else ServiceState.DOWN, "" if good else "no series", values,
        took=answer.took, metrics=metrics, note=answer.warning,
    )  # fmt: skip


def show_plugin(answer: Answer) -> Shown:
    """Read a command's end as Nagios does; no `must` makes it better."""
    if answer.ending is not Ending.EXITED:
        return Shown(ServiceState.UNKNOWN, answer.reason, took=answer.took)
    output = parse_plugin_output(answer.stdout)
    state = _PLUGIN_STATES.get(answer.code, ServiceState.UNKNOWN)
    said = output.summary or clean(answer.stderr.strip()[:200]) or f"exit {answer.code}"
    perf = {f"perf.{label}": value for label, value in output.values.items()}
    text = answer.stdout.decode("utf-8", errors="replace")
    values: dict[str, Value] = {"code": answer.code, "latency": answer.took, "output": text, **perf}
    return Shown(
        state, "" if state is ServiceState.UP else said, values, floor=True, took=answer.took,
        metrics={"check.latency": answer.took, **perf},
        detail=f"{output.summary}\n{output.detail}",
    )  # fmt: skip


def _of_fault(answer: HttpAnswer | ProbeAnswer, now: float) -> Shown:
    metrics = _metrics(answer, now)
    metrics.pop("check.latency", None)
    return Shown(
        _fault_state(answer.fault), answer.reason, took=answer.took, phases=answer.phases,
        metrics=metrics,
    )  # fmt: skip


def _fault_state(fault: HttpFault | None) -> ServiceState:
    return ServiceState.UNKNOWN if fault in _OURS else ServiceState.DOWN


def _of_connection(answer: HttpAnswer | ProbeAnswer, now: float) -> dict[str, Value]:
    values: dict[str, Value] = {f"phases.{name}": took for name, took in answer.phases.items()}
    values |= {"connected": True, "latency": answer.took, "ip": answer.ip or None}
    if answer.cert_expires_at is not None:
        values["cert.expires_in"] = answer.cert_expires_at - now
    return values | (_of_chain(answer.cert, now) if answer.cert is not None else {})


def _of_chain(cert: CertFacts, now: float) -> dict[str, Value]:
    return {
        "cert.chain_expires_in": cert.chain_expires_at - now,
        "cert.issuer": cert.issuer,
        "cert.san": cert.san,
    }


def _metrics(answer: HttpAnswer | ProbeAnswer, now: float) -> dict[str, float]:
    metrics = {"check.latency": answer.took}
    if answer.cert_expires_at is not None:
        metrics["cert.expires_in"] = answer.cert_expires_at - now
    if answer.cert is not None:
        metrics["cert.chain_expires_in"] = answer.cert.chain_expires_at - now
    return metrics
