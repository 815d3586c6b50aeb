"""The certificate that each backend of a service shows for its name: how long it lasts, and whether all agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from opsconsole.actions.api import Certificate, Ctx, Duration, Outcome, Param, Plugin, Service

plugin = Plugin("core")

DAY = 86_400.0


class Endpoint(NamedTuple):
    """Where to connect, and which name to ask for."""

    address: str
    port: int
    name: str


@dataclass(frozen=True)
class Params:
    """What is still fine."""

    within: Duration = Param("21d", title="Warn when it ends within", min="1d", max="365d")


@plugin.action(
    "tls-check",
    title="Certificates of every backend",
    scope="service",
    effect="read",
    idempotent=True,
    match='alert.name in ["CertExpiry", "CertificateExpiry"] or service or host',
    needs=["tls"],
    timeout="60s",
    keys="e",
    output="table",
)
async def tls_check(ctx: Ctx, service: Service, p: Params) -> Outcome:
    """Connect to the endpoint and to each host behind it, and compare the leaves."""
    endpoints = list(dict.fromkeys(_endpoints(service)))
    if not endpoints:
        return Outcome.unchanged("no check of this service speaks TLS")
    shown = []
    for number, endpoint in enumerate(endpoints, 1):
        ctx.progress(number, len(endpoints), f"{endpoint.address}:{endpoint.port}")
        shown.append(await ctx.tls(*endpoint))
    ctx.table(
        [_row(certificate, ctx.now) for certificate in shown],
        ("BACKEND", "FOR", "ENDS IN", "ISSUER", "LEAF", "FAULT"),
    )
    return _judge(shown, ctx, p.within)


def _endpoints(service: Service) -> Iterator[Endpoint]:
    for target in service.endpoints:
        endpoint = _endpoint(target)
        if endpoint is not None:
            yield endpoint
            for host in service.hosts:
                yield Endpoint(host.address or host.name, endpoint.port, endpoint.name)


def _endpoint(target: str) -> Endpoint | None:
    if target.startswith("http:"):
        return None
    parts = urlsplit(target if "://" in target else f"tls://{target}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else None)
    except ValueError:
        return None
    if not parts.hostname or port is None:
        return None
    return Endpoint(parts.hostname, port, parts.hostname)


def _row(shown: Certificate, now: float) -> Sequence[str]:
    days = f"{(shown.not_after - now) / DAY:.0f}d" if shown.not_after else "-"
    backend = f"{shown.address}:{shown.port}"
    return backend, shown.server_name, days, shown.issuer, shown.fingerprint[:16], shown.reason


def _judge(shown: Sequence[Certificate], ctx: Ctx, within: float) -> Outcome:
    bad = [each for each in shown if each.reason or not each.trusted]
    if bad:
        first = bad[0]
        why = first.reason or "not trusted"
        return Outcome.failed(f"{len(bad)} of {len(shown)}: {first.address}:{first.port}: {why}")
    soonest = min(shown, key=lambda each: each.not_after)
    left = soonest.not_after - ctx.now
    leaves = len({(each.server_name, each.fingerprint) for each in shown})
    names = len({each.server_name for each in shown})
    if leaves > names:
        ctx.log.warning("the backends do not show the same certificate")
    if left < within:
        ctx.log.warning(f"ends in {left / DAY:.0f} days on {soonest.address}:{soonest.port}")
        return Outcome.failed(f"ends in {left / DAY:.0f} days")
    return Outcome.unchanged(f"{len(shown)} backends, the first ends in {left / DAY:.0f} days")
