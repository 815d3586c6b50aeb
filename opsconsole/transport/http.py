"""Ask endpoints and ports, each within one total time and one byte cap; every failure is an answer."""

import asyncio
import ssl
from typing import TYPE_CHECKING

from opsconsole.clock import Clock
from opsconsole.transport import dns_probe, ping_probe, probes, ssh_probe
from opsconsole.transport.certificates import context_for
from opsconsole.transport.http_answer import (
    DnsAnswer,
    DnsQuestion,
    Endpoint,
    HttpAnswer,
    HttpFault,
    PingAnswer,
    ProbeAnswer,
)
from opsconsole.transport.http_faults import judge
from opsconsole.transport.resolver import Resolver

if TYPE_CHECKING:
    from opsconsole.transport.http_exchange import Exchanges, Trust

__all__ = ["Endpoint", "HttpAnswer", "HttpClient", "HttpFault", "ProbeAnswer"]


class HttpClient:
    """Asks endpoints and ports; the HTTP library is loaded for the first endpoint, for it takes 50 ms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resolver = Resolver(clock)
        self._exchanges: Exchanges | None = None
        self._contexts: dict[Trust, ssl.SSLContext] = {}
        self._loading = asyncio.Lock()

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask once; redirects are shown and not followed, encodings other than identity refused."""
        if self._exchanges is None:
            await self._load()
        assert self._exchanges is not None
        return await self._exchanges.fetch(endpoint)

    async def _load(self) -> None:
        async with self._loading:
            if self._exchanges is None:
                made = await asyncio.to_thread(_exchanges)
                self._exchanges = made(self._clock, self._resolver, self._context)

    async def _context(self, trust: "Trust") -> ssl.SSLContext:
        async with self._loading:
            if trust not in self._contexts:
                try:
                    # reading the system's authorities takes tens of milliseconds
                    self._contexts[trust] = await asyncio.to_thread(context_for, *trust)
                except OSError as error:
                    files = ", ".join(name for name in trust if name)
                    what = "CA file" if trust[1] is None else "one of the files"
                    raise ssl.SSLError(f"{what} {files}: {error.strerror or error}") from None
            return self._contexts[trust]

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Connect to `host:port` and hang up."""
        return await probes.probe(self._clock, self._resolver, target, timeout, None, None)

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        """Shake hands with `host:port`, check the certificate for `name` (default: the host) and hang up.

        A certificate that is refused still tells its expiry.
        """
        try:
            context = await self._context((ca, None, None))
        except ssl.SSLError as error:
            fault = judge(error, timeout, "tls")
            return ProbeAnswer(fault=HttpFault.TLS, reason=fault.reason)
        return await probes.probe(self._clock, self._resolver, target, timeout, context, name)

    async def probe_ssh(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Connect to `host:port`, read what an SSH server says first, and hang up."""
        return await ssh_probe.probe_ssh(self._clock, self._resolver, target, timeout)

    async def probe_dns(self, question: DnsQuestion, *, timeout: float) -> DnsAnswer:
        """Ask a name server."""
        return await dns_probe.ask(self._clock, self._resolver, question, timeout)

    async def probe_ping(self, target: str, *, timeout: float) -> PingAnswer:
        """Send echo requests; `not-allowed` where this account has no ICMP socket."""
        return await ping_probe.ping(self._clock, self._resolver, target, timeout)

    async def close(self) -> None:
        """Close every kept connection."""
        if self._exchanges is not None:
            await self._exchanges.close()
        self._resolver.close()


def _exchanges() -> "type[Exchanges]":
    from opsconsole.transport.http_exchange import Exchanges

    return Exchanges
