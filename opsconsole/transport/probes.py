"""Bare TCP and TLS connections: who answers, how fast, and until when its certificate holds."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.transport.certificates import expires_at, facts_of, unchecked_context
from opsconsole.transport.http_answer import CertFacts, HttpFault, ProbeAnswer
from opsconsole.transport.http_faults import Fault, judge
from opsconsole.transport.http_phases import Phases
from opsconsole.transport.resolver import ADDRESSES_TRIED, Resolver
from opsconsole.transport.wire import open_socket


async def probe(
    clock: Clock,
    resolver: Resolver,
    target: str,
    timeout: float,
    context: ssl.SSLContext | None,
    name: str | None,
) -> ProbeAnswer:
    """Connect to `host:port`, with TLS if there is a context; every failure is an answer.

    Args:
        clock: For the phases.
        resolver: For the name.
        target: `host:port`; an IPv6 address stands in brackets.
        timeout: Seconds for all of it.
        context: Checks the certificate; None: no TLS.
        name: What the certificate must be for; None: the host.
    """
    phases = Phases(clock)
    host, port = split_target(target)
    facts: CertFacts | None = None
    ip, expiry = "", None
    fault: Fault | None = None
    try:
        async with asyncio.timeout(timeout):
            phases.begin("dns")
            addresses = await resolver.resolve(host)
            phases.end("dns")
            ip, facts = await _connect(addresses, port, context, name or host, phases)
    except TransportError as error:
        fault = Fault(HttpFault.DNS, error.reason)
    except (OSError, ValueError) as error:
        fault = judge(error, timeout, phases.name)
        left = timeout - phases.took
        if fault.is_certificate and left > 0:
            expiry = await look_at_certificate(resolver, host, port, left)
    return ProbeAnswer(
        phases=phases.seconds(),
        took=phases.took,
        cert_expires_at=facts.expires_at if facts else expiry,
        cert=facts,
        ip=ip,
        fault=fault.word if fault else None,
        reason=fault.reason if fault else "",
    )


async def _connect(
    addresses: Sequence[str], port: int, context: ssl.SSLContext | None, name: str, phases: Phases
) -> tuple[str, CertFacts | None]:
    phases.begin("connect")
    sock = await first_answer(addresses, port)
    phases.end("connect")
    ip = str(sock.getpeername()[0])
    if context is None:
        sock.close()
        return ip, None
    phases.begin("tls")
    transport, _ = await asyncio.get_running_loop().create_connection(
        asyncio.Protocol, sock=sock, ssl=context, server_hostname=name
    )
    phases.end("tls")
    facts = facts_of(transport)
    transport.abort()
    return ip, facts


async def first_answer(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to the first of the addresses that lets us.

    Raises:
        OSError: None does.
    """
    *others, last = addresses[:ADDRESSES_TRIED]
    for address in others:
        with contextlib.suppress(OSError):
            return await open_socket(address, port)
    return await open_socket(last, port)


async def look_at_certificate(
    resolver: Resolver, host: str, port: int, budget: float
) -> float | None:
    """Read the end of a certificate that we do not trust; None when it cannot be had."""
    try:
        async with asyncio.timeout(budget):
            sock = await first_answer(await resolver.resolve(host), port)
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, sock=sock, ssl=unchecked_context(), server_hostname=host
            )
    except (OSError, ValueError, TransportError):
        return None
    expiry = expires_at(transport)
    transport.abort()
    return expiry


def split_target(target: str) -> tuple[str, int]:
    """Take `host:port` or `[v6]:port` apart.

    Raises:
        ValueError: There is no port.
    """
    host, _, port = target.rpartition(":")
    return host.strip("[]"), int(port)
